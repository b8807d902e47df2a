from __future__ import annotations

import pytest
import trio

from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.notification import Kind


async def test_a_batch_of_one_channel_is_one_write_per_subscriber(hub, connect, publication, written):
    one, two, other = connect("1"), connect("2"), connect("3")
    hub.subscribe(one, "a", offset=0)
    hub.subscribe(two, "a", offset=0)
    hub.subscribe(other, "b", offset=0)
    delivered = await hub.fan_out([publication("a", 1), publication("a", 2)])
    assert (written(one), written(two), written(other)) == (["a/1 a/2"], ["a/1 a/2"], [])
    assert delivered == [2, 2]


async def test_channels_of_one_batch_keep_their_order_on_a_connection_that_has_both(hub, connect, publication, written):
    both, only_b = connect("1"), connect("2")
    hub.subscribe(both, "a", offset=0)
    hub.subscribe(both, "b", offset=0)
    hub.subscribe(only_b, "b", offset=0)
    await hub.fan_out([publication("a", 1), publication("b", 1), publication("a", 2)])
    assert written(both) == ["a/1 b/1 a/2"]
    assert written(only_b) == ["b/1"]


async def test_who_was_served_by_the_history_gets_only_what_is_newer(hub, connect, publication, written):
    late = connect("1")
    hub.subscribe(late, "a", offset=2)
    delivered = await hub.fan_out([publication("a", 2), publication("a", 3)])
    assert written(late) == ["a/3"]
    assert delivered == [0, 1]


async def test_a_broadcast_reaches_every_connection_of_the_client_and_no_other(hub, connect, publication, written):
    ours, theirs = connect("1"), connect("2", client="other", key="key_2")
    await hub.fan_out([publication("label", 0, kind=Kind.BROADCAST)])
    assert written(ours) == ["label/0"]
    assert written(theirs) == []


async def test_a_broadcast_and_a_channel_of_one_batch_keep_their_order(hub, connect, publication, written):
    connection = connect("1")
    hub.subscribe(connection, "a", offset=0)
    await hub.fan_out([publication("a", 1), publication("all", 0, kind=Kind.BROADCAST), publication("a", 2)])
    assert written(connection) == ["a/1 all/0 a/2"]


async def test_the_same_channel_name_of_another_client_is_another_channel(hub, connect, publication, written):
    theirs = connect("1", client="other", key="key_2")
    hub.subscribe(theirs, "a", offset=0)
    await hub.fan_out([publication("a", 1)])
    assert written(theirs) == []


async def test_a_slow_consumer_is_ended_alone(hub, counters, connect, publication, written):
    slow, quick = connect("1", limit=0), connect("2")
    hub.subscribe(slow, "a", offset=0)
    hub.subscribe(quick, "a", offset=0)
    delivered = await hub.fan_out([publication("a", 1)])
    assert slow.link.endings == [SLOW_CONSUMER]
    assert (written(quick), delivered, counters.slow_consumers, counters.deliveries) == (["a/1"], [1], 1, 1)


@pytest.fixture
def crowd(hub, connect):
    """More subscribers than one turn writes to."""
    members = [connect(str(number)) for number in range(1500)]
    for member in members:
        hub.subscribe(member, "a", offset=0)
        hub.subscribe(member, "b", offset=0)
    return members


async def _while_writing(hub, counters, publications, change):
    """Fan out; when the first turn was written, make a change."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.fan_out, publications)
        while not counters.deliveries:
            await trio.lowlevel.checkpoint()
        change()


async def test_who_leaves_while_others_have_their_turn_gets_nothing_more(hub, counters, crowd, publication, written):
    last = crowd[-1]
    await _while_writing(hub, counters, [publication("a", 1), publication("b", 1)], lambda: hub.unsubscribe(last, "a"))
    assert written(last) == ["b/1"]
    assert all(written(member) == ["a/1 b/1"] for member in crowd[:-1])


async def test_who_comes_while_others_have_their_turn_is_left_to_the_history(
    hub, counters, crowd, connect, publication, written
):
    late = connect("late")
    await _while_writing(hub, counters, [publication("a", 1)], lambda: hub.subscribe(late, "a", offset=1))
    assert written(late) == []


async def test_who_leaves_and_comes_back_gets_nothing_twice(hub, counters, crowd, publication, written):
    last = crowd[-1]

    def leave_and_come_back():
        hub.unsubscribe(last, "a")
        hub.subscribe(last, "a", offset=1)

    await _while_writing(hub, counters, [publication("a", 1)], leave_and_come_back)
    assert written(last) == []


async def test_others_have_their_turn_while_a_crowd_is_written_to(hub, counters, crowd, publication, written):
    seen = []
    await _while_writing(
        hub, counters, [publication("a", 1)], lambda: seen.append(sum(bool(written(m)) for m in crowd))
    )
    assert 0 < seen[0] < len(crowd)


async def test_a_link_that_takes_no_broadcasts_is_no_audience(hub, connect, publication, written, counters):
    connect("takes")
    other = connect("takes not", broadcasts=False)
    hub.subscribe(other, "a", offset=0)
    assert await hub.fan_out([publication("", 0, kind=Kind.BROADCAST), publication("a", 1)]) == [1, 1]
    assert (written(other), counters.deliveries) == (["a/1"], 2)
