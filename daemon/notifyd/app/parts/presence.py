"""Who is in a channel, who comes and goes, and how each kind of connection is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.app.translate.receiving import presence_rules
from notifyd.ingress.edge import sse
from notifyd.ingress.edge.namespaces import dialect
from notifyd.ingress.edge.namespaces.connection import by_format
from notifyd.ingress.edge.native import connection as native
from notifyd.service.presence.news import ChangeEncoder, PresenceNews
from notifyd.service.presence.presence import Presence
from notifyd.wire.presence import change_dialect_frame, change_event, change_message, socketio_changes

if TYPE_CHECKING:
    from notifyd.config import Settings
    from notifyd.hub.hub import Hub
    from notifyd.telemetry.metrics import Counters

#: How each kind of connection is told of joins and leaves; streams over gRPC are not.
CHANGE_ENCODERS: Final[dict[str, ChangeEncoder]] = {
    native.FORMAT: change_message,
    sse.FORMAT: change_event,
    dialect.FORMAT: change_dialect_frame,
    **by_format(socketio_changes),
}


def compose_presence(settings: Settings, hub: Hub, counters: Counters) -> tuple[Presence, PresenceNews]:
    """What knows who is where, and what tells the others; nothing runs yet."""
    news = PresenceNews(hub, CHANGE_ENCODERS, counters)
    presence = Presence(
        hub, presence_rules(settings), news.tell, max_channel_length=settings.websocket.max_channel_length
    )
    news.rules = presence.rules
    return presence, news


def configure_presence(presence: Presence, news: PresenceNews, settings: Settings) -> None:
    """Go by *settings* from now on."""
    presence.configure(presence_rules(settings))
    news.rules = presence.rules
