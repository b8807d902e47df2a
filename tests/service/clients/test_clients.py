from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Exhausted, Invalid, NotFound, StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.policy.access.sealing import SealBroken, Sealer
from notifyd.service.access.keys import KeyRules, Keys, NewKey
from notifyd.service.clients.clients import ClientChanges, ClientRules, NewClient
from tests.service.client_samples import GOOD_SECRET, House

if TYPE_CHECKING:
    from notifyd.model.client import Client

SHOP = NewClient("shop", GOOD_SECRET, "https://Shop.example/app", "sells", "sid")


async def test_default_is_there_from_the_first_start_with_a_secret_that_stays(house: House) -> None:
    (client,) = house.clients.list()
    assert (client.id, client.name) == ("default", "default")
    (secret,) = house.clients.secrets_of(DEFAULT_CLIENT)
    assert len(secret.key) == 43
    again = await House(house.records).loaded()
    assert again.clients.secrets_of(DEFAULT_CLIENT)[0].key == secret.key
    assert again.clients.list() == [client]


async def test_a_client_has_what_was_asked_for(house: House) -> None:
    registered = await house.clients.register(SHOP)
    client = house.clients.get(registered.client.id)
    assert (client.name, client.url, client.description, client.cookie_name) == (
        "shop",
        "https://Shop.example/app",
        "sells",
        "sid",
    )
    assert registered.client == client == house.clients.find(client.id)
    assert (registered.secret, registered.warnings) == ("", ())
    assert client.created_at == client.updated_at > now_ms() - 10_000
    assert (house.clients.origin_of(client.id), house.clients.cookie_name_of(client.id)) == (
        "https://shop.example",
        "sid",
    )


async def test_a_client_may_bring_the_id_that_it_had_elsewhere(house: House) -> None:
    registered = await house.clients.register(NewClient("shop", id="65f1c0ffee0ddba11ca7f00d"))
    assert registered.client.id == "65f1c0ffee0ddba11ca7f00d"
    assert house.clients.is_secret(registered.client.id, registered.secret)
    with pytest.raises(Conflict, match="there is a client 65f1c0ffee0ddba11ca7f00d already"):
        await house.clients.register(NewClient("other", id="65f1c0ffee0ddba11ca7f00d"))
    with pytest.raises(Conflict):
        await house.clients.register(NewClient("other", id=DEFAULT_CLIENT))


@pytest.mark.parametrize("wrong", ["-a", "a/b", "a b", "a.b", "ä", "x" * 65])
async def test_an_id_that_does_not_fit_into_a_url_is_refused(house: House, wrong: str) -> None:
    with pytest.raises(Invalid, match="id must be 1 to 64 letters"):
        await house.clients.register(NewClient("shop", id=wrong))
    assert len(house.clients) == 1


async def test_a_secret_is_made_where_none_is_brought_and_shown_once(house: House) -> None:
    registered = await house.clients.register(NewClient("shop"))
    assert len(registered.secret) == 43
    assert house.clients.is_secret(registered.client.id, registered.secret)
    assert registered.secret not in repr(registered)
    assert registered.secret not in repr(await house.records.clients.load())


async def test_a_short_secret_is_taken_with_a_warning(house: House) -> None:
    registered = await house.clients.register(NewClient("shop", "8letters"))
    assert "the secret is short" in registered.warnings[0]
    assert house.clients.is_secret(registered.client.id, "8letters")


async def test_names_need_not_be_unique(house: House) -> None:
    first, second = [(await house.clients.register(SHOP)).client.id for _ in range(2)]
    assert first != second
    assert {client.id for client in house.clients.list()} == {"default", first, second}


async def test_every_problem_is_told_at_once(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        await house.clients.register(NewClient("", "short", "ftp://x", "x" * 1001, "a b"))
    fields = [problem.field for problem in refused.value.details]
    assert fields == ["appName", "clientUrl", "description", "cookieName", "clientSecret"]
    assert all(field in refused.value.message for field in fields)
    assert refused.value.code == "invalid_client"
    assert len(house.clients.list()) == 1


async def test_there_are_so_many_clients_and_no_more(house: House) -> None:
    house.clients.rules = ClientRules(max_clients=2, secret_overlap_ms=0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.clients.register, SHOP)
    with pytest.raises(Exhausted, match="there are 2 clients already") as refused:
        await house.clients.register(SHOP)
    assert refused.value.code == "too_many_clients"


async def test_what_is_not_known(house: House) -> None:
    nobody = ClientId("nobody")
    for ask in (house.clients.get, house.clients.known):
        with pytest.raises(NotFound, match="no client 'nobody'") as refused:
            ask(nobody)
        assert refused.value.code == "client_not_found"
    clients = house.clients
    assert (clients.find(nobody), clients.secrets_of(nobody), clients.is_secret(nobody, "")) == (None, (), False)
    assert (clients.origin_of(nobody), clients.cookie_name_of(nobody), clients.ends_at(nobody, "")) == ("", "", 0)
    assert house.clients.known(DEFAULT_CLIENT) == "default"


async def test_an_origin_is_known_while_a_client_has_it(house: House) -> None:
    first, second = [(await house.clients.register(SHOP)).client.id for _ in range(2)]
    await house.clients.rotate_secret(first)
    await house.clients.remove(first)
    assert house.clients.has_origin("https://shop.example")
    await house.clients.remove(second)
    assert not house.clients.has_origin("https://shop.example")
    assert not house.clients.has_origin("")


async def test_everything_is_known_after_a_restart(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    rotated = await house.clients.rotate_secret(client.id)
    again = await House(house.records).loaded()
    assert again.clients.get(client.id) == rotated.client
    assert again.clients.is_secret(client.id, rotated.secret)
    assert again.clients.is_secret(client.id, GOOD_SECRET)
    assert again.clients.origin_of(client.id) == "https://shop.example"


async def test_another_master_key_stops_the_start_and_names_the_clients(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    named = ", ".join(sorted([client.id, "default"]))
    with pytest.raises(SealBroken, match=f"cannot be opened: {named}"):
        await House(house.records, Sealer(b"x" * 32)).loaded()
    assert len(await house.records.clients.load()) == 2


async def test_after_a_rotation_both_secrets_are_good_for_a_while(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    rotated = await house.clients.rotate_secret(client.id)
    new, old = house.clients.secrets_of(client.id)
    assert (new.key.decode(), old.key.decode()) == (rotated.secret, GOOD_SECRET)
    assert new.until is None
    assert old.until == rotated.client.previous_until
    assert abs((old.until or 0) - now_ms() - 86_400_000) < 10_000
    assert house.clients.ends_at(client.id, new.digest) is None
    assert house.clients.ends_at(client.id, old.digest) == old.until
    assert house.rotated == [rotated.client]
    assert rotated.client.updated_at >= client.updated_at


async def test_the_old_secret_ends_with_the_overlap(house: House) -> None:
    await house.clients.register(SHOP)
    old = house.clients.secrets_of(DEFAULT_CLIENT)[0]
    await house.clients.rotate_secret(DEFAULT_CLIENT, overlap_ms=1)
    await trio.sleep(0.01)
    assert len(house.clients.secrets_of(DEFAULT_CLIENT)) == 1
    assert not house.clients.is_secret(DEFAULT_CLIENT, old.key.decode())
    assert house.clients.ends_at(DEFAULT_CLIENT, old.digest) == 0
    again = await House(house.records).loaded()
    assert len(again.clients.secrets_of(DEFAULT_CLIENT)) == 1


async def test_without_an_overlap_it_ends_at_once(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    rotated = await house.clients.rotate_secret(client.id, secret="another good secret", overlap_ms=0)
    assert (rotated.secret, len(rotated.warnings)) == ("", 1)
    assert not house.clients.is_secret(client.id, GOOD_SECRET)
    assert house.clients.is_secret(client.id, "another good secret")
    assert (rotated.client.previous_secret, rotated.client.previous_until) == ("", None)


async def test_rotating_twice_leaves_the_last_two(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    await house.clients.rotate_secret(client.id, secret="second secret")
    await house.clients.rotate_secret(client.id, secret="third secret")
    good = [house.clients.is_secret(client.id, secret) for secret in (GOOD_SECRET, "second secret", "third secret")]
    assert good == [False, True, True]


async def test_what_cannot_be_rotated(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    with pytest.raises(NotFound):
        await house.clients.rotate_secret(ClientId("nobody"))
    for problem, fields in (
        ("clientSecret must have 8", {"secret": "short"}),
        ("in force already", {"secret": GOOD_SECRET}),
        ("overlap is negative", {"overlap_ms": -1}),
    ):
        with pytest.raises(Invalid, match=problem):
            await house.clients.rotate_secret(client.id, **fields)  # type: ignore[arg-type]
    assert house.clients.get(client.id) == client
    assert house.rotated == []


async def test_a_removed_client_is_gone_with_its_keys_and_devices(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    key, other = await house.keys.create(NewKey("k", client.id)), await house.keys.create(NewKey("k"))
    await house.devices.register(client.id, "ann", "token")
    assert await house.clients.remove(client.id) == client
    assert [record.id for record in house.ring.records()] == [other.record.id]
    assert house.ring.find(key.key) is None
    assert await house.records.devices.list(client.id) == []
    assert house.clients.find(client.id) is None
    assert house.clients.secrets_of(client.id) == ()
    assert house.removed == [client.id]
    with pytest.raises(NotFound):
        await house.clients.remove(client.id)


async def test_default_cannot_be_removed(house: House) -> None:
    with pytest.raises(Conflict, match="`default` stays") as refused:
        await house.clients.remove(DEFAULT_CLIENT)
    assert refused.value.code == "client_protected"
    assert house.clients.known(DEFAULT_CLIENT)


async def test_nothing_is_made_for_a_client_that_is_about_to_be_removed(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    house.client_store.gate = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.clients.remove, client.id)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(NotFound):
            await house.keys.create(NewKey("k", client.id))
        with pytest.raises(NotFound):
            await house.devices.register(client.id, "ann", "token")
        house.client_store.gate.set()
    assert house.ring.records() == []


async def test_what_is_made_while_its_client_is_removed_is_taken_back(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    refused: list[NotFound] = []

    async def late(make: Any, *args: Any) -> None:
        try:
            await make(*args)
        except NotFound as exc:
            refused.append(exc)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(late, house.keys.create, NewKey("k", client.id))
        nursery.start_soon(late, house.devices.register, client.id, "ann", "token")
        nursery.start_soon(house.clients.remove, client.id)
    assert await house.records.keys.load() == []
    assert house.ring.records() == []
    assert await house.records.devices.list(client.id) == []


async def test_a_change_of_a_key_does_not_bring_it_back(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    issued = await house.keys.create(NewKey("k", client.id))
    keys = Keys(house.records.keys, house.ring, KeyRules(32, 0, 10), lambda record: None, _removing(house, client))
    with pytest.raises(NotFound):
        await keys.revoke(issued.key)
    assert await house.records.keys.load() == []


def _removing(house: House, client: Client) -> Any:
    def known(client_id: ClientId) -> ClientId:
        house.clients._forget(client.id)
        return house.clients.known(client_id)

    return known


async def test_what_cannot_be_kept_is_not_in_force(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    house.client_store.away = True
    changes = (
        house.clients.register(SHOP),
        house.clients.rotate_secret(client.id),
        house.clients.remove(client.id),
    )
    for change in changes:
        with pytest.raises(StoreUnavailable):
            await change
    assert house.clients.known(client.id) == client.id
    assert house.clients.get(client.id) == client
    assert len(house.clients.list()) == 2
    assert (house.rotated, house.removed) == ([], [])


async def test_the_log_tells_every_change_and_never_a_secret(house: House) -> None:
    with capture_logs() as logs:
        made = await house.clients.register(NewClient("shop"))
        rotated = await house.clients.rotate_secret(made.client.id, overlap_ms=1500)
        await house.clients.remove(made.client.id)
    assert [entry["event"] for entry in logs] == ["client_registered", "client_secret_rotated", "client_removed"]
    assert {entry["client_id"] for entry in logs} == {made.client.id}
    assert logs[1]["overlap_seconds"] == 1.5
    for secret in (made.secret, rotated.secret):
        assert secret not in str(logs)
        assert secret not in repr((made, rotated, NewClient("shop", secret), house.clients.list()))


async def test_secrets_are_not_shown_and_told_apart(house: House) -> None:
    first = (await house.clients.register(SHOP)).client
    second = (await house.clients.register(SHOP)).client
    (mine,), (same,) = house.clients.secrets_of(first.id), house.clients.secrets_of(second.id)
    (other,) = house.clients.secrets_of(DEFAULT_CLIENT)
    assert GOOD_SECRET not in repr(mine)
    assert mine.digest == same.digest != other.digest
    assert mine.matches(GOOD_SECRET)
    assert not any(mine.matches(text) for text in ("", GOOD_SECRET[:-1], GOOD_SECRET + "x", "\ud800", "é"))


async def test_a_client_is_described_anew_and_keeps_its_secret(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    changed = await house.clients.update(client.id, ClientChanges(url="https://new.example", cookie_name=""))
    assert (changed.name, changed.url, changed.cookie_name) == ("shop", "https://new.example", "")
    assert house.clients.get(client.id) == changed
    assert house.clients.is_secret(client.id, GOOD_SECRET)
    assert (house.clients.origin_of(client.id), house.clients.has_origin("https://shop.example")) == (
        "https://new.example",
        False,
    )
    again = await House(house.records).loaded()
    assert again.clients.get(client.id) == changed


async def test_what_a_client_cannot_say_of_itself_changes_nothing(house: House) -> None:
    client = (await house.clients.register(SHOP)).client
    with pytest.raises(Invalid, match="appName"):
        await house.clients.update(client.id, ClientChanges(name=" ", url="https://new.example"))
    with pytest.raises(NotFound):
        await house.clients.update(ClientId("nobody"), ClientChanges(name="x"))
    assert await house.clients.update(client.id, ClientChanges(name="shop")) == client
    assert house.clients.get(client.id) == client
