"""Inboxes against a simple model, whatever is done in whatever order, restarts and kills in between."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState
from notifyd.store.options import BrokerLimits, InboxLimits
from notifyd.store.ports import Outcome
from tests.property.inbox_model import MAX_AGE_MS, MAX_NOTIFICATIONS, Inbox
from tests.property.machine import BrokerMachine, agrees
from tests.store.samples import accept, for_users, push_of

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import Receipt
    from notifyd.store.inbox_ports import InboxInfo
    from notifyd.store.ports import Lease

    Known = tuple[list[InboxInfo], list[StreamPosition], tuple[int, int, int]]

USERS = (UserId("anna"), UserId("bert"))
LIMITS = BrokerLimits(
    inbox=InboxLimits(max_notifications=MAX_NOTIFICATIONS, max_age_seconds=MAX_AGE_MS / 1000, max_users=9)
)

USER = st.sampled_from(USERS)
SOME = st.lists(USER, min_size=1, max_size=2, unique=True)
TTL = st.sampled_from([500, 20_000, 900_000])
PICK = st.integers(0, 30)


class InboxMachine(BrokerMachine):
    """One broker, one dispatcher, two users and whoever removes them."""

    limits = LIMITS

    def __init__(self) -> None:
        super().__init__()
        self.inboxes = {user: Inbox() for user in USERS}
        #: Of those that were removed, and nobody may see again.
        self.epochs: dict[UserId, set[str]] = {user: set() for user in USERS}
        self.sent: list[Notification] = []
        #: Stamped, and neither settled nor given back.
        self.held: list[Lease] = []
        self.before: Known

    @rule(new=st.lists(st.tuples(SOME, TTL), min_size=1, max_size=3), settled=st.booleans())
    def send(self, new: list[tuple[list[UserId], int]], settled: bool) -> None:
        made = [for_users(*users, at=self.now, ttl=ttl) for users, ttl in new]
        self.sent += made
        published = self.loop.call(self._dispatch, made)
        expected = [(u, self.inboxes[u].add(one, self.now)) for one in made for u in one.users]
        assert [(p.user_id, p.inbox.offset if p.inbox else 0) for p in published] == expected
        if settled:
            self.settle(first=len(self.held) - len(made), connected=[])

    async def _dispatch(self, made: list[Notification]) -> list[Publication]:
        await accept(self.broker, *made, now=self.now)
        leases = await self.broker.queue.lease(limit=9, lease_seconds=1e6, now=self.now)
        self.held += leases
        return await self.broker.history.append(leases, now=self.now)

    @precondition(lambda self: self.held)
    @rule(first=PICK, connected=st.lists(USER, unique=True))
    def settle(self, first: int, connected: list[UserId]) -> None:
        first %= len(self.held)
        chosen, self.held[first:] = self.held[first:], []
        by_user = dict.fromkeys(connected, 2)
        self.loop.call(self._settle, [Outcome(lease, State.DISPATCHED, by_user=by_user) for lease in chosen])
        for lease in chosen:
            for user in lease.notification.users:
                for item in self.inboxes[user].items:
                    if item.notification.id == lease.notification.id:
                        item.connections = by_user.get(user, 0)

    async def _settle(self, outcomes: list[Outcome]) -> None:
        await self.broker.queue.settle(outcomes, now=self.now)

    @precondition(lambda self: self.held)
    @rule()
    def append_again(self) -> None:
        places = {item.notification.id: item.offset for inbox in self.inboxes.values() for item in inbox.items}
        again = self.loop.call(self._append, self.held)
        assert {p.notification.id for p in again} <= places.keys()
        for publication in again:
            known = self._offset(publication.user_id, publication.notification.id)
            assert publication.inbox is not None
            assert publication.inbox.offset == known

    async def _append(self, leases: list[Lease]) -> list[Publication]:
        return await self.broker.history.append(leases, now=self.now)

    def _offset(self, user: UserId, known: NotificationId) -> int | None:
        return next((item.offset for item in self.inboxes[user].items if item.notification.id == known), None)

    @rule(user=USER, offset=st.integers(0, 12))
    def prove(self, user: UserId, offset: int) -> None:
        position = StreamPosition(self._position(user).epoch, offset)
        arrived = self.broker.inbox.advance(DEFAULT_CLIENT, user, position, now=self.now)
        assert arrived == self.inboxes[user].advance(offset, self.now)

    @rule(user=USER, pick=PICK)
    def give_up(self, user: UserId, pick: int) -> None:
        kept = self.inboxes[user].kept()
        offset = kept[pick % len(kept)].offset if kept else 1
        position = StreamPosition(self._position(user).epoch, offset)
        assert self.broker.inbox.give_up(DEFAULT_CLIENT, user, position) == self.inboxes[user].give_up(offset)

    @rule(user=USER, pick=PICK)
    def arrive_late(self, user: UserId, pick: int) -> None:
        items = self.inboxes[user].items
        given_up = [item.offset for item in items if item.ended is InboxState.DEAD] or [1]
        offset = given_up[pick % len(given_up)]
        position = StreamPosition(self._position(user).epoch, offset)
        arrived = self.broker.inbox.arrived_late(DEFAULT_CLIENT, user, position, now=self.now)
        assert arrived == self.inboxes[user].arrive_late(offset)

    @rule(user=USER, offset=st.integers(0, 4), fails=st.booleans())
    def promise(self, user: UserId, offset: int, fails: bool) -> None:
        """All that has arrived is on the disk, if not at once then when there is room again."""
        self.prove(user, offset)
        if self.durability == "memory":
            assert self.broker.inbox.written().done()
            return
        self.disk_full = fails
        with suppress(StoreUnavailable):
            self.loop.call(self._promise)
        self.disk_full = False
        self.loop.call(self._promise)
        with closing(sqlite3.connect(self.state / "broker.db")) as connection:
            kept = dict(connection.execute("SELECT user, cursor FROM inboxes").fetchall())
        assert kept == {user: inbox.cursor for user, inbox in self.inboxes.items() if inbox.items}

    async def _promise(self) -> None:
        written = self.broker.inbox.written()
        await written.wait()
        assert written.done()
        assert self.broker.inbox.written().done()

    @rule(user=USER, offset=st.none() | st.integers(0, 12), limit=st.none() | st.integers(0, 3))
    def resume(self, user: UserId, offset: int | None, limit: int | None) -> None:
        inbox = self.inboxes[user]
        position = None if offset is None else StreamPosition(self._position(user).epoch, offset)
        history = self.broker.inbox.since(DEFAULT_CLIENT, user, position, now=self.now, limit=limit)
        assert history.recovered == (offset is None or inbox.floor() <= offset <= len(inbox.items))
        after = offset if history.recovered and offset is not None else inbox.cursor
        page = inbox.since(after, self.now)[:limit]
        assert [p.inbox and p.inbox.offset for p in history.publications] == page
        full = limit is not None and len(page) == limit
        last = page[-1] if full and page else after if full else len(inbox.items)
        assert len(page) + history.skipped == len([item for item in inbox.kept() if after < item.offset <= last])

    def _position(self, user: UserId) -> StreamPosition:
        return self.broker.inbox.position(DEFAULT_CLIENT, user)

    @precondition(lambda self: self.sent)
    @rule(pick=PICK, user=USER)
    def find(self, pick: int, user: UserId) -> None:
        known = self.sent[-1 - pick % len(self.sent)].id
        found = self.broker.inbox.find(DEFAULT_CLIENT, user, known)
        kept = [item.offset for item in self.inboxes[user].kept() if item.notification.id == known]
        assert ([] if found is None else [found.offset]) == kept

    @precondition(lambda self: self.sent)
    @rule(pick=PICK)
    def push(self, pick: int) -> None:
        parent = self.sent[-1 - pick % len(self.sent)]
        for user in parent.users:
            self.broker.inbox.pushed(push_of(parent, user), pushed=1, failed=0, reason="")
            for item in self.inboxes[user].items:
                item.pushed += item.notification.id == parent.id

    @precondition(lambda self: self.sent)
    @rule(pick=PICK)
    def ask(self, pick: int) -> None:
        parent = self.sent[-1 - pick % len(self.sent)]
        receipt = self.loop.call(self._receipt, parent)
        assert receipt is not None
        told = [(row.user_id, row.state, row.offset, row.connections, row.pushed) for row in receipt.users]
        expected = [
            (user, self.inboxes[user].state(item, self.now), item.offset, item.connections, item.pushed)
            for user in parent.users
            for item in self.inboxes[user].items
            if item.notification.id == parent.id
        ]
        assert told == expected

    async def _receipt(self, parent: Notification) -> Receipt | None:
        if self.durability != "memory":
            await self.commit_all()
        return await self.broker.receipts.find(None, parent.id)

    @rule(user=USER)
    def remove(self, user: UserId) -> None:
        self.epochs[user].add(self._position(user).epoch)
        known = bool(self.inboxes[user].items)
        assert self.loop.call(self._forget, user) == known
        self.inboxes[user] = Inbox()
        if not known:
            self.epochs[user].discard(self._position(user).epoch)

    async def _forget(self, user: UserId) -> int:
        return await self.broker.inbox.forget(DEFAULT_CLIENT, user)

    @rule(milliseconds=st.sampled_from([1, 700, 30_000, 61_000]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        expected = sum(inbox.trim(self.now) for inbox in self.inboxes.values())
        assert self.loop.call(partial(self.broker.inbox.trim, now=self.now)) == expected

    def stopping(self) -> None:
        self.before = self._known()

    def dying(self) -> None:
        self.before = self._known()

    def started(self) -> None:
        assert self._known() == self.before
        self.held = self.loop.call(partial(self.broker.queue.lease, limit=99, lease_seconds=1e6, now=self.now))

    def _known(self) -> Known:
        positions = [self._position(user) for user in USERS]
        return self.loop.call(partial(self.broker.inbox.inboxes)), positions, self.broker.inbox.usage()

    @invariant()
    def counts_agree(self) -> None:
        if not self.opened:
            return
        kept = {user: inbox for user, inbox in self.inboxes.items() if inbox.items}
        assert self.broker.inbox.usage()[:2] == (len(kept), sum(len(inbox.kept()) for inbox in kept.values()))
        for info in self.loop.call(partial(self.broker.inbox.inboxes)):
            inbox = kept[info.user_id]
            assert (info.position.offset, info.cursor) == (len(inbox.items), inbox.cursor)
            assert info.undelivered == len([item for item in inbox.kept() if item.offset > inbox.cursor])
            assert info.position.epoch not in self.epochs[info.user_id]


class JournalledInboxMachine(InboxMachine):
    durability = "os"


@pytest.mark.parametrize("machine", [InboxMachine, JournalledInboxMachine], ids=["memory", "journal"])
@pytest.mark.parametrize("examples", [5, pytest.param(120, marks=[pytest.mark.slow, pytest.mark.long])])
def test_inboxes_agree_with_the_model(machine: type[InboxMachine], examples: int) -> None:
    agrees(machine, examples)
