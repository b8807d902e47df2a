"""Moving in: all of it, none of it, or what differs when somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Exhausted, Invalid
from notifyd.model.disconnect import CREDENTIAL_ENDED
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.policy.access.sealing import Sealer
from notifyd.wire.record_lines import Counts, Tally, end_line, line_of, read_line
from tests.service.client_samples import DAY_MS
from tests.service.moving import House
from tests.service.node import endings

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.wire.record_lines import Record

ALL = Counts(clients=2, keys=2, devices=3)
NONE = Counts()


@pytest.fixture
async def old(tmp_path: Path) -> House:
    return await (await House(tmp_path).started()).furnished()


@pytest.fixture
async def new(tmp_path: Path) -> House:
    return await House(tmp_path).started()


def file_of(*records: Record) -> list[bytes]:
    """A whole file of these."""
    tally = Tally()
    for record in records:
        tally.add(record)
    return [b'{"type":"header","format":"notifyd-records","version":1}', *map(line_of, records), end_line(tally)]


@pytest.mark.parametrize("size", [1, 100, 100_000])
async def test_who_has_moved_has_everything_and_the_same_digest(old: House, new: House, size: int) -> None:
    lines = await old.exported()
    imported = await new.take(lines, size=size)
    assert (imported.added, imported.replaced, imported.unchanged, imported.here) == (ALL, NONE, NONE, ALL)
    assert imported.digest == imported.digest_here == msgspec.json.decode(lines[-1])["digest"]
    assert await new.exported() == lines
    assert new.peer.clients.secrets_of(DEFAULT_CLIENT)[0].key == old.peer.clients.secrets_of(DEFAULT_CLIENT)[0].key


async def test_what_has_moved_in_is_in_force_at_once(old: House, new: House) -> None:
    issued = await old.peer.key()
    shop = old.peer.clients.list()[1].id
    await new.take(await old.exported())
    assert endings(new.peer.by_key(issued)) == []
    token = old.peer.tokens.mint(shop, "ann").token  # type: ignore[arg-type]
    assert new.peer.connector.token_principal(token).client_id == shop


async def test_the_same_file_again_changes_nothing(old: House, new: House) -> None:
    lines = await old.exported()
    await new.take(lines)
    revision = await new.records.revision()
    imported = await new.take(lines)
    assert (imported.added, imported.unchanged) == (NONE, ALL)
    assert await new.records.revision() == revision
    assert await new.exported() == lines


async def test_what_differs_is_named_and_refused_until_somebody_says_so(old: House, new: House) -> None:
    await new.take(await old.exported())
    key = new.peer.keys.list()[0]
    connection = new.peer.by_key(await new.peer.keys.rotate(key.id))
    device = (await new.records.devices.page())[0]
    await new.records.devices.put([replace(device, user_id="bob")])
    before = await new.exported()
    with pytest.raises(Conflict, match=rf"2 of the records .*device dev_0, key {key.id}.*--overwrite") as refused:
        await new.take(await old.exported())
    assert refused.value.code == "records_differ"
    assert await new.exported() == before
    imported = await new.take(await old.exported(), overwrite=True)
    assert imported.replaced == Counts(0, 1, 1)
    assert imported.digest == imported.digest_here
    assert endings(connection) == [CREDENTIAL_ENDED]


async def test_a_key_that_is_good_in_the_file_is_good_again_when_somebody_says_so(old: House, new: House) -> None:
    issued = await old.peer.key()
    lines = await old.exported()
    await new.take(lines)
    await new.peer.keys.revoke(issued.record.id)
    await new.take(lines, overwrite=True)
    assert endings(new.peer.by_key(issued)) == []
    assert await new.exported() == lines


async def test_a_dry_run_tells_what_would_be_done(old: House, new: House) -> None:
    before = await new.exported()
    imported = await new.take(await old.exported(), dry_run=True)
    assert (imported.added, imported.here) == (ALL, Counts(clients=1))
    assert await new.exported() == before


async def test_what_was_there_stays_and_the_digests_tell(old: House, new: House) -> None:
    lines = await old.exported()
    mine = await new.peer.client()
    imported = await new.take(lines)
    assert imported.here == Counts(3, 2, 3)
    assert imported.digest_here != imported.digest
    assert new.peer.clients.find(mine) is not None


async def test_a_default_that_is_in_use_does_not_give_way(old: House, new: House) -> None:
    await new.peer.key()
    with pytest.raises(Conflict, match="client default"):
        await new.take(await old.exported())


async def test_a_later_use_of_a_key_is_taken_over_and_an_earlier_one_is_not(old: House, new: House) -> None:
    lines = await old.exported()
    await new.take(lines)
    used = next(key for key in await old.records.keys.load() if key.last_used_at)
    await new.records.keys.touch({used.id: (used.last_used_at or 0) + 50})
    assert (await new.take(lines)).unchanged == ALL
    assert next(key for key in await new.records.keys.load() if key.id == used.id).last_used_at > used.last_used_at  # type: ignore[operator]
    await old.records.keys.touch({used.id: used.last_used_at + 90})  # type: ignore[operator]
    assert (await new.take(await old.exported())).unchanged == ALL
    assert (
        next(key for key in await new.records.keys.load() if key.id == used.id).last_used_at == used.last_used_at + 90
    )  # type: ignore[operator]


async def test_secrets_of_another_master_key_are_refused(old: House, tmp_path: Path) -> None:
    stranger = await House(tmp_path, Sealer(b"x" * 32)).started()
    before = await stranger.exported()
    with pytest.raises(Invalid, match="2 clients were sealed with another master key") as refused:
        await stranger.take(await old.exported())
    assert refused.value.code == "seal_broken"
    assert await stranger.exported() == before


async def test_a_file_that_was_cut_off_is_refused(old: House, new: House) -> None:
    lines = await old.exported()
    with pytest.raises(Invalid, match=f"cut off behind line {len(lines) - 1}"):
        await new.take(lines[:-1])
    with pytest.raises(Invalid, match=r"line 8: .*no line of an export"):
        await new.take([*lines[:7], lines[7][:-5]])
    assert len(await new.exported()) == 3


async def test_a_line_that_was_lost_or_changed_is_noticed(old: House, new: House) -> None:
    lines = await old.exported()
    with pytest.raises(Invalid, match="changed on its way"):
        await new.take([*lines[:-2], lines[-1]])
    changed = lines[-2].replace(b'"ann"', b'"bob"')
    with pytest.raises(Invalid, match="changed on its way"):
        await new.take([*lines[:-2], changed, lines[-1]])


async def test_records_of_clients_that_are_nowhere_are_refused(old: House, new: House) -> None:
    key = replace(old.peer.keys.list()[0], client_id=ClientId("nobody"))
    with pytest.raises(Invalid, match="neither in the file nor here: nobody"):
        await new.take(file_of(key))
    device = replace((await old.records.devices.page())[0], client_id=ClientId("nowhere"))
    with pytest.raises(Invalid, match="neither in the file nor here: nowhere"):
        await new.take(file_of(device))


async def test_keys_of_a_client_that_is_here_need_not_bring_it(new: House, old: House) -> None:
    key = next(key for key in await old.records.keys.load() if key.client_id == DEFAULT_CLIENT)
    assert (await new.take(file_of(key))).added == Counts(keys=1)


async def test_one_key_under_two_ids_is_refused(old: House, new: House) -> None:
    await new.take(await old.exported())
    twin = replace((await new.records.keys.load())[0], id="key_twin")
    with pytest.raises(Conflict, match="key_twin is kept already, as key_"):
        await new.take(file_of(twin), overwrite=True)


async def test_the_bounds_of_this_daemon_hold(old: House, new: House) -> None:
    new.peer.clients.rules = replace(new.peer.clients.rules, max_clients=1)
    with pytest.raises(Exhausted, match="there would be 2 clients, and there may be 1"):
        await new.take(await old.exported())
    new.peer.clients.rules = replace(new.peer.clients.rules, max_clients=2)
    new.peer.keys.rules = replace(new.peer.keys.rules, max_keys=1)
    with pytest.raises(Exhausted, match="there would be 2 keys"):
        await new.take(await old.exported())
    assert len(await new.exported()) == 3


async def test_only_one_import_runs(old: House, new: House) -> None:
    lines = await old.exported()

    async def nested() -> bytes:
        with pytest.raises(Conflict, match="another import runs"):
            await new.take(lines)
        return b""

    with pytest.raises(Invalid, match="cut off"):
        await new.importer.run(nested)
    assert (await new.take(lines)).added == ALL


async def test_a_secret_before_the_last_rotation_moves_too(old: House, new: House) -> None:
    shop = old.peer.clients.list()[1].id
    before = old.peer.clients.secrets_of(shop)[0].key
    await old.peer.clients.rotate_secret(shop, overlap_ms=DAY_MS)
    await new.take(await old.exported())
    assert [secret.key for secret in new.peer.clients.secrets_of(shop)][1] == before
    assert (new.peer.clients.get(shop).previous_until or 0) > now_ms()


async def test_what_no_client_owns_is_not_exported(old: House) -> None:
    orphan = replace((await old.records.keys.load())[0], id="key_orphan", client_id=ClientId("gone"))
    await old.records.keys.put(orphan)
    await old.device(ClientId("gone"), 9)
    told = [read_line(line) for line in await old.exported()]
    assert "gone" not in {getattr(record, "client_id", "") for record in told}
