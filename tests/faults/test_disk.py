"""Disks that are full, broken, slow or locked: what was accepted is safe, who is connected stays, and it passes."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.patience import within
from tests.faults.fixtures import Faulty, locked

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Fault = Callable[[Faulty], AbstractContextManager[None]]

FAULTS: dict[str, Fault] = {
    "a full disk": lambda one: one.faults.on("broker.db", write=errno.ENOSPC),
    "a disk that cannot be written": lambda one: one.faults.on("broker.db", write=errno.EIO),
    "a disk that cannot be synced": lambda one: one.faults.on("broker.db", sync=errno.EIO),
    "a file that somebody has locked": lambda one: locked(one.daemon.state_dir / "broker.db"),
}


async def suffers(one: Faulty, fault: Fault) -> None:
    """Under *fault* publishing is refused in time, all else goes on, and when it is over all is well again."""
    await one.works()
    with fault(one):
        for _ in range(3):
            refusal = await one.publish()
            assert (refusal.status, refusal.json["error"]["code"]) == (503, "store_unavailable"), refusal
            assert int(refusal.headers["retry-after"]) >= 1
        told = await one.peer.ask("publish", channel="c", data={})
        assert (told["type"], told["code"]) == ("error", "store_unavailable")
        assert told["retryAfter"] >= 1
        assert (await one.health())["status"] == "degraded"
        assert (await one.client.call("GET", "/api/health/ready")).status == 503
        assert (await one.peer.ask("ping"))["type"] == "pong"
        assert (await one.client.call("GET", "/api/channels/c/history")).status == 200
    await one.becomes("ok")
    await one.works()


@within(60)
async def test_what_fails_on_the_disk_passes(faulty: Faulty) -> None:
    for name in ("a full disk", "a disk that cannot be synced"):
        await suffers(faulty, FAULTS[name])
    assert faulty.faults.hits > 6
    await makes_no_keys(faulty, faulty.faults.on("records.db", write=errno.ENOSPC))


@pytest.mark.slow
@within(60)
async def test_so_does_the_rest(faulty: Faulty) -> None:
    for name in ("a disk that cannot be written", "a file that somebody has locked"):
        await suffers(faulty, FAULTS[name])
    await makes_no_keys(faulty, locked(faulty.daemon.state_dir / "records.db"))


async def makes_no_keys(one: Faulty, fault: AbstractContextManager[None]) -> None:
    """A fault of the records refuses keys, and leaves notifications alone."""
    async with one.daemon.rest() as operator:
        with fault:
            refusal = await operator.call("POST", "/api/keys", {"clientName": "x"})
            assert (refusal.status, refusal.json["error"]["code"]) == (503, "store_unavailable"), refusal
            assert int(refusal.headers["retry-after"]) >= 1
            health = await one.health()
            unwell = [engine["name"] for engine in health["engines"] if not engine["healthy"]]
            assert (health["status"], unwell) == ("degraded", ["records"])
            assert (await one.client.call("GET", "/api/health/ready")).status == 200, "notifications are taken"
            await one.works()
        await one.becomes("ok")
        made = await operator.call("POST", "/api/keys", {"clientName": "x"})
        assert made.status == 201
        listed = (await operator.call("GET", "/api/keys")).json["keys"]
        assert len(listed) == 2, "what was refused is not there"


@pytest.mark.slow
@within(30)
async def test_a_daemon_that_nobody_asks_finds_out_that_the_disk_is_well(faulty: Faulty) -> None:
    with faulty.faults.on("broker.db", write=errno.ENOSPC):
        body = {"channel": "nobody", "data": {}}
        assert (await faulty.client.call("POST", "/api/notifications", body)).status == 503
        assert (await faulty.health())["status"] == "degraded"
        await trio.sleep(1.5)  # it tries each second, and must not believe itself well
        assert (await faulty.health())["status"] == "degraded"
    await faulty.becomes("ok")


@pytest.mark.slow
@within(60)
async def test_a_slow_disk_holds_up_answers_and_nothing_else(faulty: Faulty) -> None:
    await faulty.works()
    with faulty.faults.on("broker.db", slow_seconds=1.0):
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(faulty.works)
            while trio.current_time() < began + 0.8:
                assert (await faulty.health())["status"] == "ok"
        assert trio.current_time() - began >= 1.0


@pytest.mark.slow
@within(60)
async def test_a_disk_that_hangs_refuses_and_keeps_what_it_had_begun(faulty: Faulty) -> None:
    await faulty.works()
    with faulty.faults.on("broker.db", slow_seconds=30.0):
        began = trio.current_time()
        refusal = await faulty.publish()
        assert (refusal.status, refusal.json["error"]["code"]) == (503, "store_unavailable")
        assert "may yet be kept" in refusal.json["error"]["message"]
        assert trio.current_time() - began < 9
        assert (await faulty.health())["status"] == "degraded"
        refusal = await faulty.publish()
        assert refusal.status == 503
        assert "may yet" not in refusal.json["error"]["message"]
    await faulty.becomes("ok")
    late = await faulty.receive()
    faulty.accepted.append(late["id"])  # what was begun was kept; what was refused behind it was not
    await faulty.works()
