"""Jobs of a real queue, through to the memory engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import structlog
import trio

from notifyd.model.notification import Kind
from tests.ingress.bullmq.queues import PATIENT, QUICK, TO_ORDERS, House, Queue, until
from tests.service.node import open_node

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.command import Publish
    from notifyd.model.principal import Principal
    from notifyd.store.ports import Accepted, Pending
    from tests.valkey import Valkey


async def test_a_job_is_completed_with_the_receipt_of_its_notification(house: House, queue: Queue) -> None:
    house.start()
    job = await queue.finished(await queue.add({**TO_ORDERS, "priority": 9, "metadata": {"a": 1}}))
    [notification] = await house.waiting()
    assert job.value == {
        "success": True,
        "notificationId": notification.id,
        "status": "accepted",
        "durability": "memory",
    }
    assert (notification.kind, notification.channel, notification.priority) == (Kind.CHANNEL, "orders", 9)
    assert (notification.data, notification.metadata) == (b'{"title":"hi"}', b'{"a":1}')
    assert notification.submitted_by == "bullmq"


async def test_jobs_are_taken_in_bullmqs_order(house: House, queue: Queue) -> None:
    house.failing = 0.0
    jobs = [({**TO_ORDERS, "payload": n}, {"priority": p} if p else {}) for n, p in enumerate((5, 1, 0, 2, 0))]
    ids = await queue.add_all(jobs)
    house.start(concurrency=1)
    house.failing = None
    for job_id in ids:
        await queue.finished(job_id)
    # 0 is none, which goes first; then 1 is the most urgent
    assert [int(notification.data) for notification in await house.waiting()] == [2, 4, 1, 3, 0]


async def test_more_jobs_than_may_be_in_work(house: House, queue: Queue) -> None:
    ids = await queue.add_all([(TO_ORDERS, {})] * 15)
    house.start(concurrency=4)
    assert {(await queue.finished(job_id)).state for job_id in ids} == {"completed"}
    assert len(await house.waiting()) == len(ids)
    await until_told(house, completed=len(ids))


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        ({"channel": "a", "payload": 1}, "notification-job", "invalid_job: clientId is missing"),
        ({"clientId": "default"}, "notification-job", "invalid_job: payload (or data) is missing"),
        ({**TO_ORDERS, "clientId": "nobody"}, "notification-job", "client_not_found: "),
        ({**TO_ORDERS, "priority": 11}, "notification-job", "invalid_request: priority is 11"),
        ({**TO_ORDERS, "payload": "x" * 400}, "notification-job", "too_large: the job's data have"),
        (TO_ORDERS, "send-mail", "unknown_job: no job of notifyd: it is named 'send-mail'"),
    ],
)
async def test_an_invalid_job_fails_at_once(house: House, queue: Queue, data: Any, name: str, reason: str) -> None:
    house.start(max_data_bytes=300)
    job = await queue.finished(await queue.add(data, {"attempts": 5, "backoff": 10}, name=name))
    assert (job.state, job.tries) == ("failed", 1)
    assert job.reason.startswith(reason)
    await until_told(house, failed=1, invalid=1)
    assert (house.node.counters.rejected, await house.waiting()) == (1, [])


async def test_a_job_that_cannot_be_read_fails_and_holds_up_nobody(house: House, queue: Queue) -> None:
    broken = await queue.add()
    queue.call("HSET", broken, "data", "{nonsense", "opts", "[")
    sound = await queue.add()
    house.start()
    assert (await queue.finished(broken)).reason.startswith("invalid_job: the job cannot be read")
    assert (await queue.finished(sound)).state == "completed"


async def test_a_refused_try_is_tried_again_as_the_job_says(house: House, queue: Queue) -> None:
    await fill(house)
    house.start()
    job_id = await queue.add(opts={"attempts": 3, "backoff": 20})
    job = await queue.until(job_id, "delayed")
    assert (job.tries, job.reason[:11]) == (1, "queue_full:")
    await house.node.dispatch()
    assert (await queue.finished(job_id)).state == "completed"
    await until_told(house, completed=1, retried=1)


async def test_without_attempts_a_refused_job_has_failed(house: House, queue: Queue) -> None:
    await fill(house)
    house.start()
    job = await queue.finished(await queue.add())
    assert (job.state, job.reason[:11]) == ("failed", "queue_full:")
    await until_told(house, failed=1, invalid=0)


async def test_no_job_is_taken_while_the_broker_is_away(house: House, queue: Queue) -> None:
    house.failing = 1.0
    house.start()
    job_id = await queue.add(opts={"attempts": 2})
    with trio.move_on_after(0.3):
        await queue.until(job_id, "active", "failed", "delayed", "completed")
        pytest.fail("the job was taken")
    house.failing = None
    assert (await queue.finished(job_id)).tries == 1


async def test_a_client_that_another_daemon_may_have_registered_is_looked_up_again(house: House, queue: Queue) -> None:
    house.start(recheck_ms=400)
    job_id = await queue.add({**TO_ORDERS, "clientId": "late"})
    assert (await queue.until(job_id, "delayed", "failed")).tries == 0
    job = await queue.finished(job_id)
    assert (job.state, job.tries, job.reason[:17]) == ("failed", 1, "client_not_found:")


async def test_draining_finishes_what_is_in_hand_and_takes_no_more(house: House, queue: Queue) -> None:
    slow = SlowPublisher(house.node.publisher)
    consumer = house.start(services=house.services(publisher=slow), concurrency=2)
    in_hand = await queue.add()
    await slow.asked.wait()
    consumer.drain()
    left = await queue.add()
    slow.go_on.set()
    await consumer.stop(5)
    assert queue.job(in_hand).state == "completed"
    assert queue.job(left).state == "wait"


async def test_a_consumer_that_cannot_finish_lets_go_in_time(house: House, queue: Queue) -> None:
    slow = SlowPublisher(house.node.publisher)
    consumer = house.start(services=house.services(publisher=slow))
    job_id = await queue.add()
    await slow.asked.wait()
    await consumer.stop(0.1)
    assert queue.job(job_id).state == "active"


async def test_a_job_whose_consumer_died_is_the_same_notification_when_it_runs_again(
    house: House, queue: Queue
) -> None:
    slow = SlowPublisher(house.node.publisher)
    dying = house.consumer(services=house.services(publisher=slow), timing=QUICK)
    async with trio.open_nursery() as first:
        first.start_soon(dying.run)
        job_id = await queue.add()
        await slow.asked.wait()
        first.cancel_scope.cancel()
    assert queue.job(job_id).state == "active"
    house.start()
    job = await queue.finished(job_id)
    [notification] = await house.waiting()
    assert (job.state, job.value["notificationId"]) == ("completed", notification.id)
    assert house.node.counters.accepted == 1


async def test_a_job_that_was_removed_and_added_again_is_a_new_notification(house: House, queue: Queue) -> None:
    house.start()
    first = await queue.add(opts={"jobId": "order-7", "removeOnComplete": True})
    await until_told(house, completed=1)
    assert queue.job(first).state == "gone"
    await queue.add(opts={"jobId": "order-7"})
    assert (await queue.finished("order-7")).state == "completed"
    assert len(await house.waiting()) == 2


async def test_a_notification_that_is_not_kept_in_time_fails_the_try(house: House, queue: Queue) -> None:
    slow = SlowPublisher(house.node.publisher)
    timing = msgspec.structs.replace(PATIENT, keep_seconds=0.05)
    house.start(services=house.services(publisher=slow), timing=timing)
    job = await queue.finished(await queue.add())
    assert job.reason == "unavailable: the notification was not kept within 0.05 s"


async def test_a_fault_of_the_daemon_is_one_jobs_alone(house: House, queue: Queue) -> None:
    house.start(services=house.services(publisher=Broken()))
    with structlog.testing.capture_logs() as logs:
        job = await queue.finished(await queue.add())
    assert job.reason.startswith("internal: ")
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["bullmq_job_failed"]
    assert house.node.counters.errors == 1


async def test_redis_may_go_and_come_back(nursery: trio.Nursery, start_valkey: Callable[..., Valkey]) -> None:
    nursery.cancel_scope.deadline = trio.current_time() + 20
    server = start_valkey()
    queue = Queue(server, "notifications")
    house = House(await open_node(nursery), queue, nursery)
    with structlog.testing.capture_logs() as logs:
        consumer = house.start()
        assert (await queue.finished(await queue.add())).state == "completed"
        assert consumer.failing_since is None
        server.kill()
        await until(lambda: consumer.failing_since is not None)
        assert consumer.detail.startswith("no jobs are taken: ")
        server.start()
        assert (await queue.finished(await queue.add())).state == "completed"
        await until(lambda: consumer.failing_since is None)
    events = [line["event"] for line in logs if line["event"].startswith("bullmq_")]
    assert events == ["bullmq_consuming", "bullmq_redis_away", "bullmq_redis_back"]
    assert len(await house.waiting()) == 2


async def test_what_was_done_while_redis_was_away_is_told_afterwards(
    nursery: trio.Nursery, start_valkey: Callable[..., Valkey]
) -> None:
    nursery.cancel_scope.deadline = trio.current_time() + 20
    server = start_valkey()
    queue = Queue(server, "notifications")
    house = House(await open_node(nursery), queue, nursery)
    slow = SlowPublisher(house.node.publisher)
    timing = msgspec.structs.replace(QUICK, lock_seconds=10.0)
    consumer = house.start(services=house.services(publisher=slow), timing=timing)
    job_id = await queue.add()
    await slow.asked.wait()
    server.pause()
    slow.go_on.set()
    await until(lambda: consumer.failing_since is not None)
    server.go_on()
    assert (await queue.finished(job_id)).state == "completed"
    assert house.node.counters.accepted == 1


class SlowPublisher:
    """Submits at once, and tells of it when the test lets it."""

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher
        self.asked = trio.Event()
        self.go_on = trio.Event()

    def submit(self, principal: Principal, command: Publish) -> SlowPending:
        pending = self._publisher.submit(principal, command)
        self.asked.set()
        return SlowPending(pending, self.go_on)


class SlowPending:
    def __init__(self, pending: Pending, go_on: trio.Event) -> None:
        self._pending = pending
        self._go_on = go_on

    def done(self) -> bool:
        return False

    async def result(self) -> Accepted:
        await self._go_on.wait()
        return await self._pending.result()


class Broken:
    """A publisher with a fault."""

    def submit(self, principal: Principal, command: Publish) -> Pending:
        raise ZeroDivisionError


async def until_told(house: House, **counts: int) -> None:
    """Until the counters say so."""
    counters = house.node.counters
    await until(lambda: all(getattr(counters, f"bullmq_{name}") == count for name, count in counts.items()))


async def fill(house: House) -> None:
    """Fill the notifications' own queue."""
    for _ in range(house.node.broker.queue.stats(now=0).max_size):
        await house.node.publish("full")
