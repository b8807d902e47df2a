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
#: More than anybody reads through.
_MOST: Final = 100

Offer = str | tuple[str, str]
"""What could come next, and a word about it where shells show one."""


def key_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of keys that are not revoked."""
    return _ask(context, incomplete, "ListKeys", lambda found: ((key.id, key.name) for key in found.keys))


def client_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of registered clients."""
    return _ask(context, incomplete, "ListClients", lambda found: ((each.id, each.name) for each in found.clients))


def users(context: typer.Context, incomplete: str) -> list[Offer]:
    """Users that have an inbox; of `default` unless --client stands before."""
    return _ask(
        context,
        incomplete,
        "ListInboxes",
        lambda found: ((each.user_id, f"{each.undelivered} undelivered") for each in found.inboxes),
        client_id=_client(context) or "default",
        prefix=incomplete,
        limit=_MOST,
    )


def device_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of registered devices; of `default` unless --client stands before."""
    return _ask(
        context,
        incomplete,
        "ListDevices",
        lambda found: ((each.id, each.user_id) for each in found.devices),
        client_id=_client(context) or "default",
        limit=_MOST,
    )


def channels(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of channels."""
    return _ask(
        context,
        incomplete,
        "ListChannels",
        lambda found: ((each.channel, f"{each.subscriber_count} subscribers") for each in found.channels),
        client_id=_client(context),
        prefix=incomplete,
        limit=_MOST,
    )


def connection_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of live connections."""
    return _ask(
        context,
        incomplete,
        "ListConnections",
        lambda found: ((each.id, f"{each.transport} {each.user_id or each.key_id}") for each in found.connections),
        limit=_MOST,
    )


def queued_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of notifications that wait in the queue."""
    return _ask(
        context,
        incomplete,
        "ListQueue",
        lambda found: ((each.id, f"{each.state} {each.channel}") for each in found.notifications),
        limit=_MOST,
    )


def dead_letter_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of the newest dead letters."""
    return _ask_dead_letters(
        context, incomplete, lambda letters: ((each.id, f"{each.reason} {each.channel}") for each in letters)
    )


def dead_notification_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of notifications of which there are dead letters."""
    return _ask_dead_letters(
        context, incomplete, lambda letters: {each.notification_id: each.reason for each in letters}.items()
    )


def durable_names(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of durable subscriptions; of the channel that stands before."""
    channel = context.params.get("channel")
    return _ask(
        context,
        incomplete,
        "ListDurable",
        lambda found: ((each.name, each.channel) for each in found.subscriptions),
        client_id=_client(context),
        channel=channel if isinstance(channel, str) else "",
        limit=_MOST,
    )


def webhooks(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of webhooks."""
    return _ask(context, incomplete, "ListWebhooks", lambda found: ((each.name, each.state) for each in found.webhooks))


def node_names(context: typer.Context, incomplete: str) -> list[Offer]:
    """Names of live nodes, and the ids of those that share one."""

    def names(found: Any) -> Iterable[Offer]:
        given = [node.name for node in found.nodes]
        return ((node.name if given.count(node.name) == 1 else node.id, node.state) for node in found.nodes)

    return _ask(context, incomplete, "ListNodes", names)


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


def _ask_dead_letters(context: typer.Context, incomplete: str, names: Callable[[Any], Iterable[Offer]]) -> list[Offer]:
    return _ask(
        context,
        incomplete,
        "ListDeadLetters",
        lambda found: names(found.dead_letters),
        filter={"client_id": _client(context)},
        limit=_MOST,
    )


def _ask(
    context: typer.Context, incomplete: str, method: str, names: Callable[[Any], Iterable[Offer]], **asked: Any
) -> list[Offer]:
    """What *names* finds in the answer to *method*, whose request has the fields *asked*."""
    from notifyd.v1 import admin_pb2 as pb

    request = getattr(pb, f"{method}Request")(**asked)
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
