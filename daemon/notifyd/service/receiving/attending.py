"""What has to be at hand before somebody is served from it: nothing to wait for where the engine is in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotifydError
from notifyd.model.durable import DurableKey, owner_of

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, UserId
    from notifyd.model.principal import Principal
    from notifyd.service.receiving.subscribe import Subscriber
    from notifyd.store.ports import Attendance, Broker

#: The name of a client's own stream, which broadcasts come by.
_OWN = ""


class Attending:
    """Has streams brought to this node. Every answer is None where all is at hand: serve at once then.

    Otherwise wait for it, and serve afterwards: what was waited for stays for half a minute at least.
    """

    def __init__(self, broker: Broker, subscriber: Subscriber) -> None:
        self._broker = broker
        self._subscriber = subscriber
        self._shared = broker.news is not None

    def principal(self, principal: Principal | None) -> Attendance | None:
        """What everybody is served from who comes in with this credential: the client's own stream, the inbox."""
        if principal is None or not self._shared:
            return None
        own = self._broker.history.attend(principal.client_id, _OWN)
        if not principal.user_id:
            return own
        return together(own, self._broker.inbox.attend(principal.client_id, principal.user_id))

    def channel(self, principal: Principal | None, channel: str, durable: str = "") -> Attendance | None:
        """A channel, with the durable subscription of that name; None too for what may not be subscribed to."""
        if principal is None or not self._shared or not self._allowed(principal, channel):
            return None
        found = self._broker.history.attend(principal.client_id, channel)
        if not durable:
            return found
        key = DurableKey(principal.client_id, channel, owner_of(principal.user_id), durable)
        return together(found, self._broker.durables.attend(key))

    def inbox(self, client_id: ClientId, user_id: UserId) -> Attendance | None:
        """The inbox of a user."""
        return self._broker.inbox.attend(client_id, user_id) if self._shared else None

    def _allowed(self, principal: Principal, channel: str) -> bool:
        try:
            self._subscriber.allow(principal, channel)
        except NotifydError:
            return False
        return True


class _Both:
    """Two that are waited for."""

    def __init__(self, first: Attendance, second: Attendance) -> None:
        self._first = first
        self._second = second

    async def wait(self) -> None:
        """See `Attendance.wait`. Both were begun before; the second is mostly there when the first is."""
        await self._first.wait()
        await self._second.wait()


def together(first: Attendance | None, second: Attendance | None) -> Attendance | None:
    """Both of them; None where there is nothing to wait for."""
    if first is None or second is None:
        return first or second
    return _Both(first, second)


async def at_hand(attendance: Attendance | None) -> None:
    """Wait for it, if there is something to wait for.

    Raises:
        StoreUnavailable: the broker is away.
    """
    if attendance is not None:
        await attendance.wait()
