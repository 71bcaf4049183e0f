"""What AWS tells on a later page: the first may be empty."""

from __future__ import annotations

from typing import Any

import pytest

from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.awsbatch.checks import Checks
from covalent.executor.awsbatch.definitions import Definitions, Roles
from covalent.executor.awsbatch.session import Clients

PAGES = ([], [1, 2], [3])


class Batch:
    """Its first revisions are without a priority."""

    def describe_job_definitions(self, nextToken: str = "0", **asked: Any) -> dict[str, Any]:
        at = int(nextToken)
        name = asked["jobDefinitionName"]
        found = [
            {
                "jobDefinitionName": name,
                "jobDefinitionArn": f"{name}:{revision}",
                "revision": revision,
                "status": "ACTIVE",
                "containerProperties": {"image": "i"},
                **({"schedulingPriority": 1} if revision == 3 else {}),
            }
            for revision in PAGES[at]
        ]
        return {"jobDefinitions": found, **({"nextToken": str(at + 1)} if at + 1 < len(PAGES) else {})}

    def close(self) -> None: ...


@pytest.fixture
def clients() -> Clients:
    return Clients({"batch": Batch()})


async def test_the_newest_revision_of_a_definition_of_ones_own_is_looked_at(clients):
    executor = AWSBatchExecutor(batch_queue="shared", share_identifier="mine", job_definition="many")
    await Checks(clients, "us-east-1").check_definition(executor.job_options())
    await clients.close()


async def test_a_definition_of_ours_is_found_on_whatever_page(clients):
    container = AWSBatchExecutor().job_options().container
    found = await Definitions(clients, "us-east-1").arn(container, ("python3",), "image", Roles(job="", execution=""))
    assert found.endswith(":3")
    await clients.close()
