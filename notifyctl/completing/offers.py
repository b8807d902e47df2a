"""Live ids for completion: asked of the running daemon under a deadline so short that no key press feels it."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import typer

from notifyctl.daemons.calling import Daemon
from notifyctl.daemons.choosing import chosen
from notifyctl.exits import Refusal

_DEADLINE_SECONDS: Final = 0.5
#: What shells evaluate when they complete; a name with anything else in it is not offered.
_HARMLESS: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
#: What stands beside a name is only shown, and yet some shells look at it.
_DISTURBING: Final = re.compile(r"[^\w @%+=,./-]|_{2,}")
_LONGEST_WORD: Final = 48

Offer = str | tuple[str, str]
"""What could come next, and a word about it where shells show one."""


def key_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of keys that are not revoked."""
    from notifyd.v1 import admin_pb2 as pb

    return _ask(
        context, incomplete, "ListKeys", pb.ListKeysRequest(), lambda found: ((key.id, key.name) for key in found.keys)
    )


def client_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of registered clients."""
    from notifyd.v1 import admin_pb2 as pb

    return _ask(
        context,
        incomplete,
        "ListClients",
        pb.ListClientsRequest(),
        lambda found: ((c.id, c.name) for c in found.clients),
    )


def users(context: typer.Context, incomplete: str) -> list[Offer]:
    """Users that have an inbox; of `default` unless --client stands before."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListInboxesRequest(client_id=_client(context) or "default", prefix=incomplete, limit=100)
    return _ask(
        context,
        incomplete,
        "ListInboxes",
        request,
        lambda found: ((each.user_id, f"{each.undelivered} undelivered") for each in found.inboxes),
    )


def device_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of registered devices; of `default` unless --client stands before."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListDevicesRequest(client_id=_client(context) or "default", limit=100)
    return _ask(
        context, incomplete, "ListDevices", request, lambda found: ((each.id, each.user_id) for each in found.devices)
    )


def channels(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of channels."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListChannelsRequest(client_id=_client(context), prefix=incomplete, limit=100)
    return _ask(
        context,
        incomplete,
        "ListChannels",
        request,
        lambda found: ((each.channel, f"{each.subscriber_count} subscribers") for each in found.channels),
    )


def connection_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of live connections."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListConnectionsRequest(limit=100)
    return _ask(
        context,
        incomplete,
        "ListConnections",
        request,
        lambda found: ((each.id, f"{each.transport} {each.user_id or each.key_id}") for each in found.connections),
    )


def queued_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of notifications that wait in the queue."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListQueueRequest(limit=100)
    return _ask(
        context,
        incomplete,
        "ListQueue",
        request,
        lambda found: ((each.id, f"{each.state} {each.channel}") for each in found.notifications),
    )


def dead_letter_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of the newest dead letters."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListDeadLettersRequest(filter=pb.DeadLetterFilter(client_id=_client(context)), limit=100)
    return _ask(
        context,
        incomplete,
        "ListDeadLetters",
        request,
        lambda found: ((each.id, f"{each.reason} {each.channel}") for each in found.dead_letters),
    )


def dead_notification_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of notifications of which there are dead letters."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListDeadLettersRequest(filter=pb.DeadLetterFilter(client_id=_client(context)), limit=100)
    return _ask(
        context,
        incomplete,
        "ListDeadLetters",
        request,
        lambda found: {each.notification_id: each.reason for each in found.dead_letters}.items(),
    )


def durable_names(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of durable subscriptions; of the channel that stands before."""
    from notifyd.v1 import admin_pb2 as pb

    channel = context.params.get("channel")
    request = pb.ListDurableRequest(
        client_id=_client(context), channel=channel if isinstance(channel, str) else "", limit=100
    )
    return _ask(
        context,
        incomplete,
        "ListDurable",
        request,
        lambda found: ((each.name, each.channel) for each in found.subscriptions),
    )


def webhooks(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of webhooks."""
    from notifyd.v1 import admin_pb2 as pb

    return _ask(
        context,
        incomplete,
        "ListWebhooks",
        pb.ListWebhooksRequest(),
        lambda found: ((each.name, each.state) for each in found.webhooks),
    )


def node_names(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of live nodes, and the ids of those that share one."""
    from notifyd.v1 import admin_pb2 as pb

    def names(found: pb.ListNodesResponse) -> Iterable[Offer]:
        given = [node.name for node in found.nodes]
        return ((node.name if given.count(node.name) == 1 else node.id, node.state) for node in found.nodes)

    return _ask(context, incomplete, "ListNodes", pb.ListNodesRequest(), names)


def context_names(incomplete: str) -> list[str]:
    """Names of contexts."""
    from notifyctl.daemons.contexts import DEFAULT, load

    try:
        names = [DEFAULT, *load().by_name]
    except Refusal:
        return []
    return [name for name in names if name.startswith(incomplete) and _HARMLESS.fullmatch(name)]


def _client(context: typer.Context) -> str:
    return str(context.params.get("client") or "")


def _ask(
    context: typer.Context, incomplete: str, method: str, request: Any, names: Callable[[Any], Iterable[Offer]]
) -> list[Offer]:
    try:
        with Daemon(None, _DEADLINE_SECONDS, partial(chosen, context)) as daemon:
            answer = daemon.call(method, request)
    except Refusal:
        return []
    offers = (offer if isinstance(offer, tuple) else (offer, "") for offer in names(answer))
    return [
        (name, _DISTURBING.sub(" ", word)[:_LONGEST_WORD].strip())
        for name, word in offers
        if name.startswith(incomplete) and _HARMLESS.fullmatch(name)
    ]
