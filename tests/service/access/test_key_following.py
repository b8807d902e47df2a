"""What becomes here of what another daemon did to a key."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import Conflict, NotAuthenticated
from notifyd.model.disconnect import CREDENTIAL_ENDED
from notifyd.model.ids import ClientId
from tests.service.node import endings
from tests.service.sharing import Peer, SharedRecords


@pytest.fixture
async def here() -> Peer:
    return await Peer(SharedRecords()).started()


@pytest.fixture
async def there(here: Peer) -> Peer:
    return await Peer(here.records).started()


async def test_a_key_that_was_made_elsewhere_is_good(here: Peer, there: Peer) -> None:
    issued = await there.key()
    with pytest.raises(NotAuthenticated):
        here.by_key(issued)
    await here.refresher.look()
    assert endings(here.by_key(issued)) == []


async def test_a_key_that_was_revoked_elsewhere_ends_its_connections(here: Peer, there: Peer) -> None:
    issued, other = await here.key(), await here.key()
    connection, stays = here.by_key(issued), here.by_key(other)
    await there.refresher.look()
    await there.keys.revoke(issued.record.id)
    await here.refresher.look()
    assert (endings(connection), endings(stays)) == ([CREDENTIAL_ENDED], [])
    with pytest.raises(NotAuthenticated):
        here.by_key(issued)
    assert here.keys.get(issued.record.id).revoked_at is not None


async def test_a_key_that_was_rotated_elsewhere_ends_in_time(here: Peer, there: Peer) -> None:
    issued = await here.key()
    connection = here.by_key(issued)
    await there.refresher.look()
    newer = await there.keys.rotate(issued.record.id, overlap_ms=60_000)
    await here.refresher.look()
    assert (endings(connection), connection.expires_at is not None) == ([], True)
    assert here.by_key(newer).expires_at is None
    await there.keys.rotate(issued.record.id, overlap_ms=0)
    await here.refresher.look()
    assert endings(connection) == [CREDENTIAL_ENDED]


async def test_a_key_that_was_revoked_elsewhere_is_not_brought_back_by_a_change_here(here: Peer, there: Peer) -> None:
    issued = await here.key()
    await there.keys.revoke(issued.record.id)
    with pytest.raises(Conflict, match="revoked"):
        await here.keys.rotate(issued.record.id)
    assert [key.revoked_at is not None for key in await here.records.keys.load()] == [True]


async def test_a_key_that_is_gone_is_forgotten(here: Peer) -> None:
    issued = await here.key()
    connection = here.by_key(issued)
    await here.records.keys.remove(issued.record.id)
    await here.refresher.look()
    assert endings(connection) == [CREDENTIAL_ENDED]
    assert here.keys.list(include_revoked=True) == []


@pytest.mark.parametrize(
    "change", [{"scopes": ("subscribe:a",)}, {"allowed_cidrs": ("10.0.0.0/8",)}, {"client_id": ClientId("default2")}]
)
async def test_connections_of_a_key_that_may_something_else_come_anew(here: Peer, change: dict[str, object]) -> None:
    issued = await here.key()
    connection = here.by_key(issued)
    await here.records.keys.put(replace(issued.record, **change))
    await here.refresher.look()
    assert endings(connection) == [CREDENTIAL_ENDED]


async def test_a_key_of_a_client_that_is_not_there_is_nobodys(here: Peer) -> None:
    issued = await here.key()
    await here.records.keys.put(replace(issued.record, client_id=ClientId("nobody")))
    await here.refresher.look()
    assert here.keys.list() == []


async def test_last_uses_are_the_latest_that_anybody_knows(here: Peer, there: Peer) -> None:
    issued = await here.key()
    await there.refresher.look()
    here.by_key(issued)
    used = here.keys.get(issued.record.id).last_used_at
    await there.keys.revoke((await there.key()).record.id)
    await here.refresher.look()
    assert here.keys.get(issued.record.id).last_used_at == used, "nobody has told the store yet"
    await here.keys.keep_last_uses()
    await here.records.keys.put(replace(issued.record, name="renamed"))
    await here.refresher.look()
    assert (here.keys.get(issued.record.id).name, here.keys.get(issued.record.id).last_used_at) == ("renamed", used)
    later = now_ms() + 5
    await there.records.keys.touch({issued.record.id: later})
    await here.key()
    await here.refresher.look()
    assert here.keys.get(issued.record.id).last_used_at == later
