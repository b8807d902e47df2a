"""Waiting for what becomes of a notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import trio

from notifyd.clock import now_ms
from notifyd.errors import Draining, Exhausted
from notifyd.model.receipt import Receipt
from notifyd.policy.publishing.waiting import Until, Verdict, acks_of, verdict_of, wanted_acks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.model.ids import ClientId
    from notifyd.service.publishing.notifications import Notifications
    from notifyd.store.delivery_ports import ReceiptStore

#: A change whose doorbell was missed is noticed after this, and so is an expiry, which rings none.
_POLL_SECONDS: Final = 1.0


class Wait(msgspec.Struct, frozen=True):
    """What to wait for."""

    until: Until
    timeout_seconds: float
    #: With ACKED: how many acks; None: one, or every user of a notification to users.
    acks: int | None = None


class Sight(msgspec.Struct, frozen=True):
    """The receipt at one moment of a wait."""

    receipt: Receipt
    #: Acks that are there, and that are waited for.
    acked: int
    wanted: int
    #: None while it goes on.
    verdict: Verdict | None


class Waiting:
    """Watches receipts for a bounded number of callers."""

    def __init__(self, notifications: Notifications, receipts: ReceiptStore, *, max_waiters: int) -> None:
        self._notifications = notifications
        self._receipts = receipts
        self.max_waiters = max_waiters
        self._draining = False
        self._waits: set[trio.CancelScope] = set()

    @property
    def waiters(self) -> int:
        """How many wait now."""
        return len(self._waits)

    def drain(self) -> None:
        """The daemon goes down and dispatches nothing more: end every wait, and refuse new ones."""
        self._draining = True
        for scope in list(self._waits):
            scope.cancel()

    async def watch(
        self,
        client_id: ClientId | None,
        notification_id: str,
        wait: Wait,
        tell: Callable[[Sight], Awaitable[None]] | None = None,
    ) -> Sight:
        """Wait, and answer how it ended; *tell* is given the receipt at once and each time that it has changed.

        A client sees its own; None stands for an operator, who sees all.

        Raises:
            NotFound: unknown, forgotten meanwhile, or of another client.
            Exhausted: as many wait as may.
            Draining: the daemon goes down.
        """
        if self.waiters >= self.max_waiters:
            problem = f"{self.max_waiters} callers wait already, which is the limit (receipts.max_waiters)"
            raise Exhausted(problem, code="too_many_waiters", retry_after_seconds=1)
        with trio.CancelScope() as scope:
            self._waits.add(scope)
            try:
                if not self._draining:
                    return await self._watch(client_id, notification_id, wait, tell)
            finally:
                self._waits.discard(scope)
        # reached only when the daemon goes down
        raise Draining("the daemon is shutting down: ask again later", retry_after_seconds=2)

    async def _watch(
        self,
        client_id: ClientId | None,
        notification_id: str,
        wait: Wait,
        tell: Callable[[Sight], Awaitable[None]] | None,
    ) -> Sight:
        deadline = trio.current_time() + wait.timeout_seconds
        before: Sight | None = None
        while True:
            receipt = await self._notifications.receipt(client_id, notification_id)
            sight = _sight(receipt, wait, late=trio.current_time() >= deadline)
            if sight != before and tell is not None:
                await tell(sight)
            if sight.verdict is not None:
                return sight
            before = sight
            # what has changed since the receipt was read, while it was told perhaps, is seen by the poll
            with trio.move_on_at(min(deadline, trio.current_time() + _POLL_SECONDS)):
                await self._receipts.changed(receipt.id)


def _sight(receipt: Receipt, wait: Wait, *, late: bool) -> Sight:
    wanted = wanted_acks(receipt, wait.acks)
    verdict = verdict_of(receipt, wait.until, wanted=wanted, now=now_ms())
    if verdict is None and late:
        verdict = Verdict.TIMED_OUT
    return Sight(receipt, acks_of(receipt), wanted, verdict)
