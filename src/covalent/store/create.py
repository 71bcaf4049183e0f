"""Storing a new dispatch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..model import DispatchInfo, Graph
from ..states import Status
from .codec import DISPATCH_ITSELF, TEXT, clean, encode_graph, encode_names, encode_options
from .database import Session
from .history import Standing, append_events
from .reading import no_task


def create_dispatch(
    session: Session,
    info: DispatchInfo,
    graph: Graph,
    values: Mapping[str, bytes],
    owner: str,
    keepers: Collection[int],
    secrets: Mapping[str, bytes],
) -> bool:
    """See :meth:`.base.Store.create_dispatch`."""
    added = session.run(
        "add_dispatch",
        id=info.id,
        name=info.name,
        status=TEXT[info.status],
        created_at=info.created_at,
        started_at=info.started_at,
        parent_id=info.parent_id,
        parent_node=info.parent_node,
        root_id=info.root_id,
        redispatch_of=info.redispatch_of,
        reuse=int(info.reuse),
        owner=owner,
        tasks=len(graph.nodes),
        executors=encode_names(graph.executor_names()),
    )
    if not added:
        return False
    ((key,),) = session.all("dispatch_key", id=info.id)
    nothing = Standing(key=key, seq=0, counts={})
    session.run("introduce", owner=owner, at=info.created_at)
    session.run("add_graph", dispatch=key, body=encode_graph(graph))
    # In the order of their index, which is then built from one end to the other.
    session.run_rows("add_payloads", [(key, digest, values[digest]) for digest in sorted(values)])
    session.run_rows("add_object_refs", [(key, digest) for digest in sorted(graph.payloads() - values.keys())])
    executors = [executor.name for executor in graph.executors]
    tasks = [
        (key, node_id, clean(node.name), node.kind.value, executors[node.executor])
        for node_id, node in enumerate(graph.nodes)
    ]
    session.run_rows("add_tasks", tasks)
    keeping = [(number, graph.executors[number]) for number in sorted(keepers)]
    rows = [(key, number, clean(one.name), encode_options(one.options)) for number, one in keeping]
    session.run_rows("add_executors", rows)
    session.run_rows("add_secrets", [(key, secret_id, secrets[secret_id]) for secret_id in sorted(secrets)])
    if info.redispatch_of is not None:
        # What it has pickled of the earlier dispatch may refer to any of them.
        session.run("inherit_secrets", dispatch=key, earlier=info.redispatch_of)
    if info.reuse:
        session.run("borrow", dispatch=key, earlier=info.redispatch_of)
    created = (DISPATCH_ITSELF, 0, TEXT[info.status], info.created_at, "", "")
    append_events(session, nothing, [created], {Status.NEW_OBJECT: len(tasks)})
    return True


def set_child(session: Session, dispatch_id: str, node_id: int, child_id: str) -> None:
    """See :meth:`.base.Store.set_child`."""
    if not session.run("set_child", id=dispatch_id, node=node_id, child_id=child_id):
        raise no_task(dispatch_id, node_id)
