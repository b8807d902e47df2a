"""What users are still owed after a stop, a kill and a loss of power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.receipt import InboxState
from notifyd.store.local import assemble
from notifyd.store.options import BrokerLimits, HistoryLimits, InboxLimits
from notifyd.store.ports import Lane, Outcome
from tests.store.conftest import Start, killed
from tests.store.samples import T0, accept, dispatch, for_users, notification, publish, push_of

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import UserReceipt
    from notifyd.store.ports import Broker

ANNA, BERT = UserId("anna"), UserId("bert")
FEW = BrokerLimits(inbox=InboxLimits(max_notifications=2))


def owed(broker: Broker, user: UserId = ANNA) -> list[Publication]:
    return broker.inbox.since(DEFAULT_CLIENT, user, now=T0).publications


def head(broker: Broker, user: UserId = ANNA) -> StreamPosition:
    return broker.inbox.position(DEFAULT_CLIENT, user)


def advance(broker: Broker, offset: int, user: UserId = ANNA) -> int:
    return broker.inbox.advance(DEFAULT_CLIENT, user, replace(head(broker, user), offset=offset), now=T0)


async def rows(broker: Broker, notification_id: NotificationId) -> tuple[UserReceipt, ...]:
    receipt = await broker.receipts.find(None, notification_id)
    assert receipt is not None
    return receipt.users


async def written(broker: Broker) -> None:
    """See that everything that waits for company is journalled."""
    broker.upkeep.trim(now=T0)  # type: ignore[attr-defined]
    await accept(broker, notification(delay=1000))


async def test_inboxes_go_on_where_they_were(start: Start) -> None:
    async with start() as broker:
        published = await publish(broker, for_users(ANNA), for_users(ANNA, BERT, connections=["c1"]))
        advance(broker, 1)
        before = await broker.inbox.inboxes(), broker.inbox.usage(), head(broker, UserId("unseen"))
    async with start() as broker:
        assert (await broker.inbox.inboxes(), broker.inbox.usage(), head(broker, UserId("unseen"))) == before
        assert (owed(broker), owed(broker, BERT)) == ([published[1]], [published[2]])
        (next_one,) = await publish(broker, for_users(ANNA))
        assert next_one.inbox is not None
        assert (next_one.inbox.offset, next_one.inbox.epoch) == (3, head(broker).epoch)


async def test_receipts_tell_the_same_after_a_restart(start: Start) -> None:
    one = for_users(ANNA, BERT)
    async with start() as broker:
        await accept(broker, one)
        held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        await broker.history.append(held, now=T0)
        await broker.queue.settle([Outcome(held[0], State.DISPATCHED, by_user={ANNA: 2})], now=T0)
        broker.inbox.pushed(push_of(one, BERT), pushed=1, failed=2, reason="gone")
        advance(broker, 1)
        before = await broker.receipts.find(None, one.id)
        assert before is not None
        assert [(row.connections, row.pushed, row.failed, row.reason) for row in before.users] == [
            (2, 0, 0, ""),
            (0, 1, 2, "gone"),
        ]
    async with start() as broker:
        assert await broker.receipts.find(None, one.id) == before
        broker.inbox.pushed(push_of(one, BERT), pushed=1, failed=0, reason="")
        assert (await rows(broker, one.id))[1].pushed == 2


async def test_evictions_are_remembered(start: Start) -> None:
    async with start(limits=FEW) as broker:
        published = await publish(broker, for_users(ANNA))
        advance(broker, 1)
        published += await publish(broker, *[for_users(ANNA) for _ in range(3)])
    async with start(limits=FEW) as broker:
        assert owed(broker) == published[2:]
        found = [(await rows(broker, p.notification.id))[0].state for p in published]
        assert found == [InboxState.DELIVERED, InboxState.EVICTED, InboxState.STORED, InboxState.STORED]
        assert advance(broker, 4) == 2
        assert (await rows(broker, published[1].notification.id))[0].state is InboxState.EVICTED


async def test_what_is_pushed_after_its_eviction_and_a_restart_is_counted(start: Start) -> None:
    one = for_users(BERT, ANNA)
    async with start(limits=FEW) as broker:
        await publish(broker, one, *[for_users(ANNA) for _ in range(2)])
    for _ in range(2):
        async with start(limits=FEW) as broker:
            broker.inbox.pushed(push_of(one, ANNA), pushed=1, failed=1, reason="late")
    async with start(limits=FEW) as broker:
        row = (await rows(broker, one.id))[1]
        assert (row.state, row.pushed, row.failed, row.reason) == (InboxState.EVICTED, 2, 2, "late")


async def test_a_kill_loses_nothing_that_users_are_owed(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        published = await publish(broker, *[for_users(ANNA) for _ in range(3)])
        advance(broker, 1)
        await written(broker)
        advance(broker, 2)
        copy = killed(tmp_path)
    async with start(copy) as broker:
        # the last move of the cursor was a moment ago: at least once
        assert owed(broker) == published[1:]
        assert head(broker) == published[2].inbox


async def test_what_is_not_for_a_channel_is_dispatched_again_after_a_kill(start: Start, tmp_path: Path) -> None:
    made = [for_users(ANNA), notification(kind=Kind.BROADCAST), notification()]
    async with start() as broker:
        await accept(broker, *made)
        stamped = await broker.history.append(await broker.queue.lease(limit=9, lease_seconds=30, now=T0), now=T0)
        copy = killed(tmp_path)
    async with start(copy) as broker:
        # in their old places; who wants the one in the channel resumes there
        assert await dispatch(broker) == stamped[:2]
        assert owed(broker) == stamped[:1]
        assert head(broker).offset == 1


async def test_places_outlive_an_eviction_and_a_restart(start: Start) -> None:
    one = for_users(ANNA, BERT)
    async with start(limits=FEW) as broker:
        await accept(broker, one)
        held = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
        stamped = await broker.history.append(held, now=T0)
        await publish(broker, *[for_users(ANNA) for _ in range(2)])
    async with start(limits=FEW) as broker:
        assert await dispatch(broker) == stamped
        assert [row.state for row in await rows(broker, one.id)] == [InboxState.EVICTED, InboxState.STORED]
        assert len(owed(broker)) == 2


async def test_nothing_is_put_into_an_inbox_twice_though_its_stream_is_forgotten(start: Start) -> None:
    limits = BrokerLimits(history=HistoryLimits(max_channels=1))
    async with start(limits=limits) as broker:
        await accept(broker, for_users(ANNA))
        held = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
        (stamped,) = await broker.history.append(held, now=T0)
        await publish(broker, notification("other"))
    async with start(limits=limits) as broker:
        (again,) = await dispatch(broker)
        assert (again.inbox, again.epoch, again.offset) == (stamped.inbox, "", 0)
        assert len(owed(broker)) == 1


@pytest.mark.parametrize("boot", ["another boot", ""])
async def test_a_loss_of_power_changes_the_epoch_and_loses_nothing(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str
) -> None:
    async with start() as broker:
        published = await publish(broker, *[for_users(ANNA) for _ in range(3)])
        advance(broker, 1)
        await written(broker)
        copy = killed(tmp_path)
    monkeypatch.setattr(assemble, "boot_id", lambda: boot)
    async with start(copy) as broker:
        old = published[1].inbox
        assert old is not None
        history = broker.inbox.since(DEFAULT_CLIENT, ANNA, old, now=T0)
        assert not history.recovered
        assert history.position.epoch != old.epoch
        assert [p.notification for p in history.publications] == [p.notification for p in published[1:]]
        assert advance(broker, 3) == 2


async def test_a_removed_user_stays_removed(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        (published, other) = await publish(broker, for_users(ANNA, BERT))
        broker.inbox.pushed(push_of(published.notification, ANNA), pushed=1, failed=0, reason="")
        await broker.inbox.forget(DEFAULT_CLIENT, ANNA)
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert (owed(broker), owed(broker, BERT)) == ([], [other])
        assert [row.user_id for row in await rows(broker, published.notification.id)] == [BERT]
        (again,) = await publish(broker, for_users(ANNA))
        assert published.inbox is not None
        assert again.inbox is not None
        assert (again.inbox.offset, again.inbox.epoch != published.inbox.epoch) == (1, True)


async def test_a_forgotten_user_is_not_taken_up_again(start: Start, tmp_path: Path) -> None:
    limits = BrokerLimits(inbox=InboxLimits(max_users=1))
    async with start(limits=limits) as broker:
        delivered, evicted = await publish(broker, for_users(ANNA), for_users(ANNA))
        advance(broker, 1)
        await publish(broker, for_users(BERT))
        # travels with the next transaction
        await written(broker)
        copy = killed(tmp_path)
    async with start(copy, limits=limits) as broker:
        assert [info.user_id for info in await broker.inbox.inboxes()] == [BERT]
        found = [(await rows(broker, p.notification.id))[0].state for p in (delivered, evicted)]
        assert found == [InboxState.DELIVERED, InboxState.EVICTED]
        (again,) = await publish(broker, for_users(ANNA))
        assert delivered.inbox is not None
        assert again.inbox is not None
        assert (again.inbox.offset, again.inbox.epoch != delivered.inbox.epoch) == (1, True)


async def test_what_was_given_up_stays_left_out(start: Start) -> None:
    async with start() as broker:
        await accept(broker, for_users(ANNA))
        held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        await broker.history.append(held, now=T0)
        await broker.queue.settle([Outcome(held[0], State.DEAD, reason="a fault")], now=T0)
    async with start() as broker:
        assert owed(broker) == []
        receipt = await broker.receipts.find(None, held[0].notification.id)
        assert receipt is not None
        assert (receipt.state, receipt.reason) == (State.DEAD, "a fault")


async def test_what_several_keep_is_held_once(start: Start) -> None:
    async with start() as broker:
        await publish(broker, for_users(ANNA, BERT))
    async with start() as broker:
        (first,), (second,) = owed(broker), owed(broker, BERT)
        (kept,) = broker.history.latest(DEFAULT_CLIENT, "", limit=1, now=T0).publications
        assert first.notification is second.notification is kept.notification


async def test_many_are_restored_part_by_part(start: Start) -> None:
    async with start() as broker:
        made = [for_users(*[f"u{(n + k) % 40}" for k in range(3)]) for n in range(900)]
        published = await publish(broker, *made[:450]) + await publish(broker, *made[450:])
    async with start() as broker:
        for number in (0, 7, 39):
            user = UserId(f"u{number}")
            assert owed(broker, user) == [p for p in published if p.user_id == user]


async def test_tighter_bounds_are_kept_at_a_restart(start: Start) -> None:
    async with start() as broker:
        published = await publish(broker, *[for_users(ANNA) for _ in range(5)])
    async with start(limits=FEW) as broker:
        assert owed(broker) == published[3:]
    async with start(limits=BrokerLimits(inbox=InboxLimits(max_age_seconds=0))) as broker:
        assert owed(broker) == []
        assert head(broker).offset == 5


async def test_a_push_waits_for_its_lane_with_all_that_it_says(start: Start) -> None:
    push = push_of(for_users(ANNA), ANNA)
    async with start() as broker:
        await accept(broker, push)
    async with start() as broker:
        assert await broker.queue.lease(limit=9, lease_seconds=30, now=T0) == []
        (held,) = await broker.queue.lease(limit=9, lease_seconds=30, now=T0, lane=Lane.PUSH)
        assert held.notification == push
