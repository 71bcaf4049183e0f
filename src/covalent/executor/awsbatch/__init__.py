"""The executor for AWS Batch. Light: boto3 and obstore are imported when a task is sent.

::

    executor    the settings, and what they mean for a job
    options     that, as values            resources   sizes of containers
    session     credentials and clients    border      errors of AWS as ours
    checks      what must exist            definitions job definitions, by content
    service     the calls                  views       its answers as ours
    reasons     why jobs fail and wait     stale       what can be deleted
"""

from .executor import AWSBatchExecutor

__all__ = ["AWSBatchExecutor"]

EXECUTOR_PLUGIN_NAME = "AWSBatchExecutor"
