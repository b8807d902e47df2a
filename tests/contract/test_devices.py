"""What every store of devices promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, UserId

if TYPE_CHECKING:
    from notifyd.store.record_ports import DeviceStore, Records

SHOP, OTHER = ClientId("shop"), ClientId("other")
ANN, BOB = UserId("ann"), UserId("bob")


@pytest.fixture
def devices(records: Records) -> DeviceStore:
    return records.devices


def device(name: str, user: UserId = ANN, *, token: str = "", client: ClientId = SHOP, seen_at: int = 1) -> Device:
    return Device(DeviceId(f"{client}-{name}"), client, user, token or f"token-{name}", seen_at, seen_at)


def names(found: object) -> list[str]:
    return [one.id.partition("-")[2] for one in found]  # type: ignore[attr-defined]


async def register(devices: DeviceStore, *wanted: Device, max_per_user: int = 10) -> list[Device]:
    return [await devices.register(one, max_per_user=max_per_user) for one in wanted]


async def test_what_was_registered_is_found(devices: DeviceStore) -> None:
    a, b, c = await register(devices, device("a"), device("b", BOB), device("c", seen_at=2))
    assert a == device("a")
    assert await devices.of_users(SHOP, [ANN, BOB, UserId("nobody")]) == {ANN: [c, a], BOB: [b]}
    assert await devices.of_users(SHOP, []) == {}


async def test_a_token_moves_to_its_latest_user_and_stays_one_device(devices: DeviceStore) -> None:
    await register(devices, device("a", ANN, token="t", seen_at=1))
    (moved,) = await register(devices, device("b", BOB, token="t", seen_at=5))
    assert moved == Device(DeviceId("shop-a"), SHOP, BOB, "t", created_at=1, seen_at=5)
    assert await devices.of_users(SHOP, [ANN, BOB]) == {BOB: [moved]}
    assert await devices.list(SHOP) == [moved]


async def test_clients_do_not_share_tokens(devices: DeviceStore) -> None:
    mine, theirs = await register(devices, device("a", token="t"), device("a", BOB, token="t", client=OTHER))
    assert await devices.list(SHOP) == [mine]
    assert await devices.of_users(OTHER, [ANN, BOB]) == {BOB: [theirs]}


async def test_beyond_the_bound_the_one_seen_longest_ago_goes(devices: DeviceStore) -> None:
    wanted = [device("a", seen_at=1), device("b", seen_at=3), device("c", seen_at=2), device("x", BOB)]
    await register(devices, *wanted, device("d", seen_at=4), max_per_user=3)
    assert names((await devices.of_users(SHOP, [ANN]))[ANN]) == ["d", "b", "c"]
    assert len(await devices.list(SHOP)) == 4


async def test_the_bound_counts_for_tokens_that_move_in(devices: DeviceStore) -> None:
    await register(devices, device("a", seen_at=1), device("b", BOB, seen_at=2))
    await register(devices, device("c", ANN, token="token-b", seen_at=3), max_per_user=1)
    assert names(await devices.list(SHOP)) == ["b"]


async def test_what_is_registered_stays_whatever_the_clocks_say(devices: DeviceStore) -> None:
    await register(devices, device("a", seen_at=9), device("b", seen_at=1), max_per_user=1)
    assert names(await devices.list(SHOP)) == ["b"]


async def test_equals_stand_in_the_order_of_registering_the_latest_first(devices: DeviceStore) -> None:
    await register(devices, device("a"), device("b"), device("c"))
    assert names(await devices.list(SHOP)) == ["c", "b", "a"]


async def test_the_list_is_by_user_and_no_longer_than_asked_for(devices: DeviceStore) -> None:
    await register(devices, device("a", BOB), device("b", ANN), device("c", BOB, seen_at=2))
    assert names(await devices.list(SHOP)) == ["b", "c", "a"]
    assert names(await devices.list(SHOP, limit=2)) == ["b", "c"]
    assert names(await devices.list(SHOP, user_id=BOB)) == ["c", "a"]
    assert names(await devices.list(SHOP, user_id=BOB, limit=1)) == ["c"]
    assert await devices.list(OTHER) == []


async def test_a_device_is_removed_by_its_id_in_its_client_alone(devices: DeviceStore) -> None:
    await register(devices, device("a"), device("b"))
    assert await devices.remove(OTHER, DeviceId("shop-a")) is None
    assert await devices.remove(SHOP, DeviceId("shop-a")) == device("a")
    assert await devices.remove(SHOP, DeviceId("shop-a")) is None
    assert names(await devices.list(SHOP)) == ["b"]


async def test_a_device_is_removed_by_its_token_in_its_client_alone(devices: DeviceStore) -> None:
    await register(devices, device("a"))
    assert not await devices.remove_token(OTHER, "token-a")
    assert await devices.remove_token(SHOP, "token-a")
    assert not await devices.remove_token(SHOP, "token-a")
    assert await devices.list(SHOP) == []


async def test_many_at_once_are_all_kept(devices: DeviceStore) -> None:
    users = [UserId(f"user-{n}") for n in range(40)]
    async with trio.open_nursery() as nursery:
        for n, user in enumerate(users):
            nursery.start_soon(register, devices, device(str(n), user))
    assert len(await devices.of_users(SHOP, users)) == 40


async def test_one_token_registered_at_once_for_many_belongs_to_one(devices: DeviceStore) -> None:
    async with trio.open_nursery() as nursery:
        for n in range(10):
            nursery.start_soon(register, devices, device(str(n), UserId(f"user-{n}"), token="t"))
    assert len(await devices.list(SHOP)) == 1


async def test_pages_go_through_all_devices_by_their_ids(devices: DeviceStore) -> None:
    wanted = [device("b", BOB, client=OTHER), device("a"), device("c"), device("b", BOB)]
    await register(devices, *wanted)
    first = await devices.page(limit=3)
    assert [one.id for one in first] == ["other-b", "shop-a", "shop-b"]
    assert [one.id for one in await devices.page(first[-1].id, limit=3)] == ["shop-c"]
    assert await devices.page(DeviceId("shop-c")) == []


async def test_rivals_are_of_the_same_id_or_the_same_token(devices: DeviceStore) -> None:
    a, b, _, other = await register(
        devices, device("a"), device("b"), device("c"), device("d", token="token-b", client=OTHER)
    )
    wanted = [msgspec.structs.replace(a, token="new"), msgspec.structs.replace(b, id=DeviceId("new"))]
    found = await devices.rivals(wanted)
    assert sorted(one.id for one in found) == [a.id, b.id]
    assert await devices.rivals([other]) == [other]
    assert await devices.rivals([]) == []


async def test_what_is_put_is_kept_as_it_is_in_the_place_of_its_rivals(devices: DeviceStore) -> None:
    a, b, c = await register(devices, device("a"), device("b"), device("c"))
    both = Device(a.id, SHOP, BOB, b.token, created_at=7, seen_at=9)
    new = device("new", seen_at=8)
    await devices.put([both, new])
    await devices.put([both, new])
    assert list(await devices.page()) == [both, c, new]
    (kept,) = await register(devices, device("x", ANN, token=b.token, seen_at=10))
    assert kept == msgspec.structs.replace(both, user_id=ANN, seen_at=10)
