"""Who wants to know of comings and goings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.ids import ClientId, UserId


def observing(observers: tuple[Observer, ...], observer: Observer, *, wanted: bool) -> tuple[Observer, ...]:
    """*observers* with *observer* behind them where that is *wanted*, else without it."""
    others = tuple(each for each in observers if each is not observer)
    return (*others, observer) if wanted else others


class Crowds(Protocol):
    """Told by the hub, in the step in which it happens, how many are live on a stream; for other nodes to know."""

    def present(self, client_id: ClientId, channel: str, user_id: UserId, connections: int) -> None:
        """On a channel, or with a *user_id* as a user; the channel "" is what broadcasts go to."""
        ...


class Observer(Protocol):
    """Told by the hub in the step in which it happens. Nothing here waits, raises, or calls the hub to change it."""

    def subscribed(self, connection: Connection, channel: str) -> None:
        """*connection* has subscribed to *channel*, which it was not before."""
        ...

    def unsubscribed(self, connection: Connection, channel: str) -> None:
        """*connection* has left *channel*, or is gone; the hub counts it no longer."""
        ...

    def user_connected(self, client_id: ClientId, user_id: UserId) -> None:
        """The first connection of a user is there."""
        ...

    def user_disconnected(self, client_id: ClientId, user_id: UserId) -> None:
        """The last connection of a user is gone."""
        ...
