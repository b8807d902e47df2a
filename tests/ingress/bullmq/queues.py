"""What the tests of BullMQ share: a queue and its jobs, and consumers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import bullmq
import msgspec
import redis
import trio

from notifyd.clock import now_ms
from notifyd.ingress.bullmq.consumer import Consumer
from notifyd.ingress.bullmq.options import BullmqOptions, Timing
from notifyd.ingress.bullmq.services import BullmqServices
from notifyd.redislink.options import RedisOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.notification import Notification
    from tests.service.node import Node
    from tests.valkey import Valkey

#: Consumers that die are noticed at once, where a test says so: locks last.
PATIENT = Timing(lock_seconds=60.0, stalled_seconds=0.1, idle_seconds=1.0, keep_seconds=2.0)
QUICK = Timing(lock_seconds=0.3, stalled_seconds=0.1, idle_seconds=1.0, keep_seconds=2.0)
JOB = "notification-job"
TO_ORDERS: dict[str, Any] = {"clientId": "default", "channel": "orders", "payload": {"title": "hi"}}


async def until(condition: Callable[[], bool]) -> None:
    """Until it is so; the test's deadline counts."""
    while not condition():  # noqa: ASYNC110  # it becomes so in another process
        await trio.sleep(0.01)


class Job(msgspec.Struct):
    """A job as Redis has it."""

    state: str
    value: Any = None
    reason: str = ""
    tries: int = 0


class Queue:
    """One queue of BullMQ."""

    def __init__(self, server: Valkey, name: str) -> None:
        self.server = server
        self.name = name

    async def add(self, data: Any = None, opts: dict[str, Any] | None = None, *, name: str = JOB) -> str:
        """Add a job, TO_ORDERS where no data are given; its id."""
        return (await self.add_all([(TO_ORDERS if data is None else data, opts or {})], name=name))[0]

    async def add_all(self, jobs: list[tuple[Any, dict[str, Any]]], *, name: str = JOB) -> list[str]:
        """Add several, as (data, opts)."""

        async def add() -> list[str]:
            queue = bullmq.Queue(self.name, {"connection": {"host": "127.0.0.1", "port": self.server.port}})
            try:
                return [(await queue.add(name, data, opts)).id for data, opts in jobs]
            finally:
                await queue.close()

        return await trio.to_thread.run_sync(asyncio.run, add())

    def call(self, command: str, key: str, *words: Any) -> Any:
        """One command to a key of the queue."""
        with redis.Redis(unix_socket_path=str(self.server.path), decode_responses=True) as client:
            return client.execute_command(command, f"bull:{self.name}:{key}", *words)

    def job(self, job_id: str) -> Job:
        """A job as it is now."""
        fields = self.call("HGETALL", job_id)
        state = next((s for s in ("completed", "failed", "delayed") if self.call("ZSCORE", s, job_id) is not None), "")
        if not state:
            state = next((s for s in ("wait", "active") if self.call("LPOS", s, job_id) is not None), "gone")
        value = json.loads(fields["returnvalue"]) if "returnvalue" in fields else None
        return Job(state, value, fields.get("failedReason", ""), int(fields.get("atm", 0)))

    async def until(self, job_id: str, *states: str) -> Job:
        """The job once it is in one of *states*."""
        await until(lambda: self.job(job_id).state in states)
        return self.job(job_id)

    async def finished(self, job_id: str) -> Job:
        """The job once it is completed or failed."""
        return await self.until(job_id, "completed", "failed")


class House:
    """A node, a queue, and consumers between them."""

    def __init__(self, node: Node, queue: Queue, nursery: trio.Nursery) -> None:
        self.node = node
        self.queue = queue
        self._nursery = nursery
        #: Since when the broker fails, as consumers are told.
        self.failing: float | None = None

    def services(self, **others: Any) -> BullmqServices:
        """What a consumer needs, with other parts where the test has some."""
        node = self.node
        made = BullmqServices(node.publisher, node.clients, node.counters, "memory", lambda: self.failing)
        return msgspec.structs.replace(made, **others)

    def options(self, **others: Any) -> BullmqOptions:
        """The queue's."""
        redis = RedisOptions(self.queue.server.url, timeout_seconds=0.7, connect_timeout_seconds=1.0)
        return msgspec.structs.replace(BullmqOptions(redis, queue=self.queue.name), **others)

    def consumer(self, *, services: BullmqServices | None = None, timing: Timing = PATIENT, **options: Any) -> Consumer:
        """A consumer that does not run."""
        return Consumer(self.options(**options), services or self.services(), timing)

    def start(self, **how: Any) -> Consumer:
        """A consumer that runs until the test ends."""
        consumer = self.consumer(**how)
        self._nursery.start_soon(consumer.run)
        return consumer

    async def waiting(self) -> list[Notification]:
        """What was accepted, in the order of dispatch; it is leased from now on."""
        leases = await self.node.broker.queue.lease(limit=100, lease_seconds=30, now=now_ms())
        return [lease.notification for lease in leases]
