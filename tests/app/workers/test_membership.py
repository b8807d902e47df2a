"""A worker's side of the talk, with a drainer and a reloader that only note what they are asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio
from msgspec import structs

from notifyd.app.workers.membership import Membership
from notifyd.app.workers.messages import MessageSocket, News, Order, Start, message_pair
from notifyd.errors import Invalid
from notifyd.service.daemon import Drain, Reloaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = Start(1, 3, 4711, "/run/admin.sock", None, {}, dev=False, ports={})


class Noting:
    """Both."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.problem = ""

    def begin(self, seconds: float | None) -> Drain:
        self.asked.append(("begin", seconds))
        return Drain(7, seconds or 10.0)

    def hurry(self) -> None:
        self.asked.append("hurry")

    def reload(self) -> Reloaded:
        self.asked.append("reload")
        if self.problem:
            raise Invalid(self.problem)
        return Reloaded(["log.level"], [])


class Member:
    """A worker, and the supervisor's end."""

    def __init__(self) -> None:
        self.supervisor, given = message_pair()
        self.membership: Any = Membership(START, MessageSocket(given))
        self.noting: Any = Noting()

    async def heard(self) -> News | None:
        """The next word that is not a beat."""
        while (news := await self.supervisor.hear(News)) == News("alive"):
            continue
        return news

    def close(self) -> None:
        self.supervisor.close()
        self.membership._line.close()


@asynccontextmanager
async def member() -> AsyncIterator[Member]:
    one = Member()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.membership.run, one.noting, one.noting)
            try:
                yield one
            finally:
                nursery.cancel_scope.cancel()
    one.close()


async def test_it_knows_its_places() -> None:
    one = Member()
    assert one.membership.admin_socket == Path("/run/admin-1.sock")
    assert one.membership.edge_sockets == [Path(f"/run/admin-{index}.edge") for index in range(3)]
    assert (one.membership.index, one.membership.supervisor) == (1, 4711)
    one.close()


async def test_it_tells_that_it_lives() -> None:
    async with member() as one:
        assert await one.supervisor.hear(News) == News("alive")


async def test_orders_are_obeyed() -> None:
    async with member() as one:
        one.supervisor.tell(Order("reload"))
        assert await one.heard() == News("reloaded")
        one.noting.problem = "port: not a number"
        one.supervisor.tell(Order("reload"))
        assert await one.heard() == News("reloaded", problem="port: not a number")
        one.supervisor.tell(Order("drain", 3.0))
        one.supervisor.tell(Order("hurry"))
        await trio.testing.wait_all_tasks_blocked()
        assert one.noting.asked == ["reload", "reload", ("begin", 3.0), ("begin", None), "hurry"]


@pytest.mark.parametrize("late", [False, True])
async def test_the_daemon_is_ready_when_all_workers_are(late: bool) -> None:
    async with member() as one:
        serving = trio.Event()
        one.membership.on_serving = serving.set
        one.membership.start = structs.replace(START, late=late)
        one.membership.ready([])
        assert serving.is_set() is late
        one.supervisor.tell(Order("serving"))
        await serving.wait()
        assert one.noting.asked == []


async def test_without_a_supervisor_it_goes() -> None:
    async with member() as one:
        one.supervisor.close()
        await trio.testing.wait_all_tasks_blocked()
        assert one.noting.asked == [("begin", None)]


async def test_what_an_operator_asks_of_one_is_meant_for_all() -> None:
    async with member() as one:
        assert one.membership.drain(one.noting, 2.0) == Drain(7, 2.0)
        assert await one.heard() == News("drain", 2.0)
        assert one.membership.reload(one.noting).applied == ["log.level"]
        assert await one.heard() == News("reload")


async def test_what_one_refuses_is_not_passed_on() -> None:
    async with member() as one:
        one.noting.problem = "no"
        with pytest.raises(Invalid):
            one.membership.reload(one.noting)
        one.membership.ready([])
        assert await one.heard() == News("ready")
