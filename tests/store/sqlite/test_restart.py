"""What is still there after a stop, a kill and a loss of power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.store.local import assemble
from notifyd.store.options import BrokerLimits, HistoryLimits
from notifyd.store.ports import Outcome
from tests.store.conftest import Start, killed
from tests.store.samples import HOUR, T0, accept, dispatch, idempotency, notification, offsets, publish

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.store.ports import Broker


async def leased_ids(broker: Broker, now: int = T0) -> list[NotificationId]:
    return [lease.notification.id for lease in await broker.queue.lease(limit=1000, lease_seconds=30, now=now)]


def head(broker: Broker, channel: str = "orders") -> StreamPosition:
    return broker.history.position(DEFAULT_CLIENT, channel)


async def test_what_waited_waits_in_the_same_order(start: Start) -> None:
    low, high, later = notification(priority=1), notification(priority=9), notification(delay=1000)
    async with start() as broker:
        await accept(broker, low, high, later)
    async with start() as broker:
        assert broker.queue.stats(now=T0).scheduled == 1
        leases = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
        assert [lease.notification for lease in leases] == [high, low]
        assert await leased_ids(broker, now=T0 + 1000) == [later.id]


async def test_what_ended_does_not_come_back(start: Start) -> None:
    async with start() as broker:
        await publish(broker, notification(), notification(kind=Kind.BROADCAST))
        (cancelled, _) = await accept(broker, notification(), notification())
        await broker.queue.cancel(None, cancelled, now=T0)
        await broker.queue.clear(None, now=T0)
    async with start() as broker:
        assert broker.queue.stats(now=T0).waiting == 0


async def test_what_was_given_up_stays_left_out(start: Start) -> None:
    async with start() as broker:
        (first,) = await publish(broker, notification())
        await accept(broker, notification())
        held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        await broker.history.append(held, now=T0)
        await broker.queue.settle([Outcome(held[0], State.DEAD)], now=T0)
        (last,) = await publish(broker, notification())
    async with start() as broker:
        history = broker.history.since(DEFAULT_CLIENT, "orders", StreamPosition(first.epoch, 0), now=T0)
        assert (history.publications, history.recovered, history.skipped) == ([first, last], True, 1)


async def test_positions_go_on_where_they_were(start: Start) -> None:
    async with start() as broker:
        published = await publish(broker, *[notification() for _ in range(3)])
        unseen = head(broker, "unseen")
    async with start() as broker:
        history = broker.history.since(DEFAULT_CLIENT, "orders", StreamPosition(published[0].epoch, 1), now=T0)
        assert (history.recovered, history.publications) == (True, published[1:])
        assert head(broker, "unseen") == unseen
        assert offsets(await publish(broker, notification())) == [4]


async def test_receipts_are_found_in_the_journal(start: Start) -> None:
    async with start() as broker:
        (done,) = await accept(broker, notification())
        await dispatch(broker, delivered=7, now=T0 + 5)
        (cancelled,) = await accept(broker, notification())
        await broker.queue.cancel(None, cancelled, now=T0 + 6)
        before = [await broker.receipts.find(None, known) for known in (done, cancelled)]
    async with start() as broker:
        assert [await broker.receipts.find(None, known) for known in (done, cancelled)] == before
        assert before[0] is not None
        assert (before[0].state, before[0].delivered, before[0].offset) == (State.DISPATCHED, 7, 1)
        assert await broker.receipts.find(None, NotificationId("unknown")) is None


async def test_what_was_stamped_and_not_dispatched_is_dispatched_after_a_stop(start: Start) -> None:
    async with start() as broker:
        await publish(broker, notification())
        await accept(broker, notification(), notification())
        leases = await broker.queue.lease(limit=2, lease_seconds=30, now=T0)
        stamped = await broker.history.append(leases, now=T0)
        await broker.queue.settle([Outcome(leases[0], State.DISPATCHED)], now=T0)
    for settled in (False, True):
        async with start() as broker:
            urgent = notification(priority=10)
            await accept(broker, urgent)
            leases = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
            again = await broker.history.append(leases, now=T0)
            # in its old place, and before everything that was never stamped
            assert again[0] == stamped[1]
            assert again[-1].notification == urgent
            receipt = await broker.receipts.find(None, stamped[1].notification.id)
            assert receipt is not None
            assert receipt.state is State.WAITING
            if settled:
                await broker.queue.settle([Outcome(lease, State.DISPATCHED) for lease in leases], now=T0)
    async with start() as broker:
        assert await leased_ids(broker) == []
        history = broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0)
        assert offsets(history.publications) == [1, 2, 3, 4, 5]
        assert await broker.upkeep.purge(now=T0 + 48 * HOUR) == 0


async def test_an_idempotency_key_outlives_a_restart(start: Start) -> None:
    async with start() as broker:
        (first,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        accepted = await first.result()
    async with start() as broker:
        (again,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        assert again.done()
        assert (await again.result()).id == accepted.id
        assert broker.queue.stats(now=T0).waiting == 1


@pytest.mark.parametrize("paused", [True, False])
async def test_a_pause_outlives_a_restart(start: Start, paused: bool) -> None:
    async with start() as broker:
        await broker.queue.pause()
        if not paused:
            await broker.queue.resume()
    async with start() as broker:
        assert broker.queue.stats(now=T0).paused is paused


async def test_a_kill_loses_nothing_that_was_accepted(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        published = await publish(broker, notification(), notification())
        accepted = await accept(broker, notification(), notification())
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert await leased_ids(broker) == accepted
        history = broker.history.since(DEFAULT_CLIENT, "orders", StreamPosition(published[0].epoch, 0), now=T0)
        assert (history.recovered, history.publications) == (True, published)


async def test_a_stamp_before_a_kill_is_kept_and_not_given_again(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        await accept(broker, notification())
        leases = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        (stamped,) = await broker.history.append(leases, now=T0)
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert await leased_ids(broker) == []
        assert broker.history.latest(DEFAULT_CLIENT, "orders", limit=1, now=T0).publications == [stamped]
        assert offsets(await publish(broker, notification())) == [2]


async def test_a_lease_before_a_kill_is_given_back(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        accepted = await accept(broker, notification())
        await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert await leased_ids(broker) == accepted


@pytest.mark.usefixtures("other_boot")
async def test_a_clean_stop_before_a_boot_keeps_the_epoch(start: Start) -> None:
    async with start() as broker:
        await publish(broker, notification())
        before = head(broker)
    async with start() as broker:
        assert head(broker) == before


@pytest.mark.parametrize("boot", ["another boot", ""])
async def test_a_loss_of_power_changes_the_epoch(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str
) -> None:
    async with start() as broker:
        (published,) = await publish(broker, notification())
        accepted = await accept(broker, notification(delay=1000))
        copy = killed(tmp_path)
    monkeypatch.setattr(assemble, "boot_id", lambda: boot)
    async with start(copy) as broker:
        old = StreamPosition(published.epoch, 1)
        history = broker.history.since(DEFAULT_CLIENT, "orders", old, now=T0)
        assert not history.recovered
        assert history.position.epoch != published.epoch
        # rows are kept, and the numbering goes on in the new epoch
        assert offsets(broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0).publications) == [1]
        assert offsets(await publish(broker, notification())) == [2]
        assert await leased_ids(broker, now=T0 + 1000) == accepted


async def test_two_kills_in_one_boot_keep_the_epoch(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        before = (await publish(broker, notification()))[0].epoch
        copy = killed(tmp_path)
    async with start(copy) as broker:
        (tmp_path / "state").rename(tmp_path / "old")
        copy.rename(tmp_path / "state")
        again = killed(tmp_path)
        assert head(broker).epoch == before
    async with start(again) as broker:
        assert head(broker) == StreamPosition(before, 1)


async def test_a_forgotten_channel_is_not_taken_up_again(start: Start, tmp_path: Path) -> None:
    limits = BrokerLimits(history=HistoryLimits(max_channels=2))
    async with start(limits=limits) as broker:
        (first,) = await publish(broker, notification("a"))
        await publish(broker, notification("b"), notification("c"))
        # travels with the next transaction
        await accept(broker, notification("c", delay=1000))
        copy = killed(tmp_path)
    async with start(copy, limits=limits) as broker:
        assert [info.channel for info in await broker.history.channels()] == ["b", "c"]
        (second,) = await publish(broker, notification("a"))
        assert second.offset == 1
        assert second.epoch != first.epoch
        receipt = await broker.receipts.find(None, first.notification.id)
        assert receipt is not None
        assert (receipt.epoch, receipt.offset) == ("", 0)


async def test_tighter_bounds_are_kept_at_a_restart(start: Start) -> None:
    async with start() as broker:
        published = await publish(broker, *[notification() for _ in range(5)])
    async with start(limits=BrokerLimits(history=HistoryLimits(max_publications=2))) as broker:
        assert broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0).publications == published[3:]
        assert head(broker).offset == 5
    size = published[0].notification.size()
    async with start(limits=BrokerLimits(history=HistoryLimits(max_bytes=3 * size))) as broker:
        assert broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0).publications == published[2:]


async def test_a_busy_channel_does_not_crowd_out_a_quiet_one(start: Start) -> None:
    size = notification("quiet").size()
    limits = BrokerLimits(history=HistoryLimits(max_publications=2, max_bytes=5 * size))
    async with start(limits=limits) as broker:
        quiet = await publish(broker, notification("quiet"), notification("quiet"))
        await publish(broker, *[notification("busy") for _ in range(1200)])
    async with start(limits=limits) as broker:
        assert broker.history.latest(DEFAULT_CLIENT, "quiet", limit=9, now=T0).publications == quiet
        assert broker.history.usage()[1] == 4


async def test_publications_over_age_stay_away(start: Start) -> None:
    async with start() as broker:
        await publish(broker, notification(at=T0 - 2000), now=T0 - 2000)
    async with start(limits=BrokerLimits(history=HistoryLimits(max_age_seconds=1))) as broker:
        assert broker.history.usage() == (1, 0, 0)
        assert head(broker).offset == 1


async def test_what_waits_over_a_stop_ages_from_its_stamp(start: Start) -> None:
    limits = BrokerLimits(history=HistoryLimits(max_age_seconds=3600))
    async with start(limits=limits) as broker:
        await accept(broker, notification(at=T0 - 2 * HOUR), notification("new"))
        held = await broker.queue.lease(limit=2, lease_seconds=30, now=T0)
        over_age = [lease for lease in held if lease.notification.channel == "orders"]
        await broker.history.append(over_age, now=T0 - 2 * HOUR)
        await broker.history.append(held, now=T0 - HOUR // 2)
    async with start(limits=limits) as broker:
        (_, orders) = sorted(await broker.history.channels(), key=lambda info: info.channel)
        assert orders.publications == 0
        assert await broker.history.trim(now=T0 + HOUR // 2) == 1


async def test_what_was_settled_late_is_no_younger_than_what_follows_it(start: Start) -> None:
    async with start() as broker:
        await accept(broker, notification(), notification())
        first, second = await broker.queue.lease(limit=2, lease_seconds=9000, now=T0)
        await broker.history.append([first, second], now=T0)
        await broker.queue.settle([Outcome(first, State.DISPATCHED, delivered=1)], now=T0 + HOUR)
    async with start(limits=BrokerLimits(history=HistoryLimits(max_age_seconds=3600))) as broker:
        assert await broker.history.trim(now=T0 + HOUR) == 2
