"""What operators and producers do to what waits: take it out, or stop the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Conflict
from notifyd.model.notification import State
from notifyd.store.redis.queue.withdrawing import Waiting, Withdrawing, tries_in
from notifyd.store.redis.receipts.form import decode_receipt, receipt_of
from notifyd.wire.stored import decode_notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.receipt import Receipt
    from notifyd.store.redis.queue.ownership import Ownership
    from notifyd.store.redis.receipts.receipts import RedisReceipts
    from notifyd.store.redis.shards import Shards


class Operator:
    """Works on all shards, whoever sees to them."""

    def __init__(self, shards: Shards, receipts: RedisReceipts, withdrawing: Withdrawing, ownership: Ownership) -> None:
        self._shards = shards
        self._receipts = receipts
        self._withdrawing = withdrawing
        self._ownership = ownership

    async def cancel(self, client_id: ClientId | None, notification_id: NotificationId, *, now: int) -> Receipt | None:
        """See `QueueStore.cancel`; raises StoreUnavailable as well."""
        answer = await self._receipts.look_up(notification_id)
        if answer is None:
            return None
        body, tries, line = answer[:3]
        if not body:
            receipt = decode_receipt(notification_id, line)
            if client_id not in (None, receipt.client_id):
                return None
            raise Conflict(f"it was {receipt.state.value} before")
        waiting = Waiting(False, 0.0, decode_notification(body), tries_in(tries))
        notification = waiting.notification
        if client_id not in (None, notification.client_id):
            return None
        number = self._shards.of(notification.client_id, notification.stream)
        if not await self._withdrawing.withdraw(number, (waiting,), State.CANCELLED, now=now):
            raise Conflict("it is being dispatched")
        self._receipts.bells.ring(notification_id)
        return receipt_of(notification, waiting.ending(State.CANCELLED, now))

    async def clear(self, client_id: ClientId | None, *, now: int) -> int:
        """See `QueueStore.clear`. Done in parts; after a failure (StoreUnavailable) those that were done stay done."""
        cleared = 0

        def gone(part: Sequence[Waiting]) -> None:
            nonlocal cleared
            cleared += len(part)
            self._receipts.bells.ring_all([each.notification.id for each in part])

        await self._withdrawing.clear(client_id, now=now, gone=gone)
        return cleared

    async def pause(self) -> None:
        """See `QueueStore.pause`."""
        await self._set_paused(paused=True)

    async def resume(self) -> None:
        """See `QueueStore.resume`."""
        await self._set_paused(paused=False)

    async def _set_paused(self, *, paused: bool) -> None:
        """In each shard; whoever sees to it is told, and asks by itself within a second."""
        line, keys = self._shards.line, self._shards.keys
        replies = []
        for number in range(self._shards.count):
            key = keys.paused(number)
            replies.append(line.send("SET", key, 1) if paused else line.send("DEL", key))
            replies.append(line.send("SPUBLISH", keys.bell(number), "paused" if paused else "resumed"))
        for reply in replies:
            await reply.wait()
        self._ownership.set_paused(paused=paused)
