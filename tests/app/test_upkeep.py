from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import trio

from notifyd.app.machine.sd_notify import ServiceManager
from notifyd.app.upkeep import keep_durables, keep_last_uses, keep_watch, watchdog
from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.service.access.keys import Keys, NewKey
from notifyd.service.acks import AckWish
from notifyd.service.daemon import EngineState
from notifyd.store.memory.keys import MemoryKeys
from notifyd.telemetry.histogram import Histogram
from tests.service.node import OPERATOR, RecordingLink

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.app.parts.graph import Graph
    from notifyd.model.ids import KeyId


class FailingKeys(MemoryKeys):
    """A store that does not take last uses while `away` is set."""

    away = False

    async def touch(self, last_used: dict[KeyId, int]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        await super().touch(last_used)


async def test_last_uses_are_kept_now_and_then_whatever_the_store_does(graph: Graph, nursery, autojump_clock) -> None:
    store = FailingKeys()
    keys = Keys(store, graph.ring, graph.keys.rules, graph.connector.end_key, lambda client_id: client_id)
    issued = await keys.create(NewKey("demo"))
    nursery.start_soon(keep_last_uses, keys)
    graph.connector.principal(issued.key, "")
    store.away = True
    await trio.sleep(40)
    assert (await store.load())[0].last_used_at is None
    store.away = False
    await trio.sleep(40)
    assert (await store.load())[0].last_used_at is not None


async def test_a_quiet_durable_subscription_that_is_in_use_is_not_forgotten(
    graph: Graph, nursery, autojump_clock
) -> None:
    peer = graph.connector.admit(RecordingLink())
    graph.connector.enter(peer, OPERATOR)
    graph.acks.subscribe(peer, "news", AckWish(durable="worker"), lambda _: b"").start()
    (before,) = await graph.acks.durables()
    nursery.start_soon(keep_durables, graph.acks, lambda: 100.0)
    while now_ms() <= before.used_at:
        await trio.lowlevel.checkpoint()
    await trio.sleep(30)
    assert (await graph.acks.durables())[0].used_at > before.used_at


async def test_the_service_manager_hears_that_the_loop_turns(tmp_path: Path, nursery, autojump_clock) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        manager.setblocking(False)
        told = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "20000000"})
        nursery.start_soon(watchdog, told)
        await trio.sleep(35)
        assert [manager.recv(100) for _ in range(4)] == [b"WATCHDOG=1"] * 4


async def test_where_nobody_watches_nothing_is_told() -> None:
    with trio.fail_after(20):
        await watchdog(ServiceManager({}))


async def test_it_is_noticed_since_when_an_engine_is_away(graph: Graph, nursery, autojump_clock) -> None:
    lag = Histogram()
    nursery.start_soon(keep_watch, graph.daemon, lag)
    away = EngineState("bullmq", "redis", healthy=False)
    await trio.sleep(2)
    graph.daemon.others.append(lambda: away)
    await trio.sleep(2)
    told = now_ms()
    while now_ms() <= told:
        await trio.lowlevel.checkpoint()
    assert sum(lag.counts) >= 4
    assert next(each.since for each in graph.daemon.engines() if each.name == "bullmq") <= told
