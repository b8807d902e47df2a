"""notifyctl cluster."""

import time
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.commands.status import STATES
from notifyctl.completing import offers
from notifyctl.params import duration_option
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyctl.showing.rates import LEAST_SECONDS, NO_RATES, all_rated, elapsed, rated
from notifyctl.values.moments import spoken
from notifyctl.values.sizes import binary, decimal
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at the daemons that are one service, and have one go.")

#: How long a node is waited for that does not tell of itself anew; heartbeats are a second apart.
_PATIENCE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.25
#: Longer than a few heartbeats take, and than clocks that are kept right differ.
_STALE_SECONDS: Final = 5.0
_WHO = (
    Column("Name", "name", style="cyan"),
    Column("State", "state", style=STATES),
    Column("Version", "version"),
    Column("Connections", "connections"),
    Column("Subs", "subscriptions", spare=True),
)
_HOW = (
    Column("Memory", "residentBytes", human=binary),
    Column("Lag", "lagSeconds", human=lambda seconds: f"{seconds * 1000:.1f} ms"),
    Column("Up for", "uptimeSeconds", human=spoken),
    Column("ID", "id", spare=True),
    Column("Listens", "listeners", human=", ".join, spare=True),
)
_COUNTS = (
    Column("Accepted", "accepted", spare=True),
    Column("Deliveries", "deliveries"),
    Column("CPU time", "cpuSeconds", human=spoken),
)
_RATES = (
    Column("Accepted/s", "acceptedPerSecond", human=decimal, spare=True),
    Column("Deliveries/s", "deliveriesPerSecond", human=decimal),
    Column("CPU", "cpuShare", human="{:.0%}".format),
)
_LISTED = (*_WHO, *_COUNTS, *_HOW)
_RATED = (*_WHO, *_RATES, *_HOW)
_DRAINED = (
    Column("Node", "name"),
    Column("ID", "id"),
    Column("Connections", "connections"),
    Column("Listens", "listeners", human=", ".join),
)


@command(app, "list", example="notifyctl cluster list\nnotifyctl cluster list --rates -o json | jq '.[].cpuShare'")
def list_(
    run: Invocation,
    *,
    rates: Annotated[
        bool, typer.Option("--rates", "-r", help="Look twice, and tell what each does in a second.")
    ] = False,
) -> None:
    """List the live nodes: the daemons that share one Redis.

    Counts and processor time are since each node's start. With --rates they are measured over a second or a little
    more, between two of each node's heartbeats. Lag is how long the latest heartbeat took, there and back.
    """
    nodes = _measured(run) if rates else _looked(run)
    shown = nodes
    if run.output.form == "table" and not run.output.quiet:
        shown = [{**node, "name": f"{node['name']} (this one)"} if node["self"] else node for node in nodes]
    run.output.many(shown, _RATED if rates else _LISTED)
    _remark(run, nodes)


def _looked(run: Invocation) -> list[Record]:
    answer = run.daemon.call("ListNodes", pb.ListNodesRequest())
    nodes = [convert.record(node) for node in answer.nodes]
    # by the node's own clock, which may be another than ours
    return [{**node, "uptimeSeconds": elapsed(node["startedAt"], node["at"]), **NO_RATES} for node in nodes]


def _measured(run: Invocation) -> list[Record]:
    """The nodes with rates. They tell of themselves when they like: look until each has, within bounds."""
    before = _looked(run)
    until = time.monotonic() + _PATIENCE_SECONDS
    time.sleep(LEAST_SECONDS)
    while not all_rated(nodes := rated(before, _looked(run))) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return nodes


def _remark(run: Invocation, nodes: Sequence[Record]) -> None:
    """Say what an operator should know beside the figures."""
    here = next((node["at"] for node in nodes if node["self"]), None)
    for node in nodes:
        behind = elapsed(node["at"], here)
        if behind is not None and behind > _STALE_SECONDS:
            since = spoken(behind)
            run.output.note(f"What {node['name']} told is {since} old: Redis is away, or its clock is {since} behind.")
    by_version: dict[str, list[str]] = {}
    for node in nodes:
        by_version.setdefault(node["version"], []).append(node["name"])
    if len(by_version) > 1:
        each = "; ".join(f"{version}: {', '.join(names)}" for version, names in sorted(by_version.items()))
        run.output.note(f"The nodes run different versions. {each}.")
    if len(nodes) == 1 and not run.output.quiet:
        run.output.note("This daemon is alone. Those that share broker.url and broker.prefix are one service.")


@command(
    app,
    "drain",
    example="notifyctl cluster drain node-2 --yes\nnotifyctl cluster drain node-2 --over 1m --yes",
    changes=True,
    asks=True,
)
def drain(
    run: Invocation,
    node: Annotated[str, typer.Argument(metavar="NODE", help="Its name, or its id.", autocompletion=offers.node_names)],
    *,
    over: Annotated[
        float | None,
        duration_option("--over", help="How long closing the connections is spread over; its setting unless given."),
    ] = None,
) -> None:
    """Stop one node politely, from any other.

    It takes nothing more, finishes its batch, closes its connections with a word to come back, and ends;
    the others go on with what it had. It is listed until it has ended. Of a daemon with several workers, each of them a
    node, all go. The exit status is 3 when there is no such node.
    """
    deed = f"Draining and stopping the node {node}"
    if run.must_ask(deed):
        run.confirm(deed + _loss(run, node))
    answer = run.daemon.call("DrainNode", pb.DrainNodeRequest(node=node, seconds=over))
    run.output.one(convert.record(answer), _DRAINED, key="id")


def _loss(run: Invocation, name: str) -> str:
    """What the operator is asked to give up with the node."""
    nodes = run.daemon.call("ListNodes", pb.ListNodesRequest()).nodes
    connections = sum(node.connections for node in nodes if name in (node.id, node.name))
    others = sum(node.state == "ready" and name not in (node.id, node.name) for node in nodes)
    return f" with {connections} connection(s), which leaves {others} node(s) that are ready"
