"""The live side of one channel or inbox: who is subscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import ClientId, UserId

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection

ChannelKey = tuple[ClientId, str]
UserKey = tuple[ClientId, UserId]


class LiveChannel:
    """The subscribers of one channel of a client, or the connections that receive the inbox of one user."""

    __slots__ = ("departures", "subscribers")

    def __init__(self) -> None:
        #: Connection -> the offset up to which it was served when it subscribed.
        self.subscribers: dict[Connection, int] = {}
        #: Rises with each departure, so that a fan-out under way notices.
        self.departures = 0

    def drop(self, connection: Connection) -> None:
        """Take one subscriber out."""
        if self.subscribers.pop(connection, None) is not None:
            self.departures += 1
