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


async def test_every_change_of_a_key_or_a_client_is_another_number(records: Records) -> None:
    numbers = [await records.revision()]
    changes: list[Callable[[], Awaitable[None]]] = [
        partial(records.clients.put, CLIENT),
        partial(records.keys.put, KEY),
        partial(records.keys.remove, KEY.id),
        partial(records.clients.remove, CLIENT.id),
    ]
    for change in changes:
        await change()
        numbers.append(await records.revision())
    assert len(set(numbers)) == len(numbers)


async def test_last_uses_and_devices_are_no_change(records: Records) -> None:
    await records.clients.put(CLIENT)
    await records.keys.put(KEY)
    before = await records.revision()
    await records.keys.touch({KEY.id: 5})
    device = await records.devices.register(Device(DeviceId("d"), CLIENT.id, UserId("u"), "t", 1, 1), max_per_user=1)
    await records.devices.put([device])
    await records.devices.remove(CLIENT.id, device.id)
    assert await records.revision() == before


async def test_many_are_put_together(records: Records) -> None:
    keys = [ApiKey(KeyId(f"k{n}"), CLIENT.id, "k", f"{n:064x}", (), n) for n in range(150)]
    await records.clients.put(CLIENT, Client(ClientId("other"), "other", "v1.x", 2))
    await records.keys.put(*keys)
    assert len(await records.clients.load()) == 2
    assert sorted(await records.keys.load(), key=lambda key: key.created_at) == keys
