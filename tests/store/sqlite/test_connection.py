"""Files that are there already, and those that are not ours to touch."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.store.sqlite.connection import connect, open_database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "broker.db"


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    connection = open_database(path, ["broker.sql"])
    connection.execute("INSERT INTO meta VALUES ('a', 'b')")
    assert {stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_what_was_written_is_there_when_it_is_opened_again(path: Path) -> None:
    for _ in range(2):
        connection = open_database(path, ["broker.sql"])
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('a', 'b')")
        connection.close()
    reader = connect(path, read_only=True)
    assert reader.execute("SELECT * FROM meta").fetchall() == [("a", "b")]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM meta")
    reader.close()


def test_to_open_it_again_leaves_the_locks_that_keep_others_from_deleting_the_log(path: Path) -> None:
    kept = open_database(path, ["broker.sql"])
    kept.execute("INSERT INTO meta VALUES ('a', 'b')")
    open_database(path, ["broker.sql"]).close()
    # whoever closes a file last folds its log in and deletes it; an operator's shell is not the last
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM meta').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size > 0
    kept.close()
    assert not log.exists()


def test_scripts_lead_from_version_to_version(path: Path) -> None:
    open_database(path, ["broker.sql"]).close()
    connection = open_database(path, ["broker.sql", "records.sql"])
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)
    connection.close()


def test_a_newer_schema_is_refused(path: Path) -> None:
    open_database(path, ["broker.sql", "records.sql"]).close()
    with pytest.raises(StoreUnavailable, match=r"broker\.db was written by a newer version \(schema 2") as refused:
        open_database(path, ["broker.sql"])
    assert refused.value.code == "store_too_new"


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable, match="another program"):
        open_database(path, ["broker.sql"])
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_named_and_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreUnavailable, match=r"broker\.db is damaged or no database") as refused:
        open_database(path, ["broker.sql"])
    assert refused.value.code == "store_damaged"
    assert path.read_bytes() == b"not a database at all" * 100


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_database(tmp_path / "file" / "broker.db", ["broker.sql"])


def test_synced_files_sync_every_transaction(path: Path) -> None:
    connection = open_database(path, ["records.sql"], synced=True)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()
