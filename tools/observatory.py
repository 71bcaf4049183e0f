"""The workflows that the pictures show."""

from __future__ import annotations

import sys
import time
from typing import Any

import covalent as ct


@ct.electron
def fetch_catalogue(year: int) -> list[str]:
    print(f"reading the catalogue of {year}")
    time.sleep(0.3)
    return [f"scene-{year}-{n:03}" for n in range(4)]


@ct.electron
def align(scene: str) -> str:
    for step in range(1, 6):
        print(f"{scene}: aligned {20 * step} %", flush=True)
        time.sleep(0.1)
    return scene


@ct.electron
def detect(scene: str, threshold: float) -> dict[str, float]:
    time.sleep(0.05 + (hash(scene) % 7) / 20)
    return {"threshold": threshold, "sources": float(len(scene))}


@ct.electron
def calibrate(found: list[Any]) -> dict[str, float]:
    time.sleep(0.5)
    return {"zero_point": 25.1, "scatter": 0.4 / len(found)}


@ct.electron
def light_curves(found: list[Any], calibration: dict[str, float]) -> list[float]:
    time.sleep(0.4)
    return [calibration["zero_point"]] * len(found)


@ct.electron
def report(curves: list[Any]) -> str:
    print("written report.html")
    return f"{len(curves)} light curves"


@ct.electron
@ct.lattice
def reduce_year(scenes: list[str]) -> Any:
    aligned = [align(scene) for scene in scenes]
    return calibrate([detect(scene, 3.5) for scene in aligned])


@ct.lattice
def survey(years: list[int], threshold: float) -> Any:
    """Find variable stars in the images of some years."""
    catalogues = [fetch_catalogue(year) for year in years]
    found = [detect(f"scene-{n}", threshold) for n in range(24)]
    reduced = [reduce_year(scenes) for scenes in catalogues]
    calibration = calibrate(found)
    curves = [light_curves(found, calibration), light_curves(reduced, calibration)]
    return report(curves)


@ct.electron
def read_spectrum(name: str) -> list[float]:
    print(f"reading {name}.fits")
    return [1.0, 0.0, 2.0]


@ct.electron
def normalise(spectrum: list[float], line: int) -> list[float]:
    print(f"dividing by the continuum at {line}", file=sys.stderr)
    return [value / spectrum[line] for value in spectrum]


@ct.electron
def fit(spectra: list[Any]) -> float:
    return 0.1 * len(spectra)


@ct.lattice
def redshifts(names: list[str]) -> Any:
    """Measure redshifts from spectra."""
    return fit([normalise(read_spectrum(name), number % 3) for number, name in enumerate(names)])


@ct.electron
def simulate(seed: int, seconds: float) -> int:
    for step in range(1, 1000):
        print(f"seed {seed}: step {step}", flush=True)
        time.sleep(seconds / 10)
        if step >= 10:
            break
    return seed


@ct.lattice
def n_body(seeds: int, seconds: float) -> Any:
    """Collide two galaxies, many times."""
    return report([simulate(seed, seconds) for seed in range(seeds)])
