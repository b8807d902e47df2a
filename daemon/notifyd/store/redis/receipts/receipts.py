"""What became of notifications, as Redis knows it: what waits, what was settled, and what was noted about both."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio
from msgspec.structs import replace

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import Kind, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.timelines import told
from notifyd.redislink.scripts import load_script
from notifyd.store.memory.bells import Bells
from notifyd.store.redis.queue.withdrawing import tries_in
from notifyd.store.redis.receipts import rows
from notifyd.store.redis.receipts.arrivals import ARRIVAL_FIELDS, Arrivals, arrivals_in
from notifyd.store.redis.receipts.form import Ending, decode_event, decode_receipt, encode_event, receipt_of
from notifyd.store.redis.receipts.hints import Hints
from notifyd.store.redis.receipts.jotter import ACKS, ADD, EVENT, FIELD, Jotter
from notifyd.store.redis.receipts.told import Told
from notifyd.store.redis.shards import answer_to
from notifyd.wire.stored import decode_notification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.model.notification import Notification
    from notifyd.model.position import StreamPosition
    from notifyd.model.receipt import InboxState, Receipt
    from notifyd.store.options import ReceiptLimits
    from notifyd.store.redis.queue.figures import Figures
    from notifyd.store.redis.queue.leasing import Leasing
    from notifyd.store.redis.queue.ownership import Ownership
    from notifyd.store.redis.shards import Shards

_FIND: Final = load_script("notifyd.store.redis.receipts", "find")
_TRIM: Final = load_script("notifyd.store.redis.receipts", "trim")

#: What is noted is sent after this, unless somebody asks before.
_FLUSH_SECONDS: Final = 0.1
_TRIM_SECONDS: Final = 1.0
#: Receipts that one call lets go.
_AT_ONCE: Final = 1000


class RedisReceipts:
    """A `ReceiptStore`, and where inboxes tell what became of notifications in them."""

    def __init__(self, shards: Shards, limits: ReceiptLimits, *, clock: Callable[[], int]) -> None:
        self.bells = Bells()
        #: How far the inboxes of these users are; an engine of inboxes that knows more puts itself here.
        self.arrivals: Callable[[ClientId, Sequence[UserId]], Awaitable[list[Arrivals]]] = self._ask_arrivals
        #: Returns when the inboxes have told what happened in them on this node until now.
        self.inboxes_told: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint
        self._shards = shards
        self._clock = clock
        self._limits = limits
        self._hints = Hints()
        self._jotter = Jotter(shards, limits)
        self._jotter.known = self._hints.remember
        self._told = Told(shards, self.bells)
        #: What the queue knows; see `attach`.
        self._figures: Figures | None = None
        self._ownership: Ownership | None = None
        self._leasing: Leasing | None = None

    def attach(self, figures: Figures, ownership: Ownership, leasing: Leasing) -> None:
        """Have at hand what the queue of this node knows: without it nothing is counted, and no bound is kept."""
        self._figures, self._ownership, self._leasing = figures, ownership, leasing
        self._jotter.share = figures.share_of_events
        leasing.known = self._hints.remember

    # what the port asks for

    async def find(self, client_id: ClientId | None, notification_id: NotificationId) -> Receipt | None:
        """See `ReceiptStore.find`."""
        await self.inboxes_told()
        answer = await self.look_up(notification_id)
        if answer is None:
            return None
        receipt, fields = self._receipt_in(notification_id, answer), answer[5]
        if client_id not in (None, receipt.client_id):
            return None
        if fields and receipt.kind is Kind.USERS:
            receipt = await self._with_rows(receipt, rows.rows_in(fields))
        receipt = replace(receipt, acked=answer[3], timeline=tuple([decode_event(line) for line in answer[4]]))
        return replace(receipt, timeline=told(receipt))

    def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
        """See `ReceiptStore.note`."""
        number = self._hints.find(notification_id)
        # an id does not tell its shard: where this node does not know it, every shard is asked to take the note
        for each in range(self._shards.count) if number is None else (number,):
            self._note(each, notification_id, event, acked)
        self.bells.ring(notification_id)

    def usage(self) -> tuple[int, int]:
        """See `ReceiptStore.usage`."""
        return (0, 0) if self._figures is None else self._figures.receipts()

    async def changed(self, notification_id: NotificationId) -> None:
        """See `ReceiptStore.changed`."""
        await self._told.wait(notification_id)

    # what inboxes and the queue tell

    def placed(self, notification: Notification, places: Sequence[tuple[UserId, StreamPosition]]) -> None:
        """A notification to users has got these places in their inboxes."""
        number = self._shards.of(notification.client_id, notification.stream)
        for nth, (user_id, place) in enumerate(places):
            self._jotter.add(number, FIELD, notification.id, rows.PLACE + user_id, rows.place_word(nth, place))
        self.bells.ring(notification.id)

    def reached(self, notification: Notification, by_user: dict[UserId, int]) -> None:
        """So many connections of each user took it."""
        number = self._shards.of(notification.client_id, notification.stream)
        for user_id, count in by_user.items():
            if count:
                self._jotter.add(number, FIELD, notification.id, rows.CONNECTIONS + user_id, count)

    async def handed_in(self) -> None:
        """Return when what is asked of a shard from now on sees all that was told until now."""
        await self._jotter.handed_in()

    def ended(self, notification_id: NotificationId, client_id: ClientId, user_id: UserId, state: InboxState) -> None:
        """What became of it for one user, where that does not follow from the cursor and the clock."""
        number = self._shards.of(client_id, "")
        self._jotter.add(number, FIELD, notification_id, rows.ENDED + user_id, state.value)
        self.bells.ring(notification_id)

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        """What the push provider said of `push.parent` for `push.users`."""
        number, parent, now = self._shards.of(push.client_id, ""), push.parent, self._clock()
        for user_id in push.users:
            if pushed:
                self._jotter.add(number, ADD, parent, rows.PUSHED + user_id, pushed)
                self._note(number, parent, TimelineEvent(now, Happening.PUSHED, user_id, detail=_devices(pushed)), 0)
            if failed:
                self._jotter.add(number, ADD, parent, rows.FAILED + user_id, failed)
                event = TimelineEvent(now, Happening.PUSH_FAILED, user_id, detail=reason or _devices(failed))
                self._note(number, parent, event, 0)
            if reason:
                self._jotter.add(number, FIELD, parent, rows.REASON + user_id, reason)
        self.bells.ring(parent)

    # the rest

    async def look_up(self, notification_id: NotificationId) -> Any:
        """All that Redis knows of it, as find.lua tells; None: nothing. Raises StoreUnavailable."""
        await self._jotter.handed_in()
        hint = self._hints.find(notification_id)
        if hint is not None:
            answer = await answer_to(self._shards.call(_FIND, hint, (notification_id,)))
            if answer is not None:
                return answer
        replies = self._shards.call_all(_FIND, (notification_id,))
        answers = [await answer_to(reply) for reply in replies]
        for number, answer in enumerate(answers):
            if answer is not None:
                self._hints.remember(number, (notification_id,))
                return answer
        return None

    async def run(self) -> None:
        """Send what is noted, and let go of what is over a bound, until cancelled."""
        trim_at = trio.current_time()
        try:
            while True:
                await trio.sleep(_FLUSH_SECONDS)
                self._jotter.flush()
                if trio.current_time() >= trim_at:
                    trim_at = trio.current_time() + _TRIM_SECONDS
                    self._told.rest()
                    with suppress(StoreUnavailable):
                        await self.trim(now=self._clock())
        finally:
            self._told.stop()
            self._jotter.flush()

    async def trim(self, *, now: int) -> None:
        """Let go of receipts that are over a bound, in the shards that this node sees to. Raises StoreUnavailable."""
        if self._figures is None or self._ownership is None:
            return
        limits, share = self._limits, self._figures.share_of_receipts
        oldest, most = now - int(limits.max_age_seconds * 1000), limits.max_count
        replies = [
            self._shards.call(_TRIM, number, (oldest, share(number, most), most, _AT_ONCE))
            for number in self._ownership.owned()
        ]
        for reply in replies:
            await answer_to(reply)

    def configure(self, limits: ReceiptLimits) -> None:
        """Use other bounds from now on."""
        self._limits = limits
        self._jotter.limits = limits

    def flush(self) -> None:
        """Hand in what was noted."""
        self._jotter.flush()

    def _note(self, number: int, notification_id: NotificationId, event: TimelineEvent, acked: int) -> None:
        if acked:
            self._jotter.add(number, ACKS, notification_id, acked)
        self._jotter.add(number, EVENT, notification_id, encode_event(event))

    def _receipt_in(self, notification_id: NotificationId, answer: Any) -> Receipt:
        body, tries, line = answer[:3]
        if not body:
            return decode_receipt(notification_id, line)
        notification, known = decode_notification(body), tries_in(tries)
        due_at = known.due_at or notification.due_at
        place = None if self._leasing is None else self._leasing.place(notification_id)
        epoch, offset = ("", 0) if place is None else (place.epoch, place.offset)
        return receipt_of(notification, Ending(State.WAITING, 0, due_at, known.failed, epoch=epoch, offset=offset))

    async def _with_rows(self, receipt: Receipt, found: Sequence[rows.Row]) -> Receipt:
        now = self._clock()
        # what was given up is in nobody's inbox any more
        expires_at = 0 if receipt.state is State.DEAD else receipt.expires_at
        arrivals = await self.arrivals(receipt.client_id, [row.user_id for row in found])
        users = [row.receipt(each, expires_at=expires_at, now=now) for row, each in zip(found, arrivals, strict=True)]
        return replace(receipt, users=tuple([user for user in users if user is not None]))

    async def _ask_arrivals(self, client_id: ClientId, user_ids: Sequence[UserId]) -> list[Arrivals]:
        line, keys = self._shards.line, self._shards.keys
        replies = [line.send("HMGET", keys.inbox(client_id, user_id).meta, *ARRIVAL_FIELDS) for user_id in user_ids]
        return [arrivals_in(await answer_to(reply)) for reply in replies]


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"
