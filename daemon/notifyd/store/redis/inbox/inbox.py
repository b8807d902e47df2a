"""The inboxes of users in Redis. What is about one user is answered from this node's memory, see `InboxMirror`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.redislink.errors import Refused
from notifyd.store.redis.inbox.bounds import InboxBounds
from notifyd.store.redis.inbox.index import InboxIndex
from notifyd.store.redis.inbox.listing import InboxListing
from notifyd.store.redis.inbox.mirrors import InboxMirrors
from notifyd.store.redis.inbox.moves import InboxMoves
from notifyd.store.redis.inbox.placing import InboxPlacing
from notifyd.store.redis.inbox.scripts import InboxScripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.model.notification import Notification
    from notifyd.store.delivery_ports import Written
    from notifyd.store.history_ports import History
    from notifyd.store.inbox_ports import InboxInfo
    from notifyd.store.memory.user_inbox import InboxItem
    from notifyd.store.options import InboxLimits
    from notifyd.store.ports import Attendance, Outcome
    from notifyd.store.redis.inbox.receipts import InboxReceipts
    from notifyd.store.redis.inbox.scripts import UserKey
    from notifyd.store.redis.mirrors.mirror import Mirrors
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.store")

_TICK_SECONDS: Final = 1.0
_GOODBYE_SECONDS: Final = 2.0


class RedisInbox:
    """An `InboxStore` in Redis. See the port for the guarantees.

    Where two nodes hear within one moment that the same has arrived, `advance` answers it to both; its receipt and its
    timeline tell it once.
    """

    def __init__(
        self,
        mirrors: Mirrors,
        parts: int,
        receipts: InboxReceipts,
        limits: InboxLimits,
        counters: Counters,
        *,
        clock: Callable[[], int],
    ) -> None:
        """*parts*: how many the index has; the same for every node."""
        self._scripts = InboxScripts(mirrors.link, limits)
        self._receipts = receipts
        self._clock = clock
        self._moves = InboxMoves(self._scripts, receipts)
        self._mirrors = InboxMirrors(mirrors, self._scripts, self._moves, clock=clock)
        self._index = InboxIndex(mirrors.link, parts)
        self._bounds = InboxBounds(self._scripts, self._index, receipts, counters)
        self._bounds.settled = self._mirrors.settled
        #: The parts of the index that this node is to see to.
        self.share: Callable[[], Sequence[int]] = lambda: self._index.parts
        #: Puts notifications in: for `HistoryStore.append`.
        self.place = InboxPlacing(self._mirrors, self._index, self._bounds, receipts).place
        #: Returns when receipts may be read that tell what was done here until now.
        self.tell = self._moves.tell
        self.written: Callable[[], Written] = self._moves.written
        self.usage = self._index.usage
        listing = InboxListing(self._mirrors, self._index)
        self.inboxes = listing.inboxes
        self.forget = listing.forget

    async def run(self) -> None:
        """Send what moves and see to the bounds until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._moves.run)
                while True:
                    await trio.sleep(_TICK_SECONDS)
                    try:
                        await self._upkeep()
                    except Refused as exc:
                        log.error("inbox_upkeep_refused", problem=str(exc))  # noqa: TRY400 - a sentence
                    except StoreUnavailable:
                        continue  # away: the next tick does it
        finally:
            # the next start goes on from there
            with trio.CancelScope(shield=True), trio.move_on_after(_GOODBYE_SECONDS), suppress(StoreUnavailable):
                await self._moves.flush()
                await self._index.enter()

    async def _upkeep(self) -> None:
        await self._index.look()
        now = self._clock()
        await self._bounds.trim(self.share(), now=now)
        if self._bounds.exceeded() or self._bounds.tightened:
            await self._bounds.enforce(now=now)

    def configure(self, limits: InboxLimits) -> None:
        """Use other bounds; what is over them goes with the next `refresh`, or in a second."""
        self._scripts.limits = limits
        self._bounds.tightened = True

    async def refresh(self) -> None:
        """Have `usage` as it is now, within the bounds.

        Raises:
            StoreUnavailable: Redis is away.
        """
        await self._bounds.enforce(now=self._clock())

    # of one user, from memory

    def attend(self, client_id: ClientId, user_id: UserId) -> Attendance | None:
        """See `InboxStore.attend`."""
        return self._mirrors.open((client_id, user_id)).attend()

    def position(self, client_id: ClientId, user_id: UserId) -> StreamPosition:
        """See `InboxStore.position`."""
        return self._mirrors.read((client_id, user_id)).position()

    def since(
        self,
        client_id: ClientId,
        user_id: UserId,
        position: StreamPosition | None = None,
        *,
        now: int,
        limit: int | None = None,
    ) -> History:
        """See `InboxStore.since`."""
        return self._mirrors.read((client_id, user_id)).since(position, now=now, limit=limit)

    def find(self, client_id: ClientId, user_id: UserId, notification_id: NotificationId) -> StreamPosition | None:
        """See `InboxStore.find`."""
        item = self._mirrors.read((client_id, user_id)).find(notification_id)
        return None if item is None else StreamPosition(item.inbox.epoch, item.offset)

    def info(self, client_id: ClientId, user_id: UserId) -> InboxInfo | None:
        """See `InboxStore.info`."""
        inbox = self._mirrors.read((client_id, user_id))
        return inbox.info() if inbox.head else None

    def advance(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, now: int) -> int:
        """See `InboxStore.advance`."""
        key = (client_id, user_id)
        inbox = self._mirrors.read(key)
        passed = inbox.advance(position)
        if passed is None:
            return 0
        self._moves.advanced(key, inbox.epoch, position.offset, passed, now=now)
        arrived = len(passed)
        for item in passed:
            if item.ended is not None:
                arrived -= 1
            elif item.expired(now) and not item.connections:
                arrived -= 1
                item.ended = InboxState.EXPIRED
        return arrived

    def give_up(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, expired: bool = False) -> bool:
        """See `InboxStore.give_up`."""
        item = self._item((client_id, user_id), position)
        if item is None or item.ended is not None or item.offset <= item.inbox.cursor:
            return False
        self._end(item, InboxState.EXPIRED if expired else InboxState.DEAD)
        return True

    def arrived_late(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, now: int) -> bool:
        """See `InboxStore.arrived_late`."""
        item = self._item((client_id, user_id), position)
        if item is None or item.ended is not InboxState.DEAD:
            return False
        self._end(item, InboxState.DELIVERED)
        event = TimelineEvent(now, Happening.ARRIVED, user_id)
        self._receipts.note(item.publication.notification.id, event)
        return True

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        """See `InboxStore.pushed`."""
        self._receipts.pushed(push, pushed=pushed, failed=failed, reason=reason)

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """What is DEAD as a whole is left out of every read; told in time."""
        for outcome in outcomes:
            if outcome.state is State.DEAD and outcome.lease.notification.kind is Kind.USERS:
                self._withhold(outcome.lease.notification)

    def _withhold(self, notification: Notification) -> None:
        for user_id in notification.users:
            key = (notification.client_id, user_id)
            mirror = self._mirrors.find(key)
            if mirror is not None:
                mirror.withhold(notification.id)
            self._moves.withhold(key, notification.id)

    # of all

    async def trim(self, *, now: int) -> int:
        """See `InboxStore.trim`."""
        return await self._bounds.trim(self._index.parts, now=now)

    def _item(self, key: UserKey, position: StreamPosition) -> InboxItem | None:
        inbox = self._mirrors.read(key)
        return inbox.item(position.offset) if inbox.epoch == position.epoch else None

    def _end(self, item: InboxItem, state: InboxState) -> None:
        item.ended = state
        key = item.inbox.key
        self._moves.ended(key, item.inbox.epoch, item.offset, state)
        self._receipts.ended(item.publication.notification.id, *key, state)
