"""The loop that turns a store, a scheduler and executors into a durable workflow engine."""

from .service import Dispatcher

__all__ = ["Dispatcher"]
