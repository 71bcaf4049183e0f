"""Azure Batch alone, without the rest of the emulated Azure: prints its address, and serves until its input ends."""

from __future__ import annotations

import sys
from typing import Final

from covalent.emulator.azure.batch import HOLD_REASON, BatchApplication, BatchSettings, PoolSettings
from covalent.emulator.azure.refusal import RefusalError
from covalent.emulator.calls import Calls
from covalent.emulator.control import PREFIX, Control
from covalent.emulator.faults import Faults
from covalent.emulator.hosts import make_host
from covalent.emulator.http import Request, Response, listen

QUOTA: Final = 40

SETTINGS: Final = BatchSettings(
    account="covalent",
    active_jobs=QUOTA,
    pools=[
        PoolSettings(id="pool", nodes=4, identities=["client-of-pool"]),
        PoolSettings(id="wide", nodes=1, slots_per_node=4),
        PoolSettings(id="narrow", nodes=1),
        PoolSettings(id="Spot", nodes=0, spot_nodes=1),
        PoolSettings(id="empty", nodes=0),
        PoolSettings(id="without-containers", has_containers=False),
        PoolSettings(id="unresizable", nodes=2, resize_errors=["AllocationFailed: There is no room.", "Sorry"]),
        PoolSettings(id="unscalable", nodes=2, autoscale_error="InvalidFormula: It makes no sense."),
    ],
)


def authenticate(request: Request) -> str:
    if request.headers.get("authorization", "").startswith("SharedKey nobody:"):
        raise RefusalError("AuthenticationFailed", "Server failed to authenticate the request.")
    return "client"


def main(containers: str) -> None:
    host = make_host(containers)
    node_host = make_host("none") if containers != "none" else host
    faults, calls = Faults(hold_reason=HOLD_REASON), Calls()
    http = listen("127.0.0.1", 0)
    batch = BatchApplication(
        SETTINGS,
        host=host,
        node_host=node_host,
        faults=faults,
        calls=calls,
        authenticate=authenticate,
        variables=lambda pool: {"POOL_IDENTITIES": " ".join(pool.identities)},
    )
    control = Control(faults, calls)

    def answer(request: Request) -> Response | None:
        return control(request) if request.path.startswith(PREFIX) else batch(request)

    batch.start(http.address.url)
    http.start(answer)
    print(http.address.url, flush=True)
    sys.stdin.read()
    http.stop()
    batch.stop()
    for each in {id(host): host, id(node_host): node_host}.values():
        each.close()


if __name__ == "__main__":
    main(sys.argv[1])
