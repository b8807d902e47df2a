"""How every records engine tells that keys or clients have changed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.store.record_ports import Records

CLIENT = Client(ClientId("shop"), "shop", "v1.sealed", 1)
KEY = ApiKey(KeyId("k1"), CLIENT.id, "k", "ab" * 32, (), 1)


async def test_every_change_that_another_makes_is_another_number(records: Records, beside: Records) -> None:
    numbers = [await records.revision()]
    changes: list[Callable[[], Awaitable[None]]] = [
        partial(beside.clients.put, CLIENT),
        partial(beside.keys.put, KEY),
        partial(beside.keys.remove, KEY.id),
        partial(beside.clients.remove, CLIENT.id),
    ]
    for change in changes:
        await change()
        numbers.append(await records.revision())
    assert len(set(numbers)) == len(numbers)


async def test_changes_of_both_do_not_hide_each_other(records: Records, beside: Records) -> None:
    numbers = []
    for _ in range(3):
        await records.keys.put(KEY)
        await beside.keys.put(KEY)
        numbers.append(await records.revision())
    assert len(set(numbers)) == 3


async def test_last_uses_and_devices_are_no_change(records: Records, beside: Records) -> None:
    await beside.clients.put(CLIENT)
    await beside.keys.put(KEY)
    before = await records.revision()
    await beside.keys.touch({KEY.id: 5})
    device = await beside.devices.register(Device(DeviceId("d"), CLIENT.id, UserId("u"), "t", 1, 1), max_per_user=1)
    await beside.devices.put([device])
    await beside.devices.remove(CLIENT.id, device.id)
    assert await records.revision() == before


async def test_many_are_put_together(records: Records) -> None:
    keys = [ApiKey(KeyId(f"k{n}"), CLIENT.id, "k", f"{n:064x}", (), n) for n in range(150)]
    await records.clients.put(CLIENT, Client(ClientId("other"), "other", "v1.x", 2))
    await records.keys.put(*keys)
    assert len(await records.clients.load()) == 2
    assert sorted(await records.keys.load(), key=lambda key: key.created_at) == keys
