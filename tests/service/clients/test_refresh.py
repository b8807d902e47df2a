"""When is looked for what other daemons did, and what becomes here of what they did to clients."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from msgspec.structs import replace
from structlog.testing import capture_logs

from notifyd.errors import NotAuthenticated, NotFound, StoreUnavailable
from notifyd.model.disconnect import CLIENT_REMOVED, CREDENTIAL_ENDED, SECRET_ENDED
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.access.sealing import Sealer
from notifyd.service.clients.clients import NewClient
from tests.service.node import endings
from tests.service.sharing import Peer, SharedRecords


@pytest.fixture
def records() -> SharedRecords:
    return SharedRecords()


@pytest.fixture
async def here(records: SharedRecords) -> Peer:
    return await Peer(records).started()


@pytest.fixture
async def there(here: Peer) -> Peer:
    return await Peer(here.records).started()


async def test_a_client_that_was_registered_elsewhere_is_known(here: Peer, there: Peer) -> None:
    registered = await there.clients.register(NewClient("shop", url="https://shop.example"))
    await here.refresher.look()
    assert here.clients.is_secret(registered.client.id, registered.secret)
    assert here.clients.has_origin("https://shop.example")


async def test_a_client_that_was_removed_elsewhere_is_gone_with_its_keys_and_connections(
    here: Peer, there: Peer
) -> None:
    client_id = await here.client()
    connections = [here.by_token(client_id), here.by_key(await here.key(client_id))]
    stays = here.by_token(DEFAULT_CLIENT)
    await there.refresher.look()
    await there.clients.remove(client_id)
    await here.refresher.look()
    assert [endings(connection) for connection in connections] == [[CLIENT_REMOVED]] * 2
    assert (endings(stays), here.removed) == ([], [client_id])
    assert here.keys.list() == []
    with pytest.raises(NotFound):
        here.clients.known(client_id)


async def test_a_secret_that_was_rotated_elsewhere_takes_effect(here: Peer, there: Peer) -> None:
    client_id = await here.client()
    connection = here.by_token(client_id)
    old = here.tokens.mint(client_id, "ann").token  # type: ignore[arg-type]
    await there.refresher.look()
    rotated = await there.clients.rotate_secret(client_id, overlap_ms=0)
    await here.refresher.look()
    assert endings(connection) == [SECRET_ENDED]
    assert here.clients.is_secret(client_id, rotated.secret)
    with pytest.raises(NotAuthenticated):
        here.connector.token_principal(old)


async def test_another_name_ends_nothing(here: Peer, records: SharedRecords) -> None:
    client_id = await here.client()
    connection = here.by_token(client_id)
    await records.clients.put(replace(here.clients.get(client_id), name="renamed"))
    await here.refresher.look()
    assert (here.clients.get(client_id).name, endings(connection)) == ("renamed", [])


async def test_a_client_that_cannot_be_opened_is_left_out_until_it_can(here: Peer, records: SharedRecords) -> None:
    client_id = await here.client()
    good = here.clients.get(client_id)
    connections = [here.by_token(client_id), here.by_key(await here.key(client_id))]
    await records.clients.put(replace(good, secret=Sealer(b"x" * 32).seal(client_id, "a-secret-of-others")))
    with capture_logs() as logs:
        for _ in range(2):
            await here.refresher.look()
    assert [entry["client_id"] for entry in logs if entry["event"] == "client_left_out"] == [client_id]
    assert here.clients.find(client_id) is None
    assert [endings(connection) for connection in connections] == [[SECRET_ENDED], [CREDENTIAL_ENDED]]
    assert here.removed == [], "what is kept for its users stays"
    await records.clients.put(good)
    await here.refresher.look()
    assert here.clients.get(client_id) == good
    assert len(here.keys.list(client_id)) == 1


async def test_default_stays_whatever_becomes_of_its_record(here: Peer, records: SharedRecords) -> None:
    await records.clients.remove(DEFAULT_CLIENT)
    await here.refresher.look()
    assert here.clients.known(DEFAULT_CLIENT) == DEFAULT_CLIENT


async def test_nothing_is_loaded_while_nothing_changes(here: Peer, records: SharedRecords, autojump_clock) -> None:
    await trio.sleep(10)
    await here.refresher.look()
    records.loads = 0
    await here.refresher.look()
    assert records.loads == 0


async def test_a_change_behind_its_number_is_found_within_a_few_seconds(
    here: Peer, records: SharedRecords, nursery, autojump_clock
) -> None:
    nursery.start_soon(here.refresher.run)
    await trio.sleep(20)
    key = (await here.key()).record
    await trio.sleep(3)
    records.keys._keys[key.id] = replace(key, revoked_at=5)
    await trio.sleep(5)
    assert here.keys.get(key.id).revoked_at == 5


async def test_it_looks_by_itself(here: Peer, there: Peer, nursery, autojump_clock) -> None:
    nursery.start_soon(here.refresher.run)
    issued = await there.key()
    await trio.sleep(2.1)
    assert endings(here.by_key(issued)) == []


async def test_a_change_made_here_while_the_store_is_read_is_not_undone(here: Peer, records: SharedRecords) -> None:
    key, other = (await here.key()).record, (await here.key()).record
    records.gate = trio.Event()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.refresher.look)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(here.keys.revoke, key.id)
            nursery.start_soon(here.keys.rotate, other.id)
            nursery.start_soon(here.clients.register, NewClient("shop"))
            await trio.testing.wait_all_tasks_blocked()
            records.gate.set()
    assert here.keys.get(key.id).revoked_at is not None
    assert here.keys.get(other.id).digest != other.digest
    assert len(here.clients.list()) == 2
    await here.refresher.look()
    assert here.keys.get(key.id).revoked_at is not None
    assert len(here.clients.list()) == 2


async def test_what_waits_for_a_look_shares_it_and_what_comes_later_gets_its_own(
    here: Peer, records: SharedRecords
) -> None:
    await here.key()
    records.gate, records.asked = trio.Event(), 0
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.refresher.look)
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(5):
                nursery.start_soon(here.refresher.look)
            await trio.testing.wait_all_tasks_blocked()
            records.gate.set()
    assert records.asked == 2


async def test_records_that_are_away_leave_everything_as_it_is(here: Peer, there: Peer, records: SharedRecords) -> None:
    issued = await there.key()
    records.away = True
    assert not await here.refresher.look()
    with pytest.raises(StoreUnavailable):
        await here.key()
    records.away = False
    assert await here.refresher.look()
    assert endings(here.by_key(issued)) == []


async def test_records_that_are_known_to_fail_are_not_waited_for(here: Peer, records: SharedRecords) -> None:
    records.failed_at, records.asked = 1.0, 0
    with pytest.raises(StoreUnavailable, match="try again when they are back") as refused:
        await here.key()
    assert (records.asked, refused.value.retry_after_seconds) == (0, 1)


async def test_every_change_made_here_is_told(here: Peer) -> None:
    told: list[str] = []
    here.keys.changed = lambda: told.append("key")
    here.clients.changed = lambda: told.append("client")
    issued = await here.key()
    await here.keys.rotate(issued.record.id)
    await here.keys.revoke(issued.record.id)
    assert told == ["key"] * 3
    client_id = await here.client()
    await here.clients.rotate_secret(client_id)
    await here.clients.remove(client_id)
    assert told[3:] == ["client"] * 3
    await here.keys.keep_last_uses()
    assert len(told) == 6


async def test_who_is_told_of_a_change_looks_at_once(autojump_clock, here: Peer, there: Peer) -> None:
    client_id = await there.client()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(here.refresher.run)
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        for _ in range(1000):
            here.refresher.look_soon()
        await trio.testing.wait_all_tasks_blocked()
        assert here.clients.known(client_id)
        assert trio.current_time() == began
        nursery.cancel_scope.cancel()
