"""notifyctl connections."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.daemons.known import check_client
from notifyctl.exits import Refusal, Status
from notifyctl.options import Client, OfClient, OfUser
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyctl.values.moments import relative, spoken
from notifyctl.values.sizes import binary
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at live connections, and close them.")

_LISTED = (
    Column("ID", "id", style="cyan"),
    Column("Client", "clientId", spare=True),
    Column("Transport", "transport"),
    Column("Address", "address"),
    Column("Connected", "connectedAt", human=relative, spare=True),
    Column("Key", "keyId", spare=True),
    Column("User", "userId", spare=True),
    Column("Subs", "subscriptionCount"),
    Column("Outbox", "outboxBytes", human=binary, spare=True),
    Column("Sent", "sentBytes", human=binary, spare=True),
    Column("Idle", "idleSeconds", human=spoken, spare=True),
    Column("Node", "node", spare=True),
)
_SLOW = (
    Column("ID", "id", style="cyan"),
    Column("Client", "clientId"),
    Column("User or key", "who", style="bold"),
    Column("Transport", "transport"),
    Column("Outbox", "outboxBytes", human=binary),
    Column("Full", "outboxShare", human="{:.1%}".format, style="yellow"),
    Column("Behind", "behindSince", human=relative),
    Column("Cut off", "cutOffAt", human=relative, style="red"),
    Column("Idle", "idleSeconds", human=spoken, spare=True),
    Column("Address", "address", spare=True),
    Column("Subs", "subscriptionCount", spare=True),
    Column("Sent", "sentBytes", human=binary, spare=True),
    Column("Connected", "connectedAt", human=relative, spare=True),
    Column("Node", "node", spare=True),
)
_KICKED = (
    Column("Kicked", "kicked"),
    Column("Not found", "notFound"),
    Column("Silent nodes", "missingNodes", spare=True),
)
_OfChannel = Annotated[
    str,
    typer.Option(
        "--channel", metavar="CHANNEL", help="Only those that subscribed to this.", autocompletion=offers.channels
    ),
]
_OfKey = Annotated[
    str, typer.Option("--key", metavar="KEY_ID", help="Only those of this key.", autocompletion=offers.key_ids)
]


@command(app, "list", example="notifyctl connections list --slow\nnotifyctl connections list --channel orders -q")
def list_(
    run: Invocation,
    *,
    client: OfClient = None,
    channel: _OfChannel = "",
    key: _OfKey = "",
    user: OfUser = "",
    slow: Annotated[
        bool, typer.Option("--slow", help="Only those with something in their outbox, the fullest first.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100_000, metavar="N", help="At most so many.")
    ] = 1000,
) -> None:
    """List live connections, those of every node.

    With --slow these are the ones that do not keep up: whose each is, how full its outbox is, and since when something
    has waited there. One that is full is closed with 4008; those to whom this happened lately follow.
    """
    request = pb.ListConnectionsRequest(
        client_id=client or "", channel=channel, key_id=key, user_id=user, slow=slow, limit=limit
    )
    answer = run.daemon.call("ListConnections", request)
    check_client(run.daemon, client, answer.connections)
    if slow:
        run.output.many(_slow_ones(run, answer), _SLOW)
    else:
        run.output.many([convert.record(connection) for connection in answer.connections], _LISTED)
    if answer.total > len(answer.connections):
        run.output.note(f"These are {len(answer.connections)} of {answer.total}; see more with --limit.")
    if answer.missing_nodes:
        missing = ", ".join(answer.missing_nodes)
        run.output.note(f"These nodes did not answer in time, so that their connections are missing: {missing}.")


def _slow_ones(run: Invocation, answer: pb.ListConnectionsResponse) -> list[Record]:
    """Those that do not keep up, with whose each is, and behind them those that were cut off for it lately."""
    live = [_beside(convert.record(connection)) for connection in answer.connections]
    if run.output.quiet:
        return live
    shown = {record["id"]: record for record in live}
    for cut in map(convert.record, answer.recently_cut):
        # One that is just being closed is in both lists.
        shown.setdefault(cut["id"], _beside(_gone(cut)))["cutOffAt"] = cut["at"]
    return list(shown.values())


def _gone(cut: Record) -> Record:
    """One that was cut off, with the fields of a connection."""
    known = {name: value for name, value in cut.items() if name != "at"}
    return {**dict.fromkeys(convert.record(pb.Connection())), **known}


def _beside(connection: Record) -> Record:
    limit = connection["outboxLimitBytes"]
    return {
        **connection,
        "who": connection["userId"] or connection["keyId"],
        "outboxShare": round(connection["outboxBytes"] / limit, 4) if limit else None,
        "cutOffAt": None,
    }


@command(
    app,
    "kick",
    example="notifyctl connections kick CONNECTION_ID --yes\n"
    "notifyctl connections kick --key KEY_ID --reason abuse --yes\n"
    "notifyctl connections kick --user alice --client CLIENT_ID --yes",
    changes=True,
    asks=True,
)
def kick(
    run: Invocation,
    connection_ids: Annotated[
        list[str], typer.Argument(metavar="[ID]...", help="Ids of connections.", autocompletion=offers.connection_ids)
    ] = [],  # noqa: B006 -- typer copies it
    *,
    key: Annotated[
        str, typer.Option("--key", metavar="KEY_ID", help="Every connection of it.", autocompletion=offers.key_ids)
    ] = "",
    user: Annotated[
        str, typer.Option("--user", metavar="ID", help="Every connection of it.", autocompletion=offers.users)
    ] = "",
    client: Client = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What the peer is told.")] = "",
) -> None:
    """Close connections and tell them not to come back.

    The close code is 4005. The exit status is 8 when some were not there or a node did not answer, and 3 when none was.
    """
    if [bool(connection_ids), bool(key), bool(user)].count(True) != 1:
        raise Refusal("Name connections, a key with --key, or a user with --user.", Status.USAGE, code="usage")
    request = pb.KickConnectionsRequest(ids=connection_ids, key_id=key, reason=reason, user_id=user)
    if user:
        request.client_id = client or ""
    run.confirm(_deed(request))
    answer = run.daemon.call("KickConnections", request)
    if run.output.quiet:
        run.output.many([{"id": kicked} for kicked in answer.kicked], _KICKED)
    else:
        run.output.one(convert.record(answer), _KICKED)
    _refuse_missing(answer)


def _deed(request: pb.KickConnectionsRequest) -> str:
    if request.user_id:
        return f"Kicking every connection of user {request.user_id} of client {request.client_id or 'default'}"
    if request.key_id:
        return f"Kicking every connection of key {request.key_id}"
    return f"Kicking {len(request.ids)} connection(s)"


def _refuse_missing(answer: pb.KickConnectionsResponse) -> None:
    if answer.missing_nodes:
        silent = ", ".join(answer.missing_nodes)
        sentence = f"These nodes did not answer in time, and may still have some: {silent}. Kick again."
        raise Refusal(sentence, Status.PARTLY, code="nodes_missing")
    if answer.not_found:
        missing = ", ".join(answer.not_found)
        status = Status.PARTLY if answer.kicked else Status.NOT_FOUND
        raise Refusal(f"Not there (any more): {missing}.", status, code="not_found")
