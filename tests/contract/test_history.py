"""What every history engine promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.store.options import BrokerLimits, HistoryLimits, HistoryRule
from notifyd.store.ports import Outcome
from tests.store.samples import HOUR, T0, accept, attend, dispatch, for_users, notification, offsets, publish

if TYPE_CHECKING:
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker

OTHER = ClientId("other")


async def opened(open_engine: OpenBroker, **limits: object) -> Broker:
    return await open_engine(BrokerLimits(history=HistoryLimits(**limits)))  # type: ignore[arg-type]


def after(broker: Broker, offset: int, channel: str = "orders") -> StreamPosition:
    return StreamPosition(broker.history.position(DEFAULT_CLIENT, channel).epoch, offset)


async def test_offsets_rise_by_one_in_each_channel(broker: Broker) -> None:
    mixed = [notification(channel) for channel in ("a", "b", "a", "a", "b")]
    assert offsets(await publish(broker, *mixed)) == [1, 1, 2, 3, 2]
    assert offsets(await publish(broker, notification("a"), notification("b"))) == [4, 3]


async def test_channels_of_two_clients_are_two(broker: Broker) -> None:
    published = await publish(broker, notification(), notification(client=OTHER))
    assert offsets(published) == [1, 1]
    assert broker.history.latest(OTHER, "orders", limit=9, now=T0).publications == published[1:]


async def test_stamps_follow_the_order_of_the_leases(broker: Broker) -> None:
    low, high = notification(priority=1), notification(priority=9)
    published = await publish(broker, low, high)
    assert [(p.notification.id, p.offset) for p in published] == [(high.id, 1), (low.id, 2)]


async def test_a_stamped_notification_keeps_its_place(broker: Broker) -> None:
    await accept(broker, notification())
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    first = await broker.history.append(held, now=T0)
    broker.queue.release(held, due_at=T0)
    again = await dispatch(broker)
    assert first == again
    assert broker.history.position(DEFAULT_CLIENT, "orders").offset == 1


async def test_since_replays_exactly_what_is_newer(broker: Broker) -> None:
    published = await publish(broker, *[notification() for _ in range(5)])
    history = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 2), now=T0)
    assert history.recovered
    assert history.publications == published[2:]
    assert history.position.offset == 5


async def test_since_the_newest_is_empty_and_recovered(broker: Broker) -> None:
    await publish(broker, notification())
    history = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 1), now=T0)
    assert (history.recovered, history.publications, history.skipped) == (True, [], 0)


async def test_who_saw_nothing_yet_resumes_from_offset_0(broker: Broker) -> None:
    await attend(broker, "orders")
    position = broker.history.position(DEFAULT_CLIENT, "orders")
    assert position.offset == 0
    assert position.epoch
    published = await publish(broker, notification())
    history = broker.history.since(DEFAULT_CLIENT, "orders", position, now=T0)
    assert (history.recovered, history.publications) == (True, published)


async def test_an_unknown_channel_is_at_its_beginning(broker: Broker) -> None:
    await attend(broker, "none")
    position = broker.history.position(DEFAULT_CLIENT, "none")
    assert broker.history.since(DEFAULT_CLIENT, "none", position, now=T0).recovered
    ahead = StreamPosition(position.epoch, 1)
    assert not broker.history.since(DEFAULT_CLIENT, "none", ahead, now=T0).recovered
    assert broker.history.latest(DEFAULT_CLIENT, "none", limit=5, now=T0).publications == []


async def test_a_position_of_another_epoch_is_not_recovered(broker: Broker) -> None:
    await publish(broker, notification())
    history = broker.history.since(DEFAULT_CLIENT, "orders", StreamPosition("elsewhere", 1), now=T0)
    assert (history.recovered, history.publications) == (False, [])
    assert history.position == after(broker, 1)


async def test_a_position_that_was_never_reached_is_not_recovered(broker: Broker) -> None:
    await publish(broker, notification())
    assert not broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 2), now=T0).recovered


async def test_a_position_before_the_first_kept_is_not_recovered(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_publications=2)
    published = await publish(broker, *[notification() for _ in range(5)])
    assert not broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 2), now=T0).recovered
    history = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 3), now=T0)
    assert (history.recovered, history.publications) == (True, published[3:])


async def test_expired_publications_are_left_out_and_counted(broker: Broker) -> None:
    await publish(broker, notification(ttl=1000), notification(), notification(ttl=1000))
    history = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 0), now=T0 + 1000)
    assert (history.recovered, offsets(history.publications), history.skipped) == (True, [2], 2)


async def test_latest_answers_the_newest_in_offset_order(broker: Broker) -> None:
    await publish(broker, *[notification() for _ in range(6)])
    latest = broker.history.latest(DEFAULT_CLIENT, "orders", limit=2, now=T0)
    assert offsets(latest.publications) == [5, 6]
    older = broker.history.latest(DEFAULT_CLIENT, "orders", limit=2, before_offset=5, now=T0)
    assert offsets(older.publications) == [3, 4]
    assert older.position.offset == 6


async def test_latest_leaves_out_what_expired(broker: Broker) -> None:
    await publish(broker, notification(), notification(ttl=1000))
    latest = broker.history.latest(DEFAULT_CLIENT, "orders", limit=1, now=T0 + 1000)
    assert (offsets(latest.publications), latest.skipped) == ([1], 1)


async def test_what_is_over_age_goes(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_age_seconds=60)
    await publish(broker, notification())
    await publish(broker, notification(at=T0 + 30_000), now=T0 + 30_000)
    assert await broker.history.trim(now=T0 + 59_999) == 0
    assert await broker.history.trim(now=T0 + 60_000) == 1
    assert broker.history.position(DEFAULT_CLIENT, "orders").offset == 2
    assert not broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 0), now=T0).recovered


async def test_the_oldest_of_all_channels_go_when_there_are_too_many_bytes(open_engine: OpenBroker) -> None:
    size = notification("a").size()
    broker = await opened(open_engine, max_bytes=3 * size)
    for number, channel in enumerate("aabb"):
        await publish(broker, notification(channel, at=T0 + number), now=T0 + number)
    await broker.refresh()
    kept = {info.channel: info.publications for info in await broker.history.channels()}
    assert kept == {"a": 1, "b": 2}
    assert broker.history.usage() == (2, 3, 3 * size)


async def test_a_rule_bounds_the_channels_that_fit_it(open_engine: OpenBroker) -> None:
    rules = (HistoryRule("log.*", max_publications=1), HistoryRule("log.audit", max_publications=9, max_age_seconds=1))
    broker = await opened(open_engine, rules=rules)
    await publish(broker, *[notification(channel) for channel in ("log.audit", "log.audit", "x", "x")])
    kept = {info.channel: info.publications for info in await broker.history.channels()}
    # the first rule that fits counts, whole
    assert kept == {"log.audit": 1, "x": 2}
    assert await broker.history.trim(now=T0 + 2000) == 0


async def test_a_channel_that_keeps_nothing_still_counts(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_publications=0)
    assert offsets(await publish(broker, notification(), notification())) == [1, 2]
    assert broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 2), now=T0).recovered
    assert not broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 1), now=T0).recovered
    await broker.refresh()
    assert broker.history.usage() == (1, 0, 0)


async def test_a_forgotten_channel_comes_back_in_another_epoch(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_channels=2)
    (first,) = await publish(broker, notification("a"))
    await publish(broker, notification("b"), notification("c"))
    await broker.refresh()
    assert broker.history.usage()[0] == 2
    (second,) = await publish(broker, notification("a"))
    assert second.offset == 1
    assert second.epoch != first.epoch
    assert not broker.history.since(DEFAULT_CLIENT, "a", StreamPosition(first.epoch, 1), now=T0).recovered


async def test_channels_in_use_outlive_idle_ones(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_channels=2)
    await publish(broker, notification("a"), notification("b"))
    await publish(broker, notification("a"), now=T0 + 1)
    await publish(broker, notification("c"), now=T0 + 2)
    await broker.refresh()
    assert [info.channel for info in await broker.history.channels()] == ["a", "c"]


async def test_channels_are_listed_by_name(broker: Broker) -> None:
    await publish(broker, notification("b"), notification("a"), notification("ab"), notification("a", client=OTHER))
    assert [info.channel for info in await broker.history.channels(DEFAULT_CLIENT)] == ["a", "ab", "b"]
    assert [info.channel for info in await broker.history.channels(prefix="a", limit=2)] == ["a", "a"]
    (info,) = await broker.history.channels(OTHER)
    assert (info.publications, info.last_at, info.position.offset) == (1, T0, 1)


async def test_tighter_bounds_take_hold_at_once(broker: Broker) -> None:
    await publish(broker, *[notification() for _ in range(5)])
    broker.configure(BrokerLimits(history=HistoryLimits(max_publications=2, max_age_seconds=HOUR / 1000)))
    await broker.refresh()
    assert broker.history.usage()[1] == 2
    assert await broker.history.trim(now=T0 + HOUR) == 2


async def test_what_has_no_channel_is_in_the_clients_own_stream(broker: Broker) -> None:
    live = [notification(kind=Kind.BROADCAST, at=T0 - 2), notification(kind=Kind.CONNECTIONS, connections=["c1"])]
    published = await publish(broker, notification(at=T0 - 3), live[0], notification(at=T0 - 1), live[1])
    assert offsets(published) == [1, 1, 2, 2]
    assert published[1].position is None
    history = broker.history.since(DEFAULT_CLIENT, "", after(broker, 0, ""), now=T0)
    assert history.publications == [published[1], published[3]]
    await attend(broker, "", client=OTHER)
    assert broker.history.position(OTHER, "").offset == 0


async def test_the_own_streams_are_no_channels(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, rules=(HistoryRule("*", max_publications=0),))
    (published,) = await publish(broker, notification("label", kind=Kind.BROADCAST))
    assert await broker.history.channels() == []
    assert await broker.history.channels(DEFAULT_CLIENT, prefix="l") == []
    # nor do the rules of channels count for them
    assert broker.history.latest(DEFAULT_CLIENT, "", limit=9, now=T0).publications == [published]


async def test_one_for_users_is_once_in_the_own_stream(broker: Broker) -> None:
    one = for_users("a", "b", connections=["c1"])
    await publish(broker, one)
    (kept,) = broker.history.since(DEFAULT_CLIENT, "", after(broker, 0, ""), now=T0).publications
    assert (kept.notification, kept.offset, kept.user_id, kept.inbox) == (one, 1, "", None)


async def test_what_was_given_up_is_left_out_though_its_place_is_spent(broker: Broker) -> None:
    good, bad, last = [notification() for _ in range(3)]
    await publish(broker, good)
    await accept(broker, bad)
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.history.append(held, now=T0)
    await broker.queue.settle([Outcome(held[0], State.DEAD)], now=T0)
    await publish(broker, last)
    history = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 0), now=T0)
    assert (offsets(history.publications), history.recovered, history.skipped) == ([1, 3], True, 1)
    newest = broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0)
    assert (offsets(newest.publications), newest.skipped) == ([1, 3], 1)


async def test_a_page_holds_the_first_after_a_position(broker: Broker) -> None:
    published = await publish(broker, *[notification() for _ in range(7)])
    page = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 2), now=T0, limit=3)
    assert (page.recovered, page.publications) == (True, published[2:5])
    assert page.position == after(broker, 7)


async def test_a_page_that_is_not_full_is_the_last(broker: Broker) -> None:
    published = await publish(broker, *[notification() for _ in range(4)])
    page = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 2), now=T0, limit=3)
    assert page.publications == published[2:]
    assert broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 4), now=T0, limit=3).publications == []


async def test_a_page_leaves_out_what_expired_and_counts_it_up_to_its_last(broker: Broker) -> None:
    published = await publish(broker, *[notification(ttl=HOUR if n % 3 == 0 else 500) for n in range(7)])
    page = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 0), now=T0 + 500, limit=2)
    assert (page.publications, page.skipped) == ([published[0], published[3]], 2)
    rest = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 4), now=T0 + 500, limit=2)
    assert (rest.publications, rest.skipped) == ([published[6]], 2)


async def test_a_page_leaves_out_what_was_given_up(broker: Broker) -> None:
    await accept(broker, notification(), notification())
    first, second = await broker.queue.lease(limit=2, lease_seconds=30, now=T0)
    published = await broker.history.append([first, second], now=T0)
    await broker.queue.settle([Outcome(first, State.DEAD, reason="too_often")], now=T0)
    page = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 0), now=T0, limit=1)
    assert (page.publications, page.skipped) == (published[1:], 1)


async def test_a_page_of_what_cannot_be_continued_is_not_recovered(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_publications=2)
    await publish(broker, *[notification() for _ in range(5)])
    page = broker.history.since(DEFAULT_CLIENT, "orders", after(broker, 1), now=T0, limit=2)
    assert (page.recovered, page.publications) == (False, [])
