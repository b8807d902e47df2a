from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.bus.local import LocalBus
from notifyd.dispatch.dispatcher import Dispatcher, DispatchRules, outcomes_of
from notifyd.errors import StoreUnavailable
from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, ConnectionId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.service.publishing.queue import Queue
from notifyd.store.history_ports import StreamsUnavailable
from notifyd.store.ports import Lease
from tests.service.node import OPERATOR, Node, open_node, writes
from tests.store.samples import expire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.hub.connection import Connection
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.receipt import Receipt

RULES = DispatchRules(batch_size=10, lease_seconds=30, retry_seconds=1, retry_max_seconds=8, max_attempts=3)


class Bus:
    """The local bus, which can be away and can choke on single publications."""

    def __init__(self, node: Node) -> None:
        self._local = LocalBus(node.hub.fan_out)
        self.away = False
        self.poison: set[bytes] = set()
        self.batches: list[int] = []
        self.pause = trio.Event()
        self.pause.set()

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        self.batches.append(len(publications))
        await self.pause.wait()
        if self.away:
            raise StoreUnavailable("the bus is away")
        for publication in publications:
            if publication.notification.data in self.poison:
                raise ValueError("choked")
        return await self._local.deliver(publications)


class History:
    """A node's, of which single streams can be away."""

    def __init__(self, node: Node) -> None:
        self._history = node.broker.history
        self.away: set[str] = set()
        self.asked = 0

    async def append(self, leases: Sequence[Lease], *, now: int) -> list[Publication]:
        self.asked += 1
        gone = {lease.notification.stream for lease in leases} & self.away
        if gone:
            await trio.lowlevel.checkpoint()
            raise StreamsUnavailable("a part is away", frozenset((DEFAULT_CLIENT, stream) for stream in gone))
        return await self._history.append(leases, now=now)


@pytest.fixture
async def node(request: pytest.FixtureRequest, nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 1_000_000 if "autojump_clock" in request.fixturenames else 20)
    return await open_node(nursery)


@pytest.fixture
async def bus(node: Node) -> Bus:
    bus = Bus(node)
    node.dispatcher = Dispatcher(node.broker.queue, node.broker.history, bus, RULES, node.counters)
    return bus


@pytest.fixture
def subscriber(node: Node) -> Connection:
    connection = node.connect()
    node.hub.subscribe(connection, "news", offset=0)
    return connection


async def receipt(node: Node, identifier: str) -> Receipt:
    found = await node.broker.receipts.find(None, NotificationId(identifier))
    assert found is not None
    return found


def offsets(connection: Connection) -> list[int]:
    return [int(word.removeprefix("news/")) for word in " ".join(writes(connection)).split()]


async def test_what_is_accepted_is_delivered_and_settled(node: Node, nursery, bus: Bus, subscriber: Connection) -> None:
    nursery.start_soon(node.dispatcher.run)
    identifier = await node.publish()
    await wait_all_tasks_blocked()
    done = await receipt(node, identifier)
    assert (writes(subscriber), done.state, done.delivered) == (["news/1"], State.DISPATCHED, 1)
    assert (node.counters.dispatched, node.counters.deliveries) == (1, 1)


async def test_the_most_urgent_goes_first(node: Node, nursery, bus: Bus, subscriber: Connection) -> None:
    low, high = await node.publish(priority=1), await node.publish(priority=10)
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    assert ((await receipt(node, high)).offset, (await receipt(node, low)).offset) == (1, 2)


async def test_a_batch_is_bounded(node: Node, nursery, bus: Bus) -> None:
    for _ in range(15):
        await node.publish()
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    assert bus.batches == [10, 5]


async def test_what_has_expired_is_never_delivered(node: Node, nursery, bus: Bus, subscriber: Connection) -> None:
    late, good = await node.publish(ttl_ms=1), await node.publish()
    await trio.sleep(0.005)
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    assert ((await receipt(node, late)).state, (await receipt(node, good)).state) == (State.EXPIRED, State.DISPATCHED)
    assert (writes(subscriber), bus.batches) == (["news/1"], [1])
    assert (node.counters.expired, node.counters.dispatched) == (1, 1)


async def test_where_all_have_expired_nothing_is_delivered(node: Node, nursery, bus: Bus) -> None:
    await node.publish(ttl_ms=1)
    await trio.sleep(0.005)
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    assert (bus.batches, node.counters.expired) == ([], 1)


class Clock:
    """Wall time that runs with trio's clock."""

    def __init__(self) -> None:
        self._start_ns = time.time_ns()
        self._start = trio.current_time()

    def __call__(self) -> int:
        return self._start_ns + int((trio.current_time() - self._start) * 1_000_000_000)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time_ns", clock)
    return clock


async def test_what_is_scheduled_goes_when_it_is_due(
    node: Node, nursery, bus: Bus, subscriber: Connection, clock: Clock, autojump_clock
) -> None:
    nursery.start_soon(node.dispatcher.run)
    await node.publish(delay_ms=90_000)
    await trio.sleep(89)
    assert writes(subscriber) == []
    await trio.sleep(2)
    assert writes(subscriber) == ["news/1"]


async def test_while_paused_it_rests(node: Node, nursery, bus: Bus, subscriber: Connection) -> None:
    nursery.start_soon(node.dispatcher.run)
    queue = Queue(node.broker, node.counters)
    await queue.pause()
    await node.publish()
    await wait_all_tasks_blocked()
    assert writes(subscriber) == []
    await queue.resume()
    await wait_all_tasks_blocked()
    assert writes(subscriber) == ["news/1"]


async def test_however_long_the_bus_is_away_it_is_looked_for_each_second(
    node: Node, nursery, bus: Bus, subscriber: Connection, clock: Clock, autojump_clock
) -> None:
    bus.away = True
    nursery.start_soon(node.dispatcher.run)
    await node.publish()
    await trio.sleep(60)
    # waits of 0.5 to 1 second
    assert 60 <= len(bus.batches) <= 121
    assert node.counters.retried == len(bus.batches)
    bus.away = False
    await trio.sleep(1.1)
    assert (writes(subscriber), node.counters.dispatched) == (["news/1"], 1)


async def test_streams_that_are_away_hold_up_no_others_and_stay_in_order(
    node: Node, nursery, bus: Bus, clock: Clock, autojump_clock
) -> None:
    history = History(node)
    whole: Any = history
    # many more than fit into a batch
    rules = msgspec.structs.replace(RULES, batch_size=3)
    node.dispatcher = Dispatcher(node.broker.queue, whole, bus, rules, node.counters)
    connection = node.connect()
    for channel in ("news", "gone"):
        node.hub.subscribe(connection, channel, offset=0)
    history.away = {"gone"}
    nursery.start_soon(node.dispatcher.run)
    gone: list[str] = []
    for _ in range(15):
        # the local engine, of which no part is ever away, stamps as it accepts what is due at once
        gone.append(await node.publish("gone", delay_ms=1))
        await node.publish("news", delay_ms=1)
        await trio.sleep(0.2)
    assert " ".join(writes(connection)).split() == [f"news/{offset}" for offset in range(1, 16)]
    asked = history.asked
    await trio.sleep(10)
    assert node.dispatcher.streams_away == 1
    # its rests have become a second long
    assert history.asked - asked < 30
    history.away = set()
    await trio.sleep(2.5)
    receipts = [await receipt(node, identifier) for identifier in gone]
    assert [found.offset for found in receipts] == list(range(1, 16))
    assert node.dispatcher.streams_away == 0
    assert {found.state for found in receipts} == {State.DISPATCHED}


async def test_an_engine_that_names_streams_which_nobody_asked_for_is_away(
    node: Node, nursery, bus: Bus, clock: Clock, autojump_clock
) -> None:
    async def append(leases: Sequence[Lease], *, now: int) -> list[Publication]:
        await trio.lowlevel.checkpoint()
        raise StreamsUnavailable("others", frozenset({(DEFAULT_CLIENT, "other")}))

    history: Any = History(node)
    history.append = append
    node.dispatcher = Dispatcher(node.broker.queue, history, bus, RULES, node.counters)
    nursery.start_soon(node.dispatcher.run)
    await node.publish()
    await trio.sleep(10)
    assert 10 <= node.counters.retried <= 25


async def test_after_a_success_it_waits_little_again(
    node: Node, nursery, bus: Bus, clock: Clock, autojump_clock
) -> None:
    node.dispatcher.rules = msgspec.structs.replace(RULES, retry_seconds=0.01)
    nursery.start_soon(node.dispatcher.run)
    for _ in range(2):
        bus.away = True
        await node.publish()
        await trio.sleep(30)
        bus.away = False
        await trio.sleep(10)
    assert node.counters.dispatched == 2
    first = len(bus.batches)
    bus.away = True
    await node.publish()
    await trio.sleep(0.1)
    assert len(bus.batches) >= first + 3


async def test_one_that_chokes_the_bus_is_given_up_and_the_others_go_on(
    node: Node, nursery, bus: Bus, subscriber: Connection
) -> None:
    bus.poison = {b'"bad"'}
    good = [await node.publish(data=number) for number in range(3)]
    bad = await node.publish(data="bad")
    good += [await node.publish(data=number) for number in range(3)]
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    assert (await receipt(node, bad)).state is State.DEAD
    assert [(await receipt(node, each)).state for each in good] == [State.DISPATCHED] * 6
    assert (node.counters.dead, node.counters.dispatched, node.counters.errors > 0) == (1, 6, True)
    # its offset is spent: it was never sent live, and who resumes does not get it either
    assert sorted(offsets(subscriber)) == [1, 2, 3, 5, 6, 7]
    epoch = node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    replay = node.subscriber.look(OPERATOR, "news", StreamPosition(epoch, 0))
    assert (len(replay.replay), replay.recovered, replay.skipped) == (6, True, 1)


async def test_a_batch_that_was_begun_is_finished(node: Node, nursery, bus: Bus, subscriber: Connection) -> None:
    bus.pause = trio.Event()
    identifier = await node.publish()
    dispatching = trio.CancelScope()

    async def dispatch() -> None:
        with dispatching:
            await node.dispatcher.run()

    nursery.start_soon(dispatch)
    await wait_all_tasks_blocked()
    dispatching.cancel()
    await wait_all_tasks_blocked()
    bus.pause.set()
    await wait_all_tasks_blocked()
    assert dispatching.cancelled_caught
    assert (await receipt(node, identifier)).state is State.DISPATCHED
    assert writes(subscriber) == ["news/1"]


def lease_of(name: str, kind: Kind, *users: str, connections: tuple[str, ...] = ()) -> Lease:
    named = {"users": tuple(map(UserId, users)), "connections": tuple(map(ConnectionId, connections))}
    return Lease(Notification(NotificationId(name), DEFAULT_CLIENT, kind, "", b"1", b"", 5, 0, 0, 1, 0, **named), 0, 1)


def test_deliveries_are_counted_for_each_lease_and_for_each_user() -> None:
    broadcast = lease_of("b", Kind.BROADCAST)
    named = lease_of("u", Kind.USERS, "ann", "bob", connections=("c",))
    forgotten = lease_of("f", Kind.USERS, "eve")
    last = lease_of("l", Kind.CONNECTIONS, connections=("c",))
    publications = [
        Publication(broadcast.notification, "e", 1),
        *(Publication(named.notification, "e", 2, UserId(user)) for user in ("ann", "bob", "")),
        Publication(last.notification, "e", 3),
    ]
    outcomes = outcomes_of([broadcast, named, forgotten, last], publications, [7, 2, 0, 1, 1])
    assert [outcome.delivered for outcome in outcomes] == [7, 3, 0, 1]
    assert [outcome.by_user for outcome in outcomes] == [None, {"ann": 2, "bob": 0}, {}, None]


class Ear:
    """Hears what the dispatcher has to tell."""

    def __init__(self) -> None:
        self.lost: list[tuple[str, str, int]] = []
        self.letters: list[DeadLetter] = []

    def unreached(self, notification: Notification, state: State, stored: int) -> None:
        self.lost.append((notification.id, state.value, stored))

    def dead(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


class Pusher:
    """Begins a push for these users."""

    def __init__(self, *users: str) -> None:
        self.users = users

    async def offer(self, notification: Notification, user_ids: Sequence[UserId]) -> int:
        await trio.lowlevel.checkpoint()
        return sum(user in self.users for user in user_ids)


async def publish_to(node: Node, *users: str) -> str:
    command = Publish(Kind.USERS, "", b"1", users=tuple(map(UserId, users)))
    return (await node.publisher.submit(OPERATOR, command).result()).id


@pytest.fixture
def ear(node: Node, bus: Bus) -> Ear:
    ear = Ear()
    node.dispatcher = Dispatcher(
        node.broker.queue, node.broker.history, bus, RULES, node.counters, Pusher("with-a-phone")
    )
    node.dispatcher.events = ear
    return ear


async def test_what_reached_nobody_is_told(node: Node, nursery, ear: Ear, subscriber: Connection) -> None:
    late = await node.publish(ttl_ms=1)
    await trio.sleep(0.005)
    nursery.start_soon(node.dispatcher.run)
    await node.publish()
    lost = await node.publish(channel="empty")
    stored = await publish_to(node, "ann", "bob")
    await publish_to(node, "ann", "with-a-phone")
    await wait_all_tasks_blocked()
    assert sorted(ear.lost) == sorted([(late, "expired", 0), (lost, "dispatched", 0), (stored, "dispatched", 2)])


async def test_what_cannot_be_dispatched_is_told_as_dead(node: Node, nursery, bus: Bus, ear: Ear) -> None:
    bus.poison.add(b'"poison"')
    identifier = await node.publish(data="poison")
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    (letter,) = ear.letters
    assert (letter.notification_id, letter.reason, letter.attempts) == (identifier, "fault", RULES.max_attempts)
    assert "log" in letter.error


def times_of(node: Node) -> dict[str, list[int]]:
    times = node.counters.times
    by_priority = {f"wait {values[0]}": timed for values, timed in times.queue_wait}
    told = {"accept": times.accept, "delivery": times.delivery, "dispatch": times.dispatch, **by_priority}
    return {name: timed.counts for name, timed in told.items()}


async def test_the_way_of_a_notification_is_timed(node: Node, nursery, bus: Bus, subscriber: Connection) -> None:
    for priority in (9, 5, 5):
        await node.publish(priority=priority)
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    counts = {name: sum(counts) for name, counts in times_of(node).items()}
    assert counts == {"accept": 3, "delivery": 3, "dispatch": 1, "wait 9": 1, "wait 5": 2}
    assert node.counters.times.dispatch_batch.total == 3


async def test_what_was_scheduled_waits_from_when_it_was_due(
    node: Node, nursery, bus: Bus, subscriber: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.publish(delay_ms=60_000)
    later = time.time() + 60.5
    with monkeypatch.context() as patched:
        patched.setattr("notifyd.dispatch.dispatcher.now_ms", lambda: int(later * 1000))
        nursery.start_soon(node.dispatcher.run)
        await wait_all_tasks_blocked()
    assert 0 < node.counters.times.delivery.total < 30


async def test_what_has_expired_is_not_timed(node: Node, nursery, bus: Bus) -> None:
    await node.publish(ttl_ms=1)
    await trio.sleep(0.005)
    nursery.start_soon(node.dispatcher.run)
    await wait_all_tasks_blocked()
    assert sum(node.counters.times.delivery.counts) == 0
