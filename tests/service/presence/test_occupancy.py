from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, KeyId, UserId
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.service.presence.occupancy import OccupancyWatch
from tests.service.node import OPERATOR, Node

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.policy.webhooks.events import EventType

KEY = Principal(DEFAULT_CLIENT, KeyId("key_1"), ALL_GRANTS)
ANN = Principal(DEFAULT_CLIENT, KeyId(""), ALL_GRANTS, user_id=UserId("ann"))
GRACE = 10


class Told:
    """Remembers what was told, and when."""

    def __init__(self) -> None:
        self.news: list[tuple[float, str, str]] = []

    def user(self, event_type: EventType, client_id: ClientId, user_id: UserId) -> None:
        self.news.append((trio.current_time(), event_type.value, user_id))

    def channel(self, event_type: EventType, client_id: ClientId, channel: str) -> None:
        self.news.append((trio.current_time(), event_type.value, channel))

    @property
    def words(self) -> list[str]:
        return [f"{word} {what}" for _, word, what in self.news]


class World:
    def __init__(self, node: Node) -> None:
        self.node, self.told = node, Told()
        self.watch = OccupancyWatch(node.hub, self.told, GRACE)

    def enter(self, principal: Principal = KEY, *channels: str) -> Connection:
        connection = self.node.connect(principal)
        for channel in channels:
            self.node.hub.subscribe(connection, channel, offset=0)
        return connection

    def leave(self, connection: Connection) -> None:
        self.node.hub.remove(connection)


@pytest.fixture
async def world(node: Node, nursery: trio.Nursery) -> World:
    world = World(node)
    world.watch.configure(GRACE, users=True, channels=True)
    nursery.start_soon(world.watch.run)
    return world


async def test_the_first_subscriber_and_the_last(world: World, autojump_clock) -> None:
    first, second = world.enter(KEY, "news"), world.enter(KEY, "news")
    assert world.told.words == ["channel.occupied news"]
    world.leave(first)
    await trio.sleep(GRACE + 1)
    assert len(world.told.news) == 1
    world.node.hub.unsubscribe(second, "news")
    await trio.sleep(GRACE + 1)
    assert world.told.words == ["channel.occupied news", "channel.vacated news"]
    assert world.watch.leaving == 0


async def test_a_user_comes_and_goes(world: World, autojump_clock) -> None:
    left_at = trio.current_time()
    world.leave(world.enter(ANN))
    await trio.sleep(GRACE + 1)
    assert world.told.words == ["user.connected ann", "user.disconnected ann"]
    assert world.told.news[1][0] - left_at == pytest.approx(GRACE)


async def test_who_is_back_in_time_was_never_gone(world: World, autojump_clock) -> None:
    for _ in range(3):
        world.leave(world.enter(ANN, "news"))
        await trio.sleep(GRACE - 1)
    world.enter(ANN, "news")
    await trio.sleep(100)
    assert world.told.words == ["user.connected ann", "channel.occupied news"]


async def test_operators_do_not_count(world: World, autojump_clock) -> None:
    world.leave(world.enter(OPERATOR, "news"))
    await trio.sleep(100)
    assert world.told.news == []


async def test_each_has_a_deadline_of_its_own(world: World, autojump_clock) -> None:
    one, two = world.enter(KEY, "one"), world.enter(KEY, "two")
    world.leave(one)
    await trio.sleep(4)
    world.leave(two)
    await trio.sleep(7)
    assert world.told.words[2:] == ["channel.vacated one"]
    await trio.sleep(4)
    assert world.told.words[2:] == ["channel.vacated one", "channel.vacated two"]


async def test_a_shorter_grace_counts_at_once(world: World, autojump_clock) -> None:
    world.leave(world.enter(KEY, "news"))
    await trio.sleep(1)
    world.watch.configure(2, users=True, channels=True)
    await trio.sleep(1.5)
    assert world.told.words == ["channel.occupied news", "channel.vacated news"]


async def test_who_is_there_when_the_watch_begins_is_not_told(
    node: Node, nursery: trio.Nursery, autojump_clock
) -> None:
    world = World(node)
    nursery.start_soon(world.watch.run)
    before = world.enter(ANN, "news")
    assert world.watch not in node.hub.observers
    world.watch.configure(GRACE, users=True, channels=True)
    world.enter(KEY, "news")
    world.leave(before)
    await trio.sleep(100)
    assert world.told.words == ["user.disconnected ann"]


async def test_what_nobody_wants_costs_nothing(world: World, autojump_clock) -> None:
    hub = world.node.hub
    assert world.watch in hub.observers
    others = [observer for observer in hub.observers if observer is not world.watch]
    world.watch.configure(GRACE, users=False, channels=False)
    assert list(hub.observers) == others


async def test_only_users_are_wanted(world: World, autojump_clock) -> None:
    world.watch.configure(GRACE, users=True, channels=False)
    world.leave(world.enter(ANN, "news"))
    await wait_all_tasks_blocked()
    await trio.sleep(100)
    assert world.told.words == ["user.connected ann", "user.disconnected ann"]
