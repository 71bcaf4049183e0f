"""The local executor: warm processes on the dispatcher's machine."""

from .executor import LocalExecutor

__all__ = ["LocalExecutor"]

EXECUTOR_PLUGIN_NAME = "LocalExecutor"
