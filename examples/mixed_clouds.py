"""One workflow over this machine, AWS, Azure and Google Cloud: each estimates pi in its own way, and this machine compares them.

Each executor is named, no more: what 'covalent deploy up' wrote into the configuration says the rest. Values pass from one place to the
next by themselves. For a cloud that you have not set up, say so: 'python examples/mixed_clouds.py local awsbatch'.
"""

import math
import random
import sys

import covalent as ct

SAMPLES = 20_000


@ct.electron
def seeds(count):
    return [random.Random(7).randrange(2**32) + step for step in range(count)]


def estimate(seed, samples):
    rng = random.Random(seed)
    hits = sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(samples))
    print(f"{hits} of {samples}")
    return 4 * hits / samples


@ct.electron
def compare(estimates):
    return {place: round(value - math.pi, 3) for place, value in estimates.items()}


@ct.lattice
def everywhere(places, samples=SAMPLES):
    given = seeds(len(places))
    estimates = {place: ct.electron(estimate, executor=place)(given[i], samples) for i, place in enumerate(places)}
    return compare(estimates)


if __name__ == "__main__":
    places = sys.argv[1:] or ["local", "awsbatch", "azurebatch", "gcpbatch"]
    for place, off in ct.dispatch_sync(everywhere)(places).result.items():
        print(f"{place}: off by {off:+.3f}")
