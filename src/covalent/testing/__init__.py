"""For tests of workflows and of executors: clouds on this machine, faults on request, and the contract that executors keep.

::

    from covalent.testing import emulated_aws

    with emulated_aws(buckets=["my-bucket"]) as aws:
        aws.faults.lose_host()
        run_my_workflow(aws.environment)
        assert aws.calls().client["batch"]["SubmitJob"] == 1

With pytest, ``pytest_plugins = ["covalent.testing.fixtures"]`` brings the fixtures ``emulated_aws``, ``emulated_google`` and
``emulated_azure``.
"""

from __future__ import annotations

from .aws import EmulatedAWS, emulated_aws
from .azure import EmulatedAzure, emulated_azure
from .emulated import CallCounts, FaultControl
from .google import EmulatedGoogle, emulated_google

__all__ = [
    "CallCounts",
    "EmulatedAWS",
    "EmulatedAzure",
    "EmulatedGoogle",
    "FaultControl",
    "emulated_aws",
    "emulated_azure",
    "emulated_google",
]
