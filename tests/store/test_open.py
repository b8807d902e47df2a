"""The single switch between engines, and what it refuses."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Invalid, StoreUnavailable
from notifyd.store.open import open_broker, open_records
from notifyd.store.options import BrokerOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


async def test_an_engine_that_is_not_built_in_is_refused_without_its_secrets() -> None:
    with pytest.raises(Invalid, match="no engine for 'amqp'") as refused:
        await open_broker(BrokerOptions(url="amqp://:secret@host/0"))
    assert "secret" not in refused.value.message


async def test_a_redis_that_does_not_answer_is_told_without_its_secrets() -> None:
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1") as refused:
        await open_broker(BrokerOptions(url="redis://:secret@127.0.0.1:1/0"))
    assert "secret" not in refused.value.message


async def test_records_of_another_engine_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no engine for 'postgres'") as refused:
        await open_records("postgres://user:secret@host/db", tmp_path)
    assert "secret" not in refused.value.message


async def test_a_journal_needs_a_folder() -> None:
    with pytest.raises(Invalid, match="durability fsync needs a state folder"):
        await open_broker(BrokerOptions())


async def test_durability_memory_leaves_no_file(tmp_path: Path) -> None:
    broker = await open_broker(BrokerOptions(durability="memory", state_dir=tmp_path))
    assert broker.durability == "memory"
    assert os.listdir(tmp_path) == []


OPEN: dict[str, Callable[[Path], Awaitable[object]]] = {
    "broker.db": lambda folder: open_broker(BrokerOptions(state_dir=folder)),
    "records.db": lambda folder: open_records("sqlite:", folder),
}


@pytest.mark.parametrize("name", list(OPEN))
async def test_a_damaged_file_stops_the_start_and_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"rubbish" * 1000)
    with pytest.raises(StoreUnavailable, match=f"{name} is damaged"):
        await OPEN[name](tmp_path)
    assert (tmp_path / name).read_bytes() == b"rubbish" * 1000


async def test_damage_inside_the_file_is_told_too(tmp_path: Path) -> None:
    records = await open_records("sqlite:", tmp_path)
    await records.close()
    path = tmp_path / "records.db"
    sound = path.read_bytes()
    path.write_bytes(sound[:4096] + b"\xff" * (len(sound) - 4096))
    records = await open_records("sqlite:", tmp_path)
    with pytest.raises(StoreUnavailable, match="damaged"):
        await records.keys.load()
    await records.close()


async def test_records_are_for_their_owner_alone(tmp_path: Path) -> None:
    records = await open_records("sqlite:", tmp_path / "state")
    await records.close()
    assert stat.S_IMODE((tmp_path / "state" / "records.db").stat().st_mode) == 0o600
