"""Who is in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotAuthenticated
from notifyd.wire.presence import presence_message

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.wire import native


def presence(peer: NativeConnection, message: native.Presence) -> Step:
    """Tell who is in a channel, and how many."""
    principal = peer.connection.principal
    if principal is None:
        raise NotAuthenticated("authenticate first", code="not_authenticated")
    view = peer.services.presence.members(principal, principal.client_id, message.channel)
    peer.say(presence_message(view, message.request_id))
    return None
