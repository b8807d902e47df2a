from __future__ import annotations

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import Kind
from notifyd.policy.publishing.order import order_key
from notifyd.store.memory.queue import MemoryQueue
from notifyd.store.options import QueueLimits
from tests.dispatch.push_house import ANN, BOB, House


@pytest.fixture
async def house() -> House:
    house = House()
    house.book.tokens.update({ANN: ["a1", "a2"], BOB: ["b1"]})
    return house


async def test_each_user_with_devices_gets_a_push_of_his_own(house: House) -> None:
    parent = await house.offer(ANN, BOB, UserId("nobody"), priority=9, data=b'{"title":"T"}', metadata=b'{"a":1}')
    assert [push.users for push in house.queue.pushes] == [(ANN,), (BOB,)]
    push = house.queue.pushes[0]
    assert (push.kind, push.client_id, push.parent) == (Kind.PUSH, DEFAULT_CLIENT, parent)
    assert (push.data, push.metadata, push.priority) == (b'{"title":"T"}', b'{"a":1}', 9)
    assert (push.submitted_by, push.channel, push.connections) == ("key_1", "", ())


async def test_a_push_has_an_id_of_its_own_and_is_due_at_once(house: House) -> None:
    notification = house.notification(ANN, BOB, due_at=5, accepted_at=5)
    await house.desk.offer(notification, (ANN, BOB))
    first, second = house.queue.pushes
    assert len({first.id, second.id, notification.id}) == 3
    assert first.due_at == first.accepted_at > 5
    assert first.order_key == order_key(first.due_at, first.priority, 60_000)
    assert first.expires_at == notification.expires_at


async def test_only_those_who_were_offline_are_pushed(house: House) -> None:
    await house.desk.offer(house.notification(ANN, BOB), (BOB,))
    assert [push.users for push in house.queue.pushes] == [(BOB,)]


async def test_who_is_connected_and_still_catches_up_is_not_pushed(house: House) -> None:
    house.online.add(ANN)
    await house.offer(ANN, BOB)
    assert [push.users for push in house.queue.pushes] == [(BOB,)]


@pytest.mark.parametrize("fields", [{"metadata": b'{"push":false}'}, {"ttl": -1}])
async def test_what_is_not_to_be_pushed_costs_no_look_up(house: House, fields: dict[str, object]) -> None:
    await house.offer(ANN, **fields)
    await house.offer()
    assert (house.queue.pushes, house.book.lookups) == ([], 0)


async def test_what_does_not_fit_is_told(house: House) -> None:
    house.queue.memory = MemoryQueue(QueueLimits(max_size=0))
    await house.offer(ANN, BOB)
    assert house.told == [("ann", 0, 1, "queue_full"), ("bob", 0, 1, "queue_full")]
    assert house.counters.pushes_failed == 2


async def test_where_there_is_not_room_for_all_there_is_for_some(house: House) -> None:
    users = [UserId(f"u{number}") for number in range(120)]
    house.book.tokens.update({user: ["token"] for user in users})
    house.queue.memory = MemoryQueue(QueueLimits(max_size=100))
    await house.offer(*users)
    assert (len(house.queue.pushes), len(house.told)) == (100, 20)


async def test_what_could_not_be_kept_is_told(house: House) -> None:
    house.queue.losing = True
    await house.offer(ANN)
    assert house.told == [("ann", 0, 1, "store_unavailable")]


async def test_devices_that_cannot_be_read_are_told(house: House) -> None:
    house.book.away = True
    await house.offer(ANN)
    assert (house.told, house.queue.pushes) == ([("ann", 0, 1, "store_unavailable")], [])


async def test_no_fault_of_pushing_reaches_the_dispatcher(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(house.queue, "enqueue", away)
    await house.offer(ANN)
    assert house.counters.errors == 1


async def test_a_closed_queue_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store is closed")

    monkeypatch.setattr(house.queue, "enqueue", closed)
    await house.offer(ANN)
    assert house.told == [("ann", 0, 1, "store_unavailable")]
