"""Histories against a simple model, whatever is done in whatever order, restarts, kills and purges in between."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.store.options import BrokerLimits, HistoryLimits, HistoryRule, ReceiptLimits
from notifyd.store.ports import Outcome
from tests.property.history_model import BOUNDS, MAX_BYTES, MAX_CHANNELS, Histories
from tests.property.machine import BrokerMachine, agrees
from tests.store.samples import accept, notification

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.model.publication import Publication
    from notifyd.store.history_ports import History
    from notifyd.store.ports import Lease
    from tests.property.history_model import Channel, Stamped

NAME = st.sampled_from(sorted(BOUNDS))
TTL = st.sampled_from([500, 25_000, 900_000])
SIZE = st.sampled_from([1, 700])
PICK = st.integers(0, 30)
OFFSET = st.integers(0, 9)
LIMIT = st.none() | st.integers(0, 4)


class HistoryMachine(BrokerMachine):
    """One dispatcher, and subscribers who come back."""

    limits = BrokerLimits(
        history=HistoryLimits(
            max_publications=5,
            max_age_seconds=60,
            max_bytes=MAX_BYTES,
            max_channels=MAX_CHANNELS,
            rules=(HistoryRule("short", max_publications=2), HistoryRule("brief", max_age_seconds=20)),
        ),
        receipts=ReceiptLimits(max_age_seconds=30),
    )

    def __init__(self) -> None:
        super().__init__()
        self.model = Histories()
        #: Of what was numbered and forgotten: nothing else may be in it.
        self.spent: dict[str, set[str]] = {name: set() for name in BOUNDS}
        #: Stamped, and neither settled nor given back.
        self.held: list[Lease] = []

    @rule(name=NAME, ttls=st.lists(TTL, min_size=1, max_size=3), size=SIZE, settled=st.booleans())
    def publish(self, name: str, ttls: list[int], size: int, settled: bool) -> None:
        # no two channels have their last publication at the same instant
        self.wait(1)
        made = [notification(name, at=self.now, ttl=ttl, data=b'"%s"' % (b"x" * size)) for ttl in ttls]
        epoch = self._position(name).epoch
        known = dict(self.model.channels)
        expected = [self.model.stamp(one, epoch, self.now) for one in made]
        self._forget_surplus(known)
        assert epoch not in self.spent[name]
        published = self.loop.call(self._dispatch, made)
        assert [(p.epoch, p.offset) for p in published] == [(epoch, offset) for offset in expected]
        if settled:
            self._settle(self.held[-len(made) :], State.DISPATCHED)

    def _forget_surplus(self, known: dict[str, Channel]) -> None:
        self.model.evict()
        for gone in known.keys() - self.model.channels.keys():
            self.spent[gone].add(known[gone].epoch)

    async def _dispatch(self, made: list[Notification]) -> list[Publication]:
        await accept(self.broker, *made, now=self.now)
        leases = await self.broker.queue.lease(limit=9, lease_seconds=1e6, now=self.now)
        self.held += leases
        return await self.broker.history.append(leases, now=self.now)

    @precondition(lambda self: self.held)
    @rule(pick=PICK, state=st.sampled_from([State.DISPATCHED, State.DEAD, State.EXPIRED]))
    def settle(self, pick: int, state: State) -> None:
        self._settle([self.held[pick % len(self.held)]], state)

    def _settle(self, leases: list[Lease], state: State) -> None:
        self.loop.call(self._settled, [Outcome(lease, state, reason="fault") for lease in leases])
        self.held = [lease for lease in self.held if lease not in leases]
        for lease in leases:
            one = self.model.find(lease.notification.id)
            if one is not None:
                one.given_up = state is State.DEAD
                if one.carried_over or state is not State.DISPATCHED:
                    one.row_at = self.now

    async def _settled(self, outcomes: list[Outcome]) -> None:
        await self.broker.queue.settle(outcomes, now=self.now)

    @precondition(lambda self: self.held)
    @rule()
    def append_again(self) -> None:
        for lease in self.held:
            # one by one, so that no two channels have their last publication at the same instant
            self.wait(1)
            (publication,) = self.loop.call(self._append, lease)
            self._has_its_place(publication)

    def _has_its_place(self, publication: Publication) -> None:
        """The one that it had; only where its channel was forgotten, and the broker started since, another one."""
        name, one = publication.notification.channel, self.model.find(publication.notification.id)
        if one is not None:
            assert (publication.epoch, publication.offset) == (self.model.channels[name].epoch, one.offset)
        elif publication.epoch not in self.spent[name]:
            known = dict(self.model.channels)
            offset = self.model.stamp(publication.notification, publication.epoch, self.now)
            self._forget_surplus(known)
            assert publication.offset == offset

    async def _append(self, lease: Lease) -> list[Publication]:
        return await self.broker.history.append([lease], now=self.now)

    @rule(name=NAME, offset=OFFSET, limit=LIMIT, past=st.booleans())
    def resume(self, name: str, offset: int, limit: int | None, past: bool) -> None:
        newest, spent = self._position(name), sorted(self.spent[name])
        epoch = spent[0] if past and spent else newest.epoch
        history = self.broker.history.since(
            DEFAULT_CLIENT, name, StreamPosition(epoch, offset), now=self.now, limit=limit
        )
        assert history.position == newest
        channel = self.model.channels.get(name)
        if channel is None:
            assert history.recovered == (offset == 0 and epoch == newest.epoch)
            assert history.publications == []
            return
        head = len(channel.stamped)
        assert history.recovered == (epoch == channel.epoch and head - channel.count <= offset <= head)
        self._is_page(history, channel.stamped[offset:] if history.recovered else [], limit)

    @rule(name=NAME, offset=OFFSET, limit=st.integers(1, 3))
    def page_through(self, name: str, offset: int, limit: int) -> None:
        """Page by page one finds what one finds at once."""
        position = StreamPosition(self._position(name).epoch, offset)
        whole = self.broker.history.since(DEFAULT_CLIENT, name, position, now=self.now)
        found: list[Publication] = []
        while whole.recovered:
            page = self.broker.history.since(DEFAULT_CLIENT, name, position, now=self.now, limit=limit)
            assert page.recovered
            found += page.publications
            if len(page.publications) < limit:
                break
            position = StreamPosition(position.epoch, page.publications[-1].offset)
        assert found == whole.publications

    @rule(name=NAME, limit=st.integers(0, 4), before=st.none() | OFFSET)
    def look_back(self, name: str, limit: int, before: int | None) -> None:
        history = self.broker.history.latest(DEFAULT_CLIENT, name, limit=limit, before_offset=before, now=self.now)
        channel = self.model.channels.get(name)
        kept = [] if channel is None else channel.kept()
        alive = [one.offset for one in kept if one.alive(self.now) and (before is None or one.offset < before)]
        assert [p.offset for p in history.publications] == (alive[-limit:] if limit else [])

    def _is_page(self, history: History, newer: list[Stamped], limit: int | None) -> None:
        alive = [one for one in newer if one.alive(self.now)]
        page = alive if limit is None else alive[:limit]
        assert [(p.notification.id, p.offset) for p in history.publications] == [
            (one.notification.id, one.offset) for one in page
        ]
        full = limit is not None and len(page) == limit
        looked_at = newer.index(page[-1]) + 1 if full and page else 0 if full else len(newer)
        assert history.skipped == looked_at - len(page)

    @rule(milliseconds=st.sampled_from([700, 19_000, 61_000]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        assert self.loop.call(partial(self.broker.history.trim, now=self.now)) == self.model.trim(self.now)

    def stopping(self) -> None:
        for lease in self.held:
            channel = self.model.channels.get(lease.notification.channel)
            one = self.model.find(lease.notification.id)
            if channel is not None and one is not None:
                one.carried_over = True
                one.row_at = one.at if one in channel.kept() else 0

    def started(self) -> None:
        for channel in self.model.channels.values():
            channel.restart()
        left = {name: channel.left(self.now) for name, channel in self.model.channels.items()}
        # where not all fits in, the newest come back, and not those that go last
        fits = sum(one.notification.size() for run in left.values() for one in run) <= MAX_BYTES
        for info in self.loop.call(partial(self.broker.history.channels)):
            channel = self.model.channels[info.channel]
            least = channel.within_age(self.now) if fits else 0
            # what went for want of room may be back
            assert least <= info.publications <= len(left[info.channel])
            channel.count = info.publications
        assert self.model.size_bytes() <= MAX_BYTES
        self.model.restart()
        self.loop.call(self._lease_again)

    async def _lease_again(self) -> None:
        held = {lease.notification.id for lease in self.held}
        self.held = await self.broker.queue.lease(limit=99, lease_seconds=1e6, now=self.now)
        assert {lease.notification.id for lease in self.held} <= held

    def _position(self, name: str) -> StreamPosition:
        return self.broker.history.position(DEFAULT_CLIENT, name)

    @invariant()
    def counts_agree(self) -> None:
        if not self.opened:
            return
        channels: list[Channel] = sorted(self.model.channels.values(), key=lambda channel: channel.name)
        told = [
            (i.channel, i.position, i.publications, i.last_at)
            for i in self.loop.call(partial(self.broker.history.channels))
        ]
        assert told == [
            (c.name, StreamPosition(c.epoch, len(c.stamped)), c.count, c.kept()[-1].at if c.count else 0)
            for c in channels
        ]
        counts = (len(channels), sum(c.count for c in channels), self.model.size_bytes())
        assert self.broker.history.usage() == counts


class JournalledHistoryMachine(HistoryMachine):
    durability = "os"


@pytest.mark.parametrize("machine", [HistoryMachine, JournalledHistoryMachine], ids=["memory", "journal"])
@pytest.mark.parametrize("examples", [5, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.long])])
def test_histories_agree_with_the_model(machine: type[HistoryMachine], examples: int) -> None:
    agrees(machine, examples)
