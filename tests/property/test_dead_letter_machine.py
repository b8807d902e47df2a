"""Dead letters, acks and timelines against a model, whatever is done in whatever order, with kills and a full disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from notifyd.errors import Conflict, StoreUnavailable
from notifyd.model.notification import Notification, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.options import BrokerLimits, DeadLetterLimits, ReceiptLimits
from notifyd.store.ports import Outcome
from tests.property.machine import BrokerMachine, agrees
from tests.store.samples import letter, notification

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import DeadLetterId, NotificationId

MAX_COUNT = 3
MAX_AGE_MS = 60_000
MAX_EVENTS = 4

PICK = st.integers(0, 9)
REASON = st.sampled_from(["fault", "nacked"])


class Known(msgspec.Struct):
    """What the model knows of one notification."""

    notification: Notification
    state: State = State.WAITING
    acked: int = 0
    #: Acks and deaths that are told.
    events: int = 0

    def note(self) -> None:
        self.events = min(self.events + 1, MAX_EVENTS)


class DeadLetterMachine(BrokerMachine):
    """Deliveries that fail, receivers that ack, and an operator who puts back and drops."""

    limits = BrokerLimits(
        dead_letters=DeadLetterLimits(max_count=MAX_COUNT, max_age_seconds=MAX_AGE_MS / 1000),
        receipts=ReceiptLimits(max_events=MAX_EVENTS),
    )

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[NotificationId, Known] = {}
        #: In the order of death.
        self.letters: dict[DeadLetterId, DeadLetter] = {}

    def _waiting(self) -> list[Known]:
        return [each for each in self.known.values() if each.state is State.WAITING]

    def _keep(self, dead: DeadLetter) -> None:
        self.letters[dead.id] = dead
        self.letters = dict(sorted(self.letters.items(), key=lambda item: (item[1].died_at, item[0])))
        self._trim()

    def _trim(self) -> None:
        self.letters = {i: each for i, each in self.letters.items() if each.died_at > self.now - MAX_AGE_MS}
        while len(self.letters) > MAX_COUNT:
            del self.letters[next(iter(self.letters))]

    def _letter(self, pick: int) -> DeadLetter:
        return list(self.letters.values())[pick % len(self.letters)]

    @precondition(lambda self: self.opened and not self.disk_full and len(self.known) < 6)
    @rule()
    def publish(self) -> None:
        one = notification(at=self.now)
        self.loop.call(self._publish, one)
        self.known[one.id] = Known(one)

    async def _publish(self, one: Notification) -> None:
        await self.broker.queue.enqueue([one], now=self.now)[0].result()

    @precondition(lambda self: self._waiting() and not self.disk_full)
    @rule()
    def dispatch(self) -> None:
        self.loop.call(self._dispatch)
        for each in self._waiting():
            each.state = State.DISPATCHED

    async def _dispatch(self) -> None:
        leases = await self.broker.queue.lease(limit=99, lease_seconds=30, now=self.now)
        await self.broker.history.append(leases, now=self.now)
        await self.broker.queue.settle([Outcome(lease, State.DISPATCHED) for lease in leases], now=self.now)

    @precondition(lambda self: self._waiting())
    @rule(reason=REASON)
    def give_up(self, reason: str) -> None:
        given_up = self.loop.call(self._give_up, reason)
        known = self.known[given_up]
        known.state = State.DEAD
        known.note()
        self._keep(msgspec.structs.replace(letter(known.notification, at=self.now, reason=reason), attempts=1))

    async def _give_up(self, reason: str) -> NotificationId:
        (held,) = await self.broker.queue.lease(limit=1, lease_seconds=30, now=self.now)
        await self.broker.queue.settle([Outcome(held, State.DEAD, reason=reason, error="it failed")], now=self.now)
        return held.notification.id

    @precondition(lambda self: self.known)
    @rule(pick=PICK, reason=REASON)
    def one_receiver_does_not_ack(self, pick: int, reason: str) -> None:
        one = list(self.known.values())[pick % len(self.known)].notification
        dead = letter(one, at=self.now, reason=reason)
        dead = msgspec.structs.replace(dead, id=f"{one.id}.{pick % 2}")
        self.loop.call(self._add, dead)
        self._keep(dead)

    async def _add(self, dead: DeadLetter) -> None:
        self.broker.dead_letters.add([dead], now=self.now)

    @precondition(lambda self: self.letters)
    @rule(pick=PICK)
    def put_back(self, pick: int) -> None:
        dead = self._letter(pick)
        known = self.known[dead.notification.id]
        try:
            self.loop.call(self._put_back, dead)
        except Conflict:
            assert known.state is State.WAITING
        except StoreUnavailable:
            assert self.disk_full
            self._trim()
        else:
            assert not self.disk_full
            known.state = State.WAITING
            del self.letters[dead.id]

    async def _put_back(self, dead: DeadLetter) -> None:
        await self.broker.dead_letters.requeue([dead], [dead.notification], now=self.now)[0].result()

    @precondition(lambda self: self.letters)
    @rule(pick=PICK)
    def drop(self, pick: int) -> None:
        dead = self._letter(pick)
        try:
            self.loop.call(self._drop, dead)
        except StoreUnavailable:
            assert self.disk_full
            self._trim()
        else:
            assert not self.disk_full
            del self.letters[dead.id]

    async def _drop(self, dead: DeadLetter) -> None:
        assert await self.broker.dead_letters.remove([dead.id]) == [dead.id]

    @precondition(lambda self: self.known)
    @rule(pick=PICK)
    def ack(self, pick: int) -> None:
        known = list(self.known.values())[pick % len(self.known)]
        self.loop.call(self._ack, known)
        known.acked += 1
        known.note()

    async def _ack(self, known: Known) -> None:
        self.broker.receipts.note(known.notification.id, TimelineEvent(self.now, Happening.ACKED), acked=1)

    @precondition(lambda self: self.opened)
    @rule(milliseconds=st.sampled_from([1, 20_000, MAX_AGE_MS]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.loop.call(self._trim_letters)
        self._trim()

    async def _trim_letters(self) -> None:
        await self.broker.dead_letters.trim(now=self.now)

    @precondition(lambda self: self.opened and self.durability != "memory")
    @rule()
    def tick(self) -> None:
        self.loop.call(self._tick)

    async def _tick(self) -> None:
        self._local().upkeep.trim(now=self.now)

    @precondition(lambda self: self.durability != "memory")
    @rule(full=st.booleans())
    def fill_the_disk(self, full: bool) -> None:
        self.disk_full = full

    def stopping(self) -> None:
        self.disk_full = False

    @precondition(lambda self: self.durability != "memory" and not self.disk_full)
    @rule()
    def kill(self) -> None:
        super().kill()

    @precondition(lambda self: self.durability != "memory" and self.letters and not self.disk_full)
    @rule(pick=PICK)
    def kill_while_it_is_put_back(self, pick: int) -> None:
        dead = self._letter(pick)
        known = self.known[dead.notification.id]
        if known.state is State.WAITING:
            return
        self.killed(self.loop.call(self._put_back_and_die, dead))
        if self.loop.call(partial(self.broker.dead_letters.find, None, dead.id)) is None:
            known.state = State.WAITING
            del self.letters[dead.id]

    async def _put_back_and_die(self, dead: DeadLetter) -> Path:
        await self.commit_all()
        self.broker.dead_letters.requeue([dead], [dead.notification], now=self.now)
        return await self.leave_behind()

    @invariant()
    def letters_agree(self) -> None:
        if self.opened:
            wanted = list(self.letters.values())
            letters = self.broker.dead_letters
            assert self.loop.call(partial(letters.letters, DeadLetterQuery(), limit=99, oldest_first=True)) == wanted
            assert letters.usage() == (len(wanted), sum(each.size() for each in wanted))
            faults = sum(each.reason == "fault" for each in wanted)
            assert self.loop.call(letters.count, DeadLetterQuery(reason="fault")) == faults

    @invariant()
    def receipts_agree(self) -> None:
        if self.opened:
            for each in self.known.values():
                assert self.loop.call(self._found, each) == (each.state, each.acked, each.events)

    async def _found(self, known: Known) -> tuple[State, int, int]:
        receipt = await self.broker.receipts.find(None, known.notification.id)
        assert receipt is not None
        told = [event for event in receipt.timeline if event.happening in (Happening.ACKED, Happening.DEAD)]
        if receipt.state is State.DEAD and known.events == MAX_EVENTS:
            # the last death is told by the receipt itself, where there was no room to note it
            told = told[:MAX_EVENTS]
        return receipt.state, receipt.acked, len(told)


class JournalledDeadLetterMachine(DeadLetterMachine):
    durability = "os"


@pytest.mark.parametrize("machine", [DeadLetterMachine, JournalledDeadLetterMachine], ids=["memory", "journal"])
@pytest.mark.parametrize("examples", [5, pytest.param(30, marks=[pytest.mark.slow, pytest.mark.long])])
def test_dead_letters_and_receipts_agree_with_a_model(machine: type[DeadLetterMachine], examples: int) -> None:
    agrees(machine, examples)
