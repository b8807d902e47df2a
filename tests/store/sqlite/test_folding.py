"""The log is folded into the file beside the writer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.bridge.worker import OwnThread
from notifyd.model.durable import DurableKey
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.store.batch import Batch
from notifyd.store.local.assemble import BROKER_SCRIPTS
from notifyd.store.memory.entry import Entry
from notifyd.store.sqlite.connection import connect, errors_of, open_database
from notifyd.store.sqlite.folding import LogFolder
from notifyd.store.sqlite.writer import Writer
from tests.store.samples import notification

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "broker.db"


def large(seq: int, size_bytes: int) -> Batch:
    batch = Batch()
    batch.entries = [Entry.of(seq, notification(data=b"1" * size_bytes))]
    batch.size_bytes = batch.entries[0].size
    return batch


def size(path: Path) -> int:
    return path.stat().st_size


async def test_much_that_was_written_is_folded_into_the_file(path: Path) -> None:
    pen = Writer(partial(open_database, path, BROKER_SCRIPTS), fsync=False)
    folder = LogFolder(partial(connect, path), OwnThread("test-folder", errors=errors_of(path)))
    with trio.fail_after(20):
        for seq in range(5):
            batch = large(seq, 1 << 20)
            pen.write(batch)
            folder.wrote(batch)
        await folder.close()
    assert folder.folded == 1
    # the writer is still open: what is in the file was folded in from beside it
    assert size(path) > 4 << 20
    pen.close()


async def test_little_that_was_written_stays_in_the_log(path: Path) -> None:
    folder = LogFolder(partial(connect, path), OwnThread("test-folder"))
    for seq in range(100):
        folder.wrote(large(seq, 100))
    with trio.fail_after(20):
        await folder.close()
    assert folder.folded == 0


async def test_rows_all_over_the_file_are_much(path: Path) -> None:
    open_database(path, BROKER_SCRIPTS).close()
    folder = LogFolder(partial(connect, path), OwnThread("test-folder"))
    batch = Batch()
    batch.durables = {DurableKey(DEFAULT_CLIENT, "orders", "", str(n)): None for n in range(500)}
    with trio.fail_after(20):
        for _ in range(3):
            folder.wrote(batch)
        await folder.close()
    assert folder.folded == 1


async def test_a_failure_is_tried_again_with_the_next_lot(path: Path) -> None:
    folder = LogFolder(partial(connect, path), OwnThread("test-folder", errors=errors_of(path)))
    thread = folder._thread
    with trio.fail_after(20):
        folder.wrote(large(1, 8 << 20))
        await thread.run(int)
        assert folder.folded == 0
        open_database(path, BROKER_SCRIPTS).close()
        folder.wrote(large(2, 8 << 20))
        await folder.close()
    assert folder.folded == 1
