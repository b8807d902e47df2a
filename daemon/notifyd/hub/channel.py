"""The live side of one channel or inbox: who is subscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.disconnect import OVERTAKEN
from notifyd.model.ids import ClientId, UserId

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.hub.receiver import Receiver

ChannelKey = tuple[ClientId, str]
UserKey = tuple[ClientId, UserId]


class LiveChannel:
    """The subscribers of one channel of a client, or the connections that receive the inbox of one user."""

    __slots__ = ("departures", "receivers", "subscribers")

    def __init__(self) -> None:
        #: Connection -> the offset up to which it was served when it subscribed.
        self.subscribers: dict[Connection, int] = {}
        #: Those that ack, which the fan-out does not write to.
        self.receivers: dict[Connection, Receiver] = {}
        #: Rises with each departure, so that a fan-out under way notices.
        self.departures = 0

    def drop(self, connection: Connection) -> None:
        """Take one subscriber out."""
        if self.subscribers.pop(connection, None) is not None:
            self.departures += 1
        receiver = self.receivers.pop(connection, None)
        if receiver is not None:
            receiver.close()

    def serve(self, connection: Connection, offset: int) -> None:
        """Write to *connection* what comes after *offset*."""
        receiver = self.receivers.pop(connection, None)
        if receiver is not None:
            receiver.close()
        self.subscribers[connection] = offset

    def feed(self, connection: Connection, receiver: Receiver) -> None:
        """Tell *receiver*, which writes to *connection* itself, of what is new."""
        self.drop(connection)
        self.receivers[connection] = receiver

    def restart(self, *, gap: bool = False) -> None:
        """What comes is numbered anew, or with *gap* some of what comes next is missing: who is owed it is closed."""
        if gap:
            for connection in list(self.subscribers):
                connection.end(OVERTAKEN)
        self.subscribers.update(dict.fromkeys(self.subscribers, 0))
        for receiver in list(self.receivers.values()):
            receiver.offer()

    def __len__(self) -> int:
        return len(self.subscribers) + len(self.receivers)
