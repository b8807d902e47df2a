from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from notifyd.clock import now_ms
from notifyd.errors import Invalid, NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, DeviceId, UserId
from notifyd.service.clients.clients import NewClient
from notifyd.service.clients.devices import DeviceRules

if TYPE_CHECKING:
    from tests.service.client_samples import House

TOKEN = "fGci-x9:APA91bH_" + "x" * 100
ANN = UserId("ann")
NOBODY = ClientId("nobody")


async def test_a_device_is_registered(house: House) -> None:
    device = await house.devices.register(DEFAULT_CLIENT, "ann", TOKEN)
    assert (device.client_id, device.user_id, device.token) == ("default", "ann", TOKEN)
    assert device.created_at == device.seen_at > now_ms() - 10_000
    assert await house.devices.list(DEFAULT_CLIENT) == [device]


async def test_a_token_moves_to_its_latest_user(house: House) -> None:
    before = await house.devices.register(DEFAULT_CLIENT, "ann", TOKEN)
    moved = await house.devices.register(DEFAULT_CLIENT, "bob", TOKEN)
    assert moved.id == before.id
    assert await house.devices.list(DEFAULT_CLIENT) == [moved]


async def test_one_user_has_so_many_devices_and_no_more(house: House) -> None:
    house.devices.rules = DeviceRules(max_per_user=2)
    for n in range(4):
        await house.devices.register(DEFAULT_CLIENT, "ann", f"token-{n}")
    kept = await house.devices.list(DEFAULT_CLIENT, ANN)
    assert {device.token for device in kept} == {"token-2", "token-3"}


@pytest.mark.parametrize("token", ["", "x" * 4097, "a b", "a\n", "é", "\x00", "\ud800"])
async def test_what_is_no_push_token(house: House, token: str) -> None:
    with pytest.raises(Invalid, match="1 to 4096 printable ASCII characters") as refused:
        await house.devices.register(DEFAULT_CLIENT, "ann", token)
    assert refused.value.code == "invalid_device_token"


@pytest.mark.parametrize("user", ["", "x" * 257, "a\nb"])
async def test_what_is_no_user(house: House, user: str) -> None:
    with pytest.raises(Invalid) as refused:
        await house.devices.register(DEFAULT_CLIENT, user, TOKEN)
    assert refused.value.code == "invalid_user"


async def test_a_client_that_is_not_there_has_no_devices(house: House) -> None:
    for ask in (
        house.devices.register(NOBODY, "ann", TOKEN),
        house.devices.list(NOBODY),
        house.devices.remove(NOBODY, DeviceId("dev_1")),
    ):
        with pytest.raises(NotFound) as refused:
            await ask
        assert refused.value.code == "client_not_found"


async def test_the_list_is_bounded(house: House) -> None:
    for n in range(3):
        await house.devices.register(DEFAULT_CLIENT, f"user-{n}", f"token-{n}")
    assert len(await house.devices.list(DEFAULT_CLIENT, limit=2)) == 2
    assert len(await house.devices.list(DEFAULT_CLIENT, limit=-5)) == 1
    assert len(await house.devices.list(DEFAULT_CLIENT, limit=10**12)) == 3


async def test_a_device_is_removed_in_its_client_alone(house: House) -> None:
    other = (await house.clients.register(NewClient("shop"))).client.id
    device = await house.devices.register(DEFAULT_CLIENT, "ann", TOKEN)
    with pytest.raises(NotFound) as refused:
        await house.devices.remove(other, device.id)
    assert refused.value.code == "device_not_found"
    assert await house.devices.remove(DEFAULT_CLIENT, device.id) == device
    assert await house.devices.list(DEFAULT_CLIENT) == []


async def test_the_log_tells_of_devices_and_never_their_tokens(house: House) -> None:
    with capture_logs() as logs:
        device = await house.devices.register(DEFAULT_CLIENT, "ann", TOKEN)
        await house.devices.register(DEFAULT_CLIENT, "bob", TOKEN)
        await house.devices.remove(DEFAULT_CLIENT, device.id)
    assert [(entry["event"], entry["device_id"]) for entry in logs] == [
        ("device_registered", device.id),
        ("device_registered", device.id),
        ("device_removed", device.id),
    ]
    assert TOKEN not in str(logs)
