"""How transactions reach the file: in how few steps, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.store.batch import Batch
from notifyd.store.local.assemble import BROKER_SCRIPTS
from notifyd.store.memory.entry import Entry
from notifyd.store.sqlite.connection import open_database
from notifyd.store.sqlite.writer import Writer
from tests.store.samples import notification

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class Trace:
    """What SQLite was made to do, as the first words of each statement."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._steps: list[str] = []
        connection.set_trace_callback(self._steps.append)

    def steps(self) -> list[str]:
        steps = [" ".join(step.split()[:3]) for step in self._steps]
        self._steps.clear()
        return steps


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    return open_database(tmp_path / "broker.db", BROKER_SCRIPTS)


@pytest.fixture
def trace(connection: sqlite3.Connection) -> Trace:
    return Trace(connection)


def writer(connection: sqlite3.Connection, *, fsync: bool) -> Writer:
    return Writer(lambda: connection, fsync=fsync, connection=connection)


def accepting(*seqs: int) -> Batch:
    batch = Batch()
    batch.entries = [Entry.of(seq, notification()) for seq in seqs]
    batch.synced = True
    return batch


def settling(seq: int) -> Batch:
    batch = Batch()
    batch.settled = [(seq, "dispatched", 1, 1, 1, 0, 0, "")]
    return batch


def test_a_batch_alone_is_one_statement(connection: sqlite3.Connection, trace: Trace) -> None:
    pen = writer(connection, fsync=False)
    pen.write(accepting(*range(1, 17)))
    assert trace.steps() == ["PRAGMA synchronous=NORMAL", "INSERT INTO notifications"]
    pen.write(accepting(*range(17, 33)))
    assert trace.steps() == ["INSERT INTO notifications"]
    assert connection.execute("SELECT count(*) FROM notifications").fetchone() == (32,)
    connection.close()


def test_changes_of_several_kinds_are_one_transaction(connection: sqlite3.Connection, trace: Trace) -> None:
    batch = accepting(1)
    batch.settled = settling(1).settled
    writer(connection, fsync=False).write(batch)
    assert trace.steps()[1:] == ["BEGIN IMMEDIATE", "INSERT INTO notifications", "INSERT OR REPLACE", "COMMIT"]
    connection.close()


def test_only_what_was_promised_is_synced(connection: sqlite3.Connection, trace: Trace) -> None:
    pen = writer(connection, fsync=True)
    pen.write(accepting(1))
    assert trace.steps()[0] == "PRAGMA synchronous=FULL"
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    pen.write(settling(1))
    assert "PRAGMA synchronous=NORMAL" in trace.steps()
    pen.write(accepting(2))
    assert "PRAGMA synchronous=FULL" in trace.steps()
    pen.write(accepting(3))
    assert not [step for step in trace.steps() if "synchronous" in step]
    connection.close()


def test_without_fsync_nothing_is_synced(connection: sqlite3.Connection, trace: Trace) -> None:
    pen = writer(connection, fsync=False)
    pen.write(accepting(1))
    pen.write(settling(1))
    assert [step for step in trace.steps() if "synchronous" in step] == ["PRAGMA synchronous=NORMAL"]
    connection.close()


def test_after_an_error_it_connects_anew(tmp_path: Path, connection: sqlite3.Connection) -> None:
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        opened.append(open_database(tmp_path / "broker.db", BROKER_SCRIPTS))
        return opened[-1]

    pen = Writer(connect, fsync=True, connection=connection)
    pen.write(accepting(1))
    with pytest.raises(Exception, match="UNIQUE"):
        pen.write(accepting(2, 1))
    pen.write(accepting(2))
    assert opened[0].execute("SELECT seq FROM notifications").fetchall() == [(1,), (2,)]
    assert opened[0].execute("PRAGMA synchronous").fetchone() == (2,)
    pen.close()


def test_a_clean_stop_is_noted_and_leaves_no_log(tmp_path: Path, connection: sqlite3.Connection) -> None:
    pen = writer(connection, fsync=True)
    pen.write(accepting(1))
    pen.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broker.db"]
    again = open_database(tmp_path / "broker.db", BROKER_SCRIPTS)
    assert again.execute("SELECT value FROM meta WHERE name = 'clean'").fetchone() == ("yes",)
    again.close()
