"""One live link, as the hub sees it: a place to write frames to, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.disconnect import Disconnect
    from notifyd.model.ids import ConnectionId
    from notifyd.model.principal import Principal


class Link(Protocol):
    """What a transport gives the hub. Nothing here waits."""

    @property
    def transport(self) -> str:
        """How bytes move: websocket, sse, admin, socketio, polling, rpc."""
        ...

    @property
    def format(self) -> str:
        """Key of the encoder that makes frames for it; see `Hub`."""
        ...

    #: Whether it answers `ping`.
    answers: bool
    #: Whether it is to have the broadcasts of its client.
    broadcasts: bool

    @property
    def address(self) -> str:
        """The peer's address, "" where there is none."""
        ...

    @property
    def put(self) -> Callable[[bytes], bool]:
        """Write a frame now, or keep it in order behind what waits. False: over the bound, the connection must go."""
        ...

    def ping(self, mark: int = 0) -> None:
        """Ask for a sign of life, or keep the link awake where it cannot answer.

        With a *mark* above 0, the answer to this very ping has to bring it back to the driver, which hands it to
        `service.receiving.inbox.Inboxes.proven`: it proves that what was written before the ping has arrived.
        """
        ...

    def end(self, disconnect: Disconnect) -> None:
        """Close politely, saying why; calling it again changes nothing."""
        ...

    def pending_bytes(self) -> int:
        """What waits in the outbox."""
        ...

    def behind_since(self) -> float | None:
        """Since when something waits in the outbox, in seconds of trio.current_time(); None where nothing does.

        A link that cannot tell answers None as well.
        """
        ...

    def sent_bytes(self) -> int:
        """What was written so far."""
        ...


class InboxWatch:
    """How far the inbox of its user was written to a connection, and how far that is proven."""

    __slots__ = ("asked", "epoch", "proven", "sent")

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        #: Offset of what was written last; 0 for nothing.
        self.sent = 0
        #: Offset that the newest ping with a mark asked about.
        self.asked = 0
        self.proven = 0

    def wrote(self, epoch: str, offset: int, link: Link) -> None:
        """*offset* was written: ask whether it arrives, unless an answer is still awaited."""
        if epoch != self.epoch:
            self.epoch, self.sent, self.asked, self.proven = epoch, 0, 0, 0
        self.sent = offset
        if self.asked <= self.proven:
            self.asked = offset
            link.ping(offset)


class Connection:
    """One live link, authenticated or not yet. Made by a driver, registered with `Hub.add`."""

    __slots__ = (
        "connected_at",
        "ended",
        "expires_at",
        "format",
        "id",
        "inbox",
        "link",
        "look_at",
        "opened_at",
        "pinged_at",
        "principal",
        "put",
        "received_at",
        "subscriptions",
    )

    def __init__(self, connection_id: ConnectionId, link: Link, *, opened_at: float, connected_at: int) -> None:
        self.id = connection_id
        self.link = link
        #: Copied from the link, because fan-out reads both for every delivery.
        self.put = link.put
        self.format = link.format
        #: None until it has authenticated.
        self.principal: Principal | None = None
        #: Set while it receives the inbox of its user.
        self.inbox: InboxWatch | None = None
        #: Names of the subscribed channels.
        self.subscriptions: set[str] | None = None
        #: Seconds of trio.current_time(); `connected_at` is in milliseconds since the Unix epoch.
        self.opened_at = opened_at
        self.received_at = opened_at
        self.pinged_at = 0.0
        self.connected_at = connected_at
        #: When its credential ends, in seconds of trio.current_time().
        self.expires_at: float | None = None
        #: The sweeper's bucket in which it is looked at next; 0 while it is not watched.
        self.look_at = 0
        self.ended = False

    def transport_changed(self) -> None:
        """The link writes in another way from now on (Socket.IO's upgrade)."""
        self.put = self.link.put
        self.format = self.link.format

    def end(self, disconnect: Disconnect) -> None:
        """Close it, saying why. The driver removes it from the hub when the link is gone."""
        self.ended = True
        self.link.end(disconnect)
