"""Callables and values to bytes and back; graphs to messages and back.

Values are pickles. The user's own modules travel inside them (:mod:`.modules`), so that a worker needs no files of the user's. A pickle
may hold persistent references, the integers 0, 1, 2, …; what they stand for lies beside it. Graphs are MessagePack, checked on the
way in.
"""

from .classes import call_with_classes, travelling_state
from .codec import cycle_error, decode_submission, encode_submission, find_cycle
from .culprit import locate
from .pickler import Reduction, ValuePickler, call_with_modules, digest, dumps, install_modules, load, loads, same

__all__ = [
    "Reduction",
    "ValuePickler",
    "call_with_classes",
    "call_with_modules",
    "cycle_error",
    "decode_submission",
    "digest",
    "dumps",
    "encode_submission",
    "find_cycle",
    "install_modules",
    "load",
    "loads",
    "locate",
    "same",
    "travelling_state",
]
