"""The executor for Google Batch. Light: Google's libraries and obstore are imported when a task is sent.

::

    executor    the settings, and what they mean for a job
    settings    what each takes            options     what they become, as values
    session     credentials and clients    border      errors of Google as ours
    checks      what must exist            jobs        a job, as Google Batch takes it
    service     the calls                  views       its answers as ours
    logs        what to ask Cloud Logging  reasons     why jobs fail and wait
"""

from .executor import GCPBatchExecutor

__all__ = ["GCPBatchExecutor"]

EXECUTOR_PLUGIN_NAME = "GCPBatchExecutor"
