"""Live ids for completion: asked of the running daemon under a deadline so short that no key press feels it."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import typer

from notifyctl.client import Daemon
from notifyctl.exits import Refusal

_DEADLINE_SECONDS: Final = 0.5
#: What shells evaluate when they complete; a name with anything else in it is not offered.
_HARMLESS: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def key_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of keys that are not revoked."""
    from notifyd.v1 import admin_pb2 as pb

    return _ask(context, incomplete, "ListKeys", pb.ListKeysRequest(), lambda found: (key.id for key in found.keys))


def client_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of registered clients."""
    from notifyd.v1 import admin_pb2 as pb

    return _ask(
        context, incomplete, "ListClients", pb.ListClientsRequest(), lambda found: (c.id for c in found.clients)
    )


def users(context: typer.Context, incomplete: str) -> list[str]:
    """Users that have an inbox; of `default` unless --client stands before."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListInboxesRequest(client_id=_client(context) or "default", prefix=incomplete, limit=100)
    return _ask(context, incomplete, "ListInboxes", request, lambda found: (each.user_id for each in found.inboxes))


def device_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of registered devices; of `default` unless --client stands before."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListDevicesRequest(client_id=_client(context) or "default", limit=100)
    return _ask(context, incomplete, "ListDevices", request, lambda found: (each.id for each in found.devices))


def channels(context: typer.Context, incomplete: str) -> list[str]:
    """Names of channels."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListChannelsRequest(client_id=_client(context), prefix=incomplete, limit=100)
    return _ask(context, incomplete, "ListChannels", request, lambda found: (each.channel for each in found.channels))


def connection_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of live connections."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListConnectionsRequest(limit=100)
    return _ask(context, incomplete, "ListConnections", request, lambda found: (each.id for each in found.connections))


def queued_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of notifications that wait in the queue."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListQueueRequest(limit=100)
    return _ask(context, incomplete, "ListQueue", request, lambda found: (each.id for each in found.notifications))


def dead_letter_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of the newest dead letters."""
    from notifyd.v1 import admin_pb2 as pb

    request = pb.ListDeadLettersRequest(filter=pb.DeadLetterFilter(client_id=_client(context)), limit=100)
    return _ask(context, incomplete, "ListDeadLetters", request, lambda found: (each.id for each in found.dead_letters))


def durable_names(context: typer.Context, incomplete: str) -> list[str]:
    """Names of durable subscriptions; of the channel that stands before."""
    from notifyd.v1 import admin_pb2 as pb

    channel = context.params.get("channel")
    request = pb.ListDurableRequest(
        client_id=_client(context), channel=channel if isinstance(channel, str) else "", limit=100
    )
    return _ask(context, incomplete, "ListDurable", request, lambda found: (each.name for each in found.subscriptions))


def webhooks(context: typer.Context, incomplete: str) -> list[str]:
    """Names of webhooks."""
    from notifyd.v1 import admin_pb2 as pb

    return _ask(
        context,
        incomplete,
        "ListWebhooks",
        pb.ListWebhooksRequest(),
        lambda found: (each.name for each in found.webhooks),
    )


def node_names(context: typer.Context, incomplete: str) -> list[str]:
    """Names of live nodes, and the ids of those that share one."""
    from notifyd.v1 import admin_pb2 as pb

    def names(found: pb.ListNodesResponse) -> Iterable[str]:
        given = [node.name for node in found.nodes]
        return (node.name if given.count(node.name) == 1 else node.id for node in found.nodes)

    return _ask(context, incomplete, "ListNodes", pb.ListNodesRequest(), names)


def _client(context: typer.Context) -> str:
    return str(context.params.get("client") or "")


def _ask(
    context: typer.Context, incomplete: str, method: str, request: Any, names: Callable[[Any], Iterable[str]]
) -> list[str]:
    try:
        with Daemon(context.params.get("socket"), _DEADLINE_SECONDS) as daemon:
            answer = daemon.call(method, request)
    except Refusal:
        return []
    return [name for name in names(answer) if name.startswith(incomplete) and _HARMLESS.fullmatch(name)]
