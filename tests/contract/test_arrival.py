"""An engine may stamp on arrival what a waiting dispatcher takes next: nobody but a clock can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
import trio.testing

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.store.options import BrokerLimits, HistoryLimits
from tests.store.samples import T0, accept, counted, dispatch, for_users, notification, offsets, push_of

if TYPE_CHECKING:
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker


async def arrive(broker: Broker, *notifications: Notification) -> None:
    """Accept *notifications* while a dispatcher waits for them."""
    with trio.move_on_after(0):
        await broker.queue.wait_for_work()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.queue.wait_for_work)
        await trio.testing.wait_all_tasks_blocked()
        await accept(broker, *notifications)


async def test_offsets_follow_the_order_of_dispatch(broker: Broker) -> None:
    low, high = notification(priority=1), notification(priority=9)
    await arrive(broker, low, high)
    published = await dispatch(broker)
    assert [publication.notification for publication in published] == [high, low]
    assert offsets(published) == [1, 2]


async def test_what_comes_after_is_dispatched_after(broker: Broker) -> None:
    await arrive(broker, notification(priority=1), notification(priority=1))
    await accept(broker, notification(priority=10))
    assert offsets(await dispatch(broker)) == [1, 2, 3]


async def test_stamps_of_both_kinds_share_one_numbering(broker: Broker) -> None:
    for _ in range(3):
        await arrive(broker, notification(), notification("other"))
        await accept(broker, notification())
        await dispatch(broker)
    latest = broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0)
    assert offsets(latest.publications) == [1, 2, 3, 4, 5, 6]
    assert broker.history.position(DEFAULT_CLIENT, "other").offset == 3


async def test_a_publish_amid_others_on_their_way_keeps_the_numbering(broker: Broker) -> None:
    with trio.move_on_after(0):
        await broker.queue.wait_for_work()
    await accept(broker, notification())
    held = await broker.queue.lease(limit=1, lease_seconds=0.001, now=T0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(arrive, broker, notification("orders"))
        await trio.testing.wait_all_tasks_blocked()
        (late,) = await broker.history.append(held, now=T0)
    await dispatch(broker, now=T0 + 1000)
    latest = broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0)
    assert offsets(latest.publications) == [1, 2]
    assert late in latest.publications


async def test_what_is_not_due_is_only_taken_in(broker: Broker) -> None:
    await arrive(broker, notification(delay=1000), notification())
    assert (await counted(broker)).scheduled == 1
    assert offsets(await dispatch(broker)) == [1]


async def test_everything_that_has_a_stream_may_be_stamped(broker: Broker) -> None:
    everyone, one = notification(kind=Kind.BROADCAST), notification()
    users = for_users("anna", connections=["c1"])
    await arrive(broker, everyone, one, users, push_of(users, "anna"))
    published = await dispatch(broker)
    assert [(p.notification.kind, p.offset, p.user_id) for p in published] == [
        (Kind.BROADCAST, 1, ""),
        (Kind.CHANNEL, 1, ""),
        (Kind.USERS, 2, "anna"),
        (Kind.USERS, 2, ""),
    ]
    assert broker.inbox.find(DEFAULT_CLIENT, UserId("anna"), users.id) == published[2].inbox


async def test_a_paused_queue_stamps_nothing(broker: Broker) -> None:
    await broker.queue.pause()
    await arrive(broker, notification())
    assert broker.history.usage() == (0, 0, 0)


async def test_a_forgotten_channel_starts_anew(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(history=HistoryLimits(max_channels=1)))
    published = []
    for channel in ("a", "b", "a"):
        await arrive(broker, notification(channel))
        published += await dispatch(broker)
        # where several nodes share the bound it is kept with a look at the figures
        await broker.refresh()
    assert offsets(published) == [1, 1, 1]
    assert published[0].epoch != published[2].epoch
