"""Jobs that the npm package bullmq adds, and what it is told of them."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import PATIENCE, within
from tests.interop.programs import MODULES, npm_package, program, tool
from tests.valkey import running_valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.interop.programs import Program
    from tests.valkey import Valkey

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TO_ORDERS: dict[str, Any] = {"clientId": "default", "channel": "orders", "payload": {"title": "hi"}}
RECEIPT = {"success": True, "status": "accepted", "durability": "os"}
_numbers = iter(range(1, 1 << 30))


class Bull:
    """A stock producer and the queue that it adds to."""

    def __init__(self, server: Valkey, queue: str, node: Program, folder: Path) -> None:
        self._server = server
        self.queue = queue
        self._node = node
        self._folder = folder

    async def ask(self, order: str, **what: Any) -> Any:
        """Have something done; its answer."""
        await self._node.say(json.dumps({"order": order, **what}))
        line = json.loads(await self._node.until("{"))
        assert "answer" in line, line
        return line["answer"]

    async def add(self, data: Any = None, opts: dict[str, Any] | None = None, **what: Any) -> Any:
        """How a job ended, TO_ORDERS where there are no data."""
        return await self.ask("add", data=TO_ORDERS if data is None else data, opts=opts or {}, **what)

    async def completed(self, count: int) -> Any:
        """Wait until so many jobs are completed; how many are in each state then."""
        while (counts := await self.ask("counts"))["completed"] < count:  # noqa: ASYNC110  # in other processes
            await trio.sleep(0.02)
        return counts

    @asynccontextmanager
    async def consumer(self, *, folder: str = "state", size: int = 100_000) -> AsyncIterator[Program]:
        """A consumer while the body runs."""
        state = self._folder / folder
        state.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.interop.bullmq_consumer", str(state), self._server.url, self.queue]
        paths = {"PYTHONPATH": f"{ROOT / 'daemon'}:{ROOT}"}
        async with program(*command, str(size), folder=self._folder, environ=paths) as started:
            await started.until("ready")
            yield started

    def kept(self, folder: str = "state") -> list[tuple[str, int]]:
        """Ids and data of what the consumer that uses this folder has accepted."""
        with sqlite3.connect(f"file:{self._folder / folder / 'broker.db'}?mode=ro", uri=True) as journal:
            return [(row[0], json.loads(row[1])) for row in journal.execute("SELECT id, data FROM notifications")]


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with running_valkey("--maxmemory-policy", "noeviction") as started:
        yield started


@pytest.fixture
async def bull(server: Valkey, tmp_path: Path) -> AsyncIterator[Bull]:
    npm_package("bullmq")
    queue = f"notifications{next(_numbers)}"
    command = [tool("node"), str(HERE / "scripts" / "bullmq.js"), str(server.port), queue]
    async with program(*command, folder=tmp_path, environ={"NODE_PATH": str(MODULES)}) as node:
        await node.until("ready")
        yield Bull(server, queue, node, tmp_path)


@within(60)
async def test_every_target_and_the_receipt(bull: Bull) -> None:
    targets: list[dict[str, Any]] = [
        {"channel": "orders"},
        {"users": ["u1", 7]},
        {"sockets": ["s1"]},
        {"users": [], "sockets": []},
        {},
    ]
    jobs = [{"data": {"clientId": "default", "payload": {"n": 1}, "priority": 9, **target}} for target in targets]
    async with bull.consumer():
        ended = await bull.ask("bulk", jobs=jobs)
    assert [job["state"] for job in ended] == ["completed"] * len(jobs)
    ids = [job["value"].pop("notificationId") for job in ended]
    assert [job["value"] for job in ended] == [RECEIPT] * len(jobs)
    assert sorted(ids) == sorted(kept for kept, _ in bull.kept())


@within(60)
async def test_the_documented_job(bull: Bull) -> None:
    payload = {
        "title": "Notification Title",
        "body": "Notification Body",
        "actionUrl": "https://example.com/action",
        "imageUrl": "https://example.com/image.jpg",
        "data": {"customField": "value"},
    }
    async with bull.consumer():
        job = await bull.add({"clientId": "default", "users": ["user1", "user2"], "payload": payload})
        assert (job["state"], job["value"]["status"]) == ("completed", "accepted")
        assert [worker["name"] for worker in await bull.ask("workers")] == [bull.queue]


@within(60)
async def test_priority_orders_the_consumption(bull: Bull) -> None:
    await bull.ask("pause")
    jobs = [{"data": {**TO_ORDERS, "payload": n}, "opts": {"priority": n} if n else {}} for n in (5, 3, 0, 1, 9, 2)]
    async with bull.consumer():
        await bull.ask("resume")
        ended = await bull.ask("bulk", jobs=jobs)
    assert {job["state"] for job in ended} == {"completed"}
    assert len(bull.kept()) == len(jobs)


@within(60)
async def test_delay(bull: Bull) -> None:
    async with bull.consumer():
        job = await bull.add(opts={"delay": 700})
        assert 690 <= job["ms"] < 1400 * PATIENCE
        both = await bull.ask(
            "bulk", jobs=[{"data": TO_ORDERS, "opts": {"delay": 900}}, {"data": TO_ORDERS, "opts": {"delay": 300}}]
        )
        assert 290 <= both[1]["ms"] < both[0]["ms"] < 1600 * PATIENCE
        assert both[0]["ms"] >= 890


@within(90)
@pytest.mark.parametrize(
    ("backoff", "least_ms", "most_ms"),
    [
        (1200, 2400, 4000),
        ({"type": "fixed", "delay": 1200}, 2400, 4000),
        ({"type": "exponential", "delay": 1200}, 3600, 5500),
        ({"type": "fixed", "delay": 2400, "jitter": 0.5}, 2400, 6000),
        ({"type": "of-their-own", "delay": 1200}, 2400, 4000),
    ],
)
async def test_attempts_and_backoff(bull: Bull, backoff: Any, least_ms: int, most_ms: int) -> None:
    async with bull.consumer(size=1):
        assert (await bull.add())["state"] == "completed"
        job = await bull.add(opts={"attempts": 3, "backoff": backoff})
    assert (job["state"], job["tries"]) == ("failed", 3)
    assert job["error"] == job["reason"] == "queue_full: the queue holds 1 of 1 notifications"
    assert len(job["stack"]) == 3
    assert least_ms <= job["ms"] < most_ms * PATIENCE


@within(60)
async def test_a_try_that_succeeds_later(bull: Bull) -> None:
    async with bull.consumer(size=1) as consumer:
        await bull.add()
        async with trio.open_nursery() as nursery:
            ended: list[Any] = []

            async def add() -> None:
                ended.append(await bull.add(opts={"attempts": 5, "backoff": {"type": "fixed", "delay": 1500}}))

            nursery.start_soon(add)
            await trio.sleep(0.5)
            await consumer.say("dispatch")
        [job] = ended
        assert (job["state"], job["tries"]) == ("completed", 2)
        # who failed may be tried again by hand
        await consumer.say("dispatch")
        await consumer.until("dispatched")


@within(60)
async def test_invalid_jobs_fail_at_once(bull: Bull) -> None:
    opts = {"attempts": 5, "backoff": 3000}
    async with bull.consumer():
        for data, reason in (
            ({"payload": 1}, "invalid_job: clientId is missing: name the client whose notification this is"),
            ({**TO_ORDERS, "clientId": "cl_no"}, "client_not_found: there is no client 'cl_no'"),
            ({**TO_ORDERS, "users": ["u"]}, "invalid_job: name users and sockets, or a channel, not both"),
            ("text", "invalid_job: the job's data: Expected `object`, got `str`"),
        ):
            job = await bull.add(data, opts)
            assert (job["state"], job["tries"], job["error"], job["reason"]) == ("failed", 1, reason, reason)
        job = await bull.add(None, opts, job="send-mail")
        assert job["reason"].startswith("unknown_job: no job of notifyd: it is named 'send-mail'")
        assert job["tries"] == 1
        assert [line for stack in job["stack"] for line in stack.splitlines()][-1].endswith(job["reason"])
    assert bull.kept() == []


@within(60)
async def test_job_id_and_deduplication(bull: Bull) -> None:
    async with bull.consumer():
        first = await bull.add(opts={"jobId": "order-7"})
        again = await bull.add(opts={"jobId": "order-7"})
        assert (first["id"], again["id"]) == ("order-7", "order-7")
        assert again["value"] == first["value"]
        await bull.ask("remove", id="order-7")
        anew = await bull.add(opts={"jobId": "order-7"})
        assert anew["value"]["notificationId"] != first["value"]["notificationId"]
        deduplication = {"deduplication": {"id": "once", "ttl": 30_000}}
        one, other = await bull.ask("bulk", jobs=[{"data": TO_ORDERS, "opts": deduplication}] * 2)
        assert one["id"] == other["id"]
    assert len(bull.kept()) == 3


@within(60)
async def test_remove_on_complete_and_on_fail(bull: Bull) -> None:
    async with bull.consumer():
        done = await bull.add(opts={"removeOnComplete": True})
        assert (done["state"], done["value"]["status"]) == ("gone", "accepted")
        failed = await bull.add({"payload": 1}, {"removeOnFail": True})
        assert (failed["state"], failed["error"][:11]) == ("gone", "invalid_job")
        await bull.ask("bulk", jobs=[{"data": TO_ORDERS, "opts": {"removeOnComplete": {"count": 2}}}] * 5)
        assert (await bull.ask("counts"))["completed"] == 2


@within(60)
async def test_pause_rate_limit_flow_and_scheduler(bull: Bull) -> None:
    async with bull.consumer():
        await bull.add()
        await bull.ask("pause")
        await bull.ask("many", count=3, data=TO_ORDERS, opts={})
        await trio.sleep(0.5)
        counts = await bull.ask("counts")
        assert counts["completed"] == 1
        await bull.ask("resume")
        parent = await bull.ask("flow", data=TO_ORDERS)
        assert parent["state"] == "completed"
        await bull.ask("schedule", every=200, limit=3, data=TO_ORDERS)
        await bull.completed(1 + 3 + 3 + 3)
        await bull.ask("limit", max=2, duration=500)
        ended = await bull.ask("bulk", jobs=[{"data": TO_ORDERS}] * 6)
        assert max(job["ms"] for job in ended) >= 900
        assert {job["state"] for job in ended} == {"completed"}


@within(90)
async def test_a_consumer_is_killed_in_the_middle(bull: Bull) -> None:
    count = 4000
    async with bull.consumer() as first:
        await bull.ask("many", count=count, data=TO_ORDERS, opts={})
        await bull.completed(200)
        first.kill()
        await first.ended()
    assert (await bull.ask("counts"))["completed"] < count, "it was killed too late"
    async with bull.consumer():
        assert (await bull.completed(count))["failed"] == 0
    kept = bull.kept()
    assert sorted(data for _, data in kept) == list(range(count)), "each job is one notification"


@within(90)
async def test_another_consumer_takes_over_what_stalled(bull: Bull) -> None:
    count = 3000
    async with bull.consumer(folder="first") as first, bull.consumer(folder="second"):
        await bull.ask("many", count=count, data=TO_ORDERS, opts={"attempts": 2})
        await bull.completed(200)
        first.kill()
        counts = await bull.completed(count)
        assert (counts["failed"], counts["active"]) == (0, 0)
    both = bull.kept("first") + bull.kept("second")
    assert {data for _, data in both} == set(range(count))


@within(60)
async def test_a_drained_consumer_leaves_nothing_active(bull: Bull) -> None:
    async with bull.consumer() as consumer:
        await bull.ask("many", count=3000, data=TO_ORDERS, opts={})
        await consumer.say("drain")
        told = json.loads(await consumer.until("ended"))
        counts = await bull.ask("counts")
        assert (counts["active"], counts["failed"]) == (0, 0)
        assert counts["completed"] == told["completed"] == told["accepted"] == len(bull.kept())
        assert counts["completed"] + counts["waiting"] + counts["delayed"] == 3000
