"""Who was offline at the dispatch of a notification is pushed: one push a user, kept before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from notifyd.clock import now_ms
from notifyd.errors import NotifydError, QueueFull, StoreUnavailable
from notifyd.model.ids import ClientId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.policy.naming.ids import new_notification_id
from notifyd.policy.publishing.order import order_key
from notifyd.policy.pushing.content import wants_push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.dispatch.push_devices import DeviceBook, PushLedger
    from notifyd.store.ports import QueueStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.push")

#: Whether a user has a connection.
Online = Callable[[ClientId, UserId], bool]

#: Enqueued together: where there is no room for all, there may be for some.
_GROUP: Final = 50


class PushDesk:
    """Turns "this user had no connection" into a push that waits in the queue."""

    def __init__(
        self,
        queue: QueueStore,
        devices: DeviceBook,
        ledger: PushLedger,
        counters: Counters,
        online: Online,
        *,
        ageing_ms: int,
    ) -> None:
        self._queue = queue
        self._online = online
        self._devices = devices
        self._ledger = ledger
        self._counters = counters
        self.ageing_ms = ageing_ms

    async def offer(self, notification: Notification, user_ids: Sequence[UserId]) -> int:
        """Have *notification* pushed to those of *user_ids* that have devices; answers how many, once they are kept.

        Who is connected and still catches up with the inbox was not written to, and gets it there: no push.
        Raises nothing: what cannot be kept is told in the receipt, counted and logged.
        """
        now = now_ms()
        try:
            user_ids = [user_id for user_id in user_ids if not self._online(notification.client_id, user_id)]
            if user_ids and not notification.expired(now) and wants_push(notification.metadata):
                return await self._offer(notification, user_ids, now)
        except Exception:
            # a fault in pushing must not look like one in what was delivered already
            log.exception("push_fault", **notification.log_fields())
            self._counters.errors += 1
        return 0

    async def _offer(self, notification: Notification, user_ids: Sequence[UserId], now: int) -> int:
        try:
            found = await self._devices.of_users(notification.client_id, user_ids)
        except StoreUnavailable as exc:
            self._give_up([self._push(notification, user_id, now) for user_id in user_ids], exc)
            return 0
        pushes = [self._push(notification, user_id, now) for user_id in user_ids if found.get(user_id)]
        groups = [pushes[start : start + _GROUP] for start in range(0, len(pushes), _GROUP)]
        return sum([await self._enqueue(group, now) for group in groups])

    def _push(self, parent: Notification, user_id: UserId, now: int) -> Notification:
        return msgspec.structs.replace(
            parent,
            id=new_notification_id(now),
            kind=Kind.PUSH,
            channel="",
            accepted_at=now,
            due_at=now,
            order_key=order_key(now, parent.priority, self.ageing_ms),
            users=(user_id,),
            connections=(),
            parent=parent.id,
        )

    async def _enqueue(self, pushes: Sequence[Notification], now: int) -> int:
        try:
            pending = self._queue.enqueue(pushes, now=now)
        except (QueueFull, StoreUnavailable) as exc:
            self._give_up(pushes, exc)
            return 0
        count = 0
        for push, kept in zip(pushes, pending, strict=True):
            try:
                await kept.result()
            except StoreUnavailable as exc:
                self._give_up([push], exc)
            else:
                count += 1
        return count

    def _give_up(self, pushes: Sequence[Notification], problem: NotifydError) -> None:
        log.warning("push_not_kept", pushes=len(pushes), problem=problem.message, **pushes[0].log_fields())
        self._counters.pushes_failed += len(pushes)
        for push in pushes:
            self._ledger.pushed(push, pushed=0, failed=1, reason=problem.code)
