"""Electrons, lattices, and how calls of the ones in the others become a graph. Nothing here does I/O but read the user's files."""

from .build import build
from .deps import DepsBash, DepsCall, DepsModule, DepsPip
from .handle import Electron
from .lattices import Lattice, lattice
from .tasks import Task, electron, wait

__all__ = [
    "DepsBash",
    "DepsCall",
    "DepsModule",
    "DepsPip",
    "Electron",
    "Lattice",
    "Task",
    "build",
    "electron",
    "lattice",
    "wait",
]
