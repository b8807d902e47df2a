"""What every store of clients promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey

if TYPE_CHECKING:
    from notifyd.store.record_ports import Records

SHOP = Client(
    ClientId("shop"),
    "Zoë's shop",
    "v1.sealed",
    1000,
    url="https://shop.example",
    description="two\nlines",
    cookie_name="sid",
    updated_at=2000,
    previous_secret="v1.before",
    previous_until=3000,
)
OTHER = Client(ClientId("other"), "other", "v1.other", 1)


async def fill(records: Records, client: Client) -> None:
    """A client with a key and a device."""
    await records.clients.put(client)
    await records.keys.put(ApiKey(KeyId(f"key-{client.id}"), client.id, "n", "d", (), 1))
    device = Device(DeviceId(f"dev-{client.id}"), client.id, UserId("u"), "token", 1, 1)
    await records.devices.register(device, max_per_user=5)


async def test_what_was_put_is_loaded(records: Records) -> None:
    await records.clients.put(SHOP)
    await records.clients.put(OTHER)
    assert sorted(await records.clients.load(), key=lambda client: client.id) == [OTHER, SHOP]


async def test_a_put_replaces_the_record(records: Records) -> None:
    await records.clients.put(SHOP)
    renamed = msgspec.structs.replace(SHOP, name="new", previous_until=None)
    await records.clients.put(renamed)
    assert await records.clients.load() == [renamed]


async def test_only_what_is_there_is_replaced(records: Records) -> None:
    renamed = msgspec.structs.replace(SHOP, name="new")
    assert not await records.clients.replace(renamed)
    assert await records.clients.load() == []
    await records.clients.put(SHOP)
    assert await records.clients.replace(renamed)
    assert await records.clients.replace(renamed)
    assert await records.clients.load() == [renamed]


async def test_a_removed_client_takes_its_keys_and_devices_along_and_no_others(records: Records) -> None:
    await fill(records, SHOP)
    await fill(records, OTHER)
    await records.clients.remove(SHOP.id)
    await records.clients.remove(SHOP.id)
    assert await records.clients.load() == [OTHER]
    assert [key.client_id for key in await records.keys.load()] == ["other"]
    assert await records.devices.list(SHOP.id) == []
    assert len(await records.devices.list(OTHER.id)) == 1
