"""A stock client whose link breaks gets everything exactly once, whenever it breaks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.ingress.edge.namespaces.application import NamespaceApplication
from notifyd.model.ids import DEFAULT_CLIENT, ConnectionId, UserId
from notifyd.policy.receiving.recovery import Pids, Session
from tests.ingress.edge.namespaces import house
from tests.ingress.edge.namespaces.house import User, dispatch_with, publish

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.connection import NamespaceConnection
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from tests.service.node import Node


@pytest.fixture
def user(alice: User) -> User:
    assert alice.connect() is None
    return alice


async def test_who_comes_back_gets_what_was_missed_in_order_then_what_is_live(node: Node, user: User) -> None:
    await publish(node, 0)
    sid, pid = user.read().sid, user.pid
    user.drop()
    await publish(node, 1, users=("alice", "bob"))
    await publish(node, 2)
    await publish(node, 3, sockets=(sid,))
    await publish(node, 4, users=("bob",))
    await publish(node, 5, sockets=("somebody",))
    user.connect()
    await publish(node, 6, users=("alice",))
    assert (user.recovered, user.sid, user.pid, user.data()) == (True, sid, pid, [0, 1, 2, 3, 6])


async def test_it_recovers_also_when_nothing_was_sent_before(node: Node, user: User) -> None:
    user.read().drop()
    await publish(node, 1)
    user.connect()
    assert (user.offset is not None, user.recovered, user.data()) == (False, True, [1])


async def test_it_recovers_again_and_again(node: Node, user: User) -> None:
    for number in range(5):
        await publish(node, number, users=("alice",))
        if number % 2:
            user.read()
        user.drop()
        user.connect()
        assert user.recovered
    assert user.data() == list(range(5))


async def test_what_was_recovered_counts_as_arrived(node: Node, user: User) -> None:
    user.drop()
    await publish(node, 1, users=("alice",))
    user.connect()
    undelivered = node.broker.inbox.since
    assert len(undelivered(DEFAULT_CLIENT, UserId("alice"), now=0).publications) == 1
    user.read()
    assert undelivered(DEFAULT_CLIENT, UserId("alice"), now=0).publications == []


async def test_a_half_open_connection_is_ended_by_the_one_that_continues_it(node: Node, user: User) -> None:
    before, wire = user.handler, user.wire
    await publish(node, 1)
    user.connect()
    assert (user.recovered, [code for code, _ in wire.closes], node.hub.connection_count) == (True, [4009], 1)
    before.closed("transport close")
    await publish(node, 2)
    assert (user.data(), node.hub.connection_count) == ([1, 2], 1)


async def test_in_the_middle_of_the_inbox_it_goes_on_there(node: Node, alice: User, rules: NamespaceRules) -> None:
    rules.page_bytes = 1000
    for number in range(30):
        await publish(node, number, users=("alice",))
    alice.connect()
    await publish(node, 30)
    alice.read(2).drop()
    await publish(node, 31, users=("alice",))
    alice.connect()
    await publish(node, 32)
    assert (alice.recovered, alice.data()) == (True, list(range(33)))


async def test_an_inbox_of_which_nothing_arrived_is_not_lost(node: Node, alice: User) -> None:
    await publish(node, 1, users=("alice",))
    alice.connect()
    alice.drop()
    await publish(node, 2)
    alice.connect()
    assert (alice.recovered, alice.data()) == (True, [1, 2])


async def test_after_a_gap_it_begins_anew_with_its_inbox(node: Node, user: User) -> None:
    sid, pid = user.sid, user.pid
    user.drop()
    await publish(node, 1, users=("alice",))
    for _ in range(201):
        await publish(node, 0, users=("bob",), dispatch=False)
    await node.dispatch()
    user.connect()
    assert (user.recovered, user.data(), user.sid == sid, user.pid == pid) == (False, [1], False, False)


@pytest.mark.parametrize("offset", ["", "x", "epoch:1", "a:b/c", "é:1", "lost:0/lost:0", "1" * 5000])
async def test_an_offset_that_is_none_of_ours_does_not_recover(node: Node, user: User, offset: str) -> None:
    user.drop()
    user.offset = offset
    user.connect()
    # nothing was sent, so that the empty text stands for none
    assert user.recovered == (offset == "")


async def test_a_position_from_the_future_does_not_recover(node: Node, user: User) -> None:
    epoch = node.broker.history.position(DEFAULT_CLIENT, "").epoch
    user.drop()
    user.offset = f"{epoch}:99"
    user.connect()
    assert not user.recovered


def foreign(pid: str) -> dict[str, str]:
    session = house.PIDS.open(pid)
    assert session is not None
    stolen = Session(session.client_id, UserId("bob"), session.sid, session.stream, session.inbox)
    other = Session(house.ClientId("other"), session.user_id, session.sid, session.stream, session.inbox)
    return {
        "forged": Pids(b"another key").seal(session),
        "of another user": house.PIDS.seal(stolen),
        "of another client": house.PIDS.seal(other),
        "changed": pid[:-4] + ("AAAA" if pid[-4:] != "AAAA" else "BBBB"),
        "cut": pid[:-10],
        "text": "hello",
        "umlauts": "ä" * 50,
        "huge": "A" * 100_000,
    }


@pytest.mark.parametrize(
    "kind", ["forged", "of another user", "of another client", "changed", "cut", "text", "umlauts", "huge"]
)
async def test_a_pid_that_is_not_of_this_user_does_not_recover(node: Node, user: User, kind: str) -> None:
    sid, pid = user.sid, user.pid
    user.pid = foreign(pid)[kind]
    handler = user.handler
    user.connect()
    assert not user.recovered
    assert sid != user.sid
    assert node.hub.connection(ConnectionId(sid)) is not None, "nobody else's connection is ended"
    handler.closed("transport close")


async def test_a_pid_is_good_for_another_daemon_with_the_same_key(
    node: Node, services: NamespaceServices, rules: NamespaceRules, user: User
) -> None:
    user.drop()
    await publish(node, 1)
    user.application = NamespaceApplication(services, rules)
    user.connect()
    assert (user.recovered, user.data()) == (True, [1])


class Schedule:
    """A random one: publishing, reading, breaking links and coming back, in any order and at once."""

    def __init__(self, seed: int, node: Node, user: User, rules: NamespaceRules) -> None:
        self.random = random.Random(seed)
        self.node = node
        self.user = user
        self.rules = rules
        self.count = 0
        self.expected: list[int] = []
        self.connected = False
        self.begun = False
        self.half_open: NamespaceConnection | None = None

    async def run(self, steps: int) -> None:
        choices = [self.publish, self.publish, self.publish, self.read, self.read, self.drop, self.come, self.pass_on]
        for _ in range(steps):
            await self.random.choice(choices)()
        await self.node.dispatch()
        if not self.connected:
            await self.come()

    async def publish(self) -> None:
        number, self.count = self.count, self.count + 1
        mine: list[dict[str, Any]] = [{"users": ("alice",)}, {"users": ("bob", "alice")}]
        if self.begun:
            mine += [{}, {"sockets": (self.user.sid,)}, {"users": ("bob",), "sockets": (self.user.sid,)}]
        others: list[dict[str, Any]] = [{"users": ("bob",)}, {"sockets": ("nobody",)}]
        chosen = self.random.choice(mine + others)
        if chosen in mine:
            self.expected.append(number)
        # One priority and one node: what is accepted first is dispatched first.
        await publish(self.node, number, dispatch=self.random.random() < 0.3, **chosen)

    async def read(self) -> None:
        if self.connected:
            self.user.read(self.random.choice([1, 3, None]))

    async def drop(self) -> None:
        if self.connected:
            if self.random.random() < 0.7:
                self.user.drop()
            else:
                self.half_open = self.user.handler
        self.connected = False

    async def come(self) -> None:
        if not self.begun:
            # Whoever has no socket yet is no part of everybody.
            await self.node.dispatch()
        elif self.connected:
            self.half_open = self.user.handler
        self.rules.page_bytes = self.random.choice([400, 1000, 100_000])
        assert self.user.connect(transport=self.random.choice(["websocket", "polling"])) is None
        assert self.user.recovered == self.begun
        if self.half_open is not None and self.random.random() < 0.5:
            # The driver notices only now.
            self.half_open.closed("ping timeout")
            self.half_open = None
        self.begun = self.connected = True

    async def pass_on(self) -> None:
        """Dispatch, and do something else in the middle of it."""
        await dispatch_with(self.node, self.random.choice([self.read, self.drop, self.come]))


@pytest.mark.parametrize("seed", range(40))
async def test_every_schedule_delivers_everything_exactly_once(
    node: Node, alice: User, rules: NamespaceRules, seed: int
) -> None:
    schedule = Schedule(seed, node, alice, rules)
    with trio.fail_after(20):
        await schedule.run(60)
    assert alice.data() == schedule.expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 400))
async def test_many_more_schedules(node: Node, alice: User, rules: NamespaceRules, seed: int) -> None:
    schedule = Schedule(seed, node, alice, rules)
    with trio.fail_after(60):
        await schedule.run(150)
    assert alice.data() == schedule.expected
