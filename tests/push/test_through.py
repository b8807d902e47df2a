"""From the queue to Firebase and back into the receipt: engines, dispatcher, router and the real library."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.clock import now_ms
from notifyd.dispatch.dispatcher import Dispatcher, DispatchRules
from notifyd.dispatch.push_desk import PushDesk
from notifyd.dispatch.push_router import PushRouter, PushRules
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT, DeviceId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.policy.naming.ids import new_notification_id
from notifyd.store.memory.devices import MemoryDevices
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerOptions
from notifyd.telemetry.metrics import Counters
from tests.push.conftest import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from notifyd.model.publication import Publication
    from notifyd.model.receipt import Receipt, UserReceipt
    from notifyd.store.ports import Broker
    from tests.fcm.fake import FakeFcm

RULES = PushRules(
    max_attempts=3, retry_seconds=0.05, retry_max_seconds=0.2, max_retry_after_seconds=30, batch_size=100,
    lease_seconds=60,
)  # fmt: skip


class Nobody:
    """A bus with no connection behind it."""

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        await trio.lowlevel.checkpoint()
        return [0] * len(publications)


class Daemon:
    """As much of one as pushing takes."""

    def __init__(self, broker: Broker, devices: MemoryDevices, counters: Counters) -> None:
        self.broker, self.devices, self.counters = broker, devices, counters

    async def register(self, user: str, *tokens: str) -> None:
        for token in tokens:
            device = Device(DeviceId(f"dev-{token}"), DEFAULT_CLIENT, UserId(user), token, created_at=0, seen_at=0)
            await self.devices.register(device, max_per_user=20)

    async def publish(self, *users: str, **fields: Any) -> NotificationId:
        now = now_ms()
        values: dict[str, Any] = {
            "id": new_notification_id(now), "client_id": DEFAULT_CLIENT, "kind": Kind.USERS, "channel": "",
            "data": b'{"title":"Hello","body":"You"}', "metadata": b"", "priority": 5, "accepted_at": now,
            "due_at": now, "expires_at": now + 3_600_000, "order_key": 0, "users": tuple(map(UserId, users)),
        }  # fmt: skip
        (pending,) = self.broker.queue.enqueue([Notification(**values | fields)], now=now)
        return (await pending.result()).id

    async def receipt(self, notification_id: str) -> Receipt:
        found = await self.broker.receipts.find(None, NotificationId(notification_id))
        assert found is not None
        return found

    async def user(self, notification_id: str) -> UserReceipt:
        return (await self.receipt(notification_id)).users[0]

    async def reached(self, is_there: Callable[[], bool]) -> None:
        """Wait until it is so."""
        deadline = trio.current_time() + 20
        # what is waited for happens in threads and sockets, and is settled a moment after it was counted
        await wait_all_tasks_blocked(0.02)
        while not is_there():
            assert trio.current_time() < deadline, self.counters.snapshot()
            await wait_all_tasks_blocked(0.02)


async def _never(*_: object) -> bool:
    return False


@asynccontextmanager
async def started(
    fcm: FakeFcm, options: BrokerOptions, devices: MemoryDevices | None = None, rules: PushRules = RULES
) -> AsyncIterator[Daemon]:
    """A daemon that runs; at the end it is stopped as one is."""
    counters = Counters()
    broker = await open_broker(options, counters)
    daemon = Daemon(broker, devices or MemoryDevices(), counters)
    desk = PushDesk(broker.queue, daemon.devices, broker.inbox, counters, lambda *_: False, ageing_ms=60_000)
    dispatch_rules = DispatchRules(batch_size=100, lease_seconds=30, retry_seconds=1, retry_max_seconds=8)
    dispatcher = Dispatcher(broker.queue, broker.history, Nobody(), dispatch_rules, counters, desk)
    async with opened(fcm.url, timeout_seconds=2.0) as provider, trio.open_nursery() as house:
        house.start_soon(broker.run)
        router = PushRouter(broker.queue, daemon.devices, broker.inbox, provider, rules, counters, _never)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dispatcher.run)
            nursery.start_soon(router.run)
            yield daemon
            nursery.cancel_scope.cancel()
        house.cancel_scope.cancel()


MEMORY = BrokerOptions(durability="memory")


async def test_who_is_offline_is_pushed_and_the_receipt_says_so(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "a1", "a2")
        identifier = await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.pushes_accepted == 2)
        row = await daemon.user(identifier)
    assert (row.pushed, row.failed, row.reason) == (2, 0, "")
    assert fcm.seen.hits == {"a1": 1, "a2": 1}
    assert fcm.seen.messages[0]["notification"] == {"title": "Hello", "body": "You"}
    assert fcm.seen.messages[0]["data"] == {"notificationId": identifier, "clientId": "default"}


async def test_a_token_that_fcm_does_not_know_any_more_is_removed(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "dead-1", "bad-1", "ok-1")
        identifier = await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.devices_removed == 2)
        left = await daemon.devices.of_users(DEFAULT_CLIENT, [UserId("ann")])
        row = await daemon.user(identifier)
    assert [device.token for device in left[UserId("ann")]] == ["ok-1"]
    assert (row.pushed, row.failed) == (1, 2)


async def test_what_is_refused_for_good_is_a_dead_letter_and_the_device_stays(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "sender-1")
        identifier = await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.dead == 1)
        row = await daemon.user(identifier)
        assert await daemon.devices.of_users(DEFAULT_CLIENT, [UserId("ann")])
        # the notification itself was dispatched, and waits in the inbox
        assert (await daemon.receipt(identifier)).state is State.DISPATCHED
    assert (row.pushed, row.failed, row.reason) == (0, 1, "sender_id_mismatch")
    assert fcm.seen.hits == {"sender-1": 1}


async def test_retry_after_is_waited_for(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "quota*1-a")
        await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.pushes_retried == 1)
        await daemon.reached(lambda: daemon.counters.pushes_accepted == 1)
    first, second = fcm.seen.at
    assert second - first > 0.95


async def test_a_pause_is_one_for_all(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "wait*1-a")
        await daemon.register("bob", "b1")
        await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.pushes_retried == 1)
        await daemon.publish("bob")
        await daemon.reached(lambda: daemon.counters.pushes_accepted == 2)
    assert fcm.seen.at[1] - fcm.seen.at[0] > 0.95


async def test_an_outage_is_tried_again_and_given_up_in_the_end(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "down*2-a")
        await daemon.register("bob", "down-b")
        passing, lasting = await daemon.publish("ann"), await daemon.publish("bob")
        await daemon.reached(lambda: (daemon.counters.pushes_accepted, daemon.counters.dead) == (1, 1))
        assert (await daemon.user(passing)).pushed == 1
        row = await daemon.user(lasting)
    assert (row.pushed, row.failed, row.reason) == (0, 1, "unavailable")
    assert fcm.seen.hits == {"down*2-a": 3, "down-b": 3}


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
async def test_many_users_are_pushed(fcm: FakeFcm, count: int) -> None:
    users = [f"u{number}" for number in range(count)]
    async with started(fcm, MEMORY) as daemon:
        for user in users:
            await daemon.register(user, f"token-of-{user}")
        await daemon.publish(*users)
        await daemon.reached(lambda: daemon.counters.pushes_accepted == count)
    assert len(fcm.seen.hits) == count
    # one whose answer came too late is sent once more
    assert sum(fcm.seen.hits.values()) <= count + daemon.counters.pushes_retried


async def test_who_has_no_device_costs_nothing(fcm: FakeFcm) -> None:
    async with started(fcm, MEMORY) as daemon:
        identifier = await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.dispatched == 1)
        assert (await daemon.user(identifier)).pushed == 0
    assert (fcm.seen.access_tokens, fcm.seen.messages) == (0, [])


async def test_a_restart_in_the_middle_of_a_retry_keeps_the_push(fcm: FakeFcm, tmp_path: Path) -> None:
    options, devices = BrokerOptions(state_dir=tmp_path), MemoryDevices()
    slow = msgspec.structs.replace(RULES, retry_seconds=3600, retry_max_seconds=3600)
    async with started(fcm, options, devices, slow) as daemon:
        await daemon.register("ann", "down*1-a")
        identifier = await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.pushes_retried == 1)
    assert fcm.seen.hits == {"down*1-a": 1}
    async with started(fcm, options, devices) as daemon:
        await daemon.reached(lambda: daemon.counters.pushes_accepted == 1)
        row = await daemon.user(identifier)
    assert (row.pushed, row.failed) == (1, 0)


@pytest.mark.parametrize("metadata", [b'{"push":false}', b'{"a":1,"push":false}'])
async def test_what_says_so_is_not_pushed(fcm: FakeFcm, metadata: bytes) -> None:
    async with started(fcm, MEMORY) as daemon:
        await daemon.register("ann", "a1")
        await daemon.publish("ann", metadata=metadata)
        await daemon.publish("ann")
        await daemon.reached(lambda: daemon.counters.pushes_accepted == 1)
    assert fcm.seen.hits == {"a1": 1}
