"""The executor for Azure Batch. Light: Azure's libraries and obstore are imported when a task is sent.

::

    executor    the settings, and what they mean for a job
    settings    what each takes            options     what they become, as values
    clouds      Azure's several clouds     session     accounts, calls, and where blobs lie
    sign_in     credentials and clients    border      errors of Azure as ours
    checks      what must exist            pools       what is known of pools, and why they have no nodes
    names       ids of jobs and tasks      bodies      what is sent, as JSON
    jobs        few jobs for many groups   adding      tasks by the hundred
    ending      of tasks, groups and jobs  listing     tasks by the groups that they belong to
    service     the calls                  watch       what is asked beside tasks
    views       its answers as ours        logs        what tasks print
    reasons     why tasks fail and wait    stale       what can be deleted
"""

from .executor import AzureBatchExecutor

__all__ = ["AzureBatchExecutor"]

EXECUTOR_PLUGIN_NAME = "AzureBatchExecutor"
