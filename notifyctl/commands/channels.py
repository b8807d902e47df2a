"""notifyctl channels."""

from typing import Annotated, Any

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.options import ChannelName, Client, OfClient
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyctl.showing.publications import PUBLICATION
from notifyctl.values.moments import relative
from notifyctl.values.positions import position
from notifyctl.values.sizes import binary
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at channels, their history, and who is in them.")

_LISTED = (
    Column("Channel", "channel", style="cyan"),
    Column("Client", "clientId", spare=True),
    Column("Subscribers", "subscriberCount"),
    Column("Kept", "publications", spare=True),
    Column("Size", "sizeBytes", human=binary, spare=True),
    Column("Epoch", "position.epoch", spare=True),
    Column("Offset", "position.offset"),
    Column("Last", "lastAt", human=relative),
)
#: Members that are named on one line; a table of all follows.
_NAMED = 5


def _member(member: Record) -> str:
    """A user, or the connection of one without a name."""
    return str(member["userId"] or next(iter(member["connectionIds"]), ""))


def _names(members: list[Record]) -> str:
    return ", ".join(map(_member, members[:_NAMED])) + (", ..." if len(members) > _NAMED else "")


_PRESENCE = (
    Column("Channel", "channel", style="cyan"),
    Column("Members", "memberCount", style="bold"),
    Column("Subscribers", "subscriberCount"),
    Column("Who", "members", human=_names),
)
_MEMBERS = (
    Column("User", "userId", style="cyan"),
    Column("Joined", "joinedAt", human=relative),
    Column("Connections", "connectionIds"),
)
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, metavar="N", help="At most so many.")]


@command(app, "list", example="notifyctl channels list --prefix orders.")
def list_(
    run: Invocation,
    *,
    client: OfClient = None,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Only names that begin so.")] = "",
    limit: Limit = 1000,
) -> None:
    """List channels with their subscribers, history and position."""
    request = pb.ListChannelsRequest(client_id=client or "", prefix=prefix, limit=limit)
    answer = run.daemon.call("ListChannels", request)
    run.output.many([convert.record(channel) for channel in answer.channels], _LISTED, key="channel")


@command(app, "show", example="notifyctl channels show orders -o json | jq .position")
def show(run: Invocation, channel: ChannelName, *, client: Client = None) -> None:
    """Show one channel: subscribers, history and position."""
    answer = run.daemon.call("GetChannel", pb.GetChannelRequest(client_id=client or "", channel=channel))
    run.output.one(convert.record(answer), _LISTED, key="channel")


@command(
    app,
    "history",
    example="notifyctl channels history orders --limit 5\nnotifyctl channels history orders --since EPOCH:17",
)
def history(
    run: Invocation,
    channel: ChannelName,
    *,
    client: Client = None,
    limit: Limit = 50,
    since: Annotated[
        Any,
        typer.Option("--since", metavar="EPOCH:OFFSET", parser=position, help="Only what came after this position."),
    ] = None,
) -> None:
    """Print what is kept of a channel, the oldest first.

    Without --since these are the newest publications.
    """
    request = pb.GetHistoryRequest(client_id=client or "", channel=channel, limit=limit, since=since)
    answer = run.daemon.call("GetHistory", request)
    run.output.many([convert.record(publication) for publication in answer.publications], PUBLICATION)
    if answer.HasField("recovered") and not answer.recovered:
        run.output.note("That position is not in the history any more: something is missing before the first of these.")
    if answer.skipped:
        run.output.note(f"Left out, expired or given up: {answer.skipped}.")


@command(
    app,
    "presence",
    example="notifyctl channels presence orders\nnotifyctl channels presence orders -o json | jq .memberCount",
)
def presence(
    run: Invocation,
    channel: ChannelName,
    *,
    client: Client = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, max=100_000, metavar="N", help="At most so many members.")
    ] = None,
) -> None:
    """Show who is in a channel: its members are users with all their connections, and connections of keys.

    This is told to operators whether or not the rule of the channel tells it to subscribers.
    """
    request = pb.GetPresenceRequest(client_id=client or "", channel=channel, limit=limit)
    answer = convert.record(run.daemon.call("GetPresence", request))
    members = answer["members"]
    if run.output.quiet:
        run.output.many([{"id": _member(member)} for member in members], ())
        return
    run.output.one(answer, _PRESENCE)
    run.output.below(members, _MEMBERS)
    if len(members) < answer["memberCount"]:
        run.output.note(f"These are {len(members)} of {answer['memberCount']} members; see more with --limit.")
