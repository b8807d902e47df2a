"""Sinks that are slow, full or broken hold nobody."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest

from notifyd.telemetry.record import Record
from notifyd.telemetry.sinks import ConsoleWriter, FileWriter, QueuedSink

if TYPE_CHECKING:
    from pathlib import Path

RECORD = Record(1, 20, b'{"level":"info","event":"x"}')


class Lost:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> None:
        self.count += count


class Stuck:
    """A writer that hangs until it is released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()
        self.wrote: list[Record] = []

    def write(self, record: Record) -> None:
        self.entered.set()
        self.released.wait(10)
        self.wrote.append(record)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def test_a_stuck_writer_loses_what_is_over_the_bound() -> None:
    lost, writer = Lost(), Stuck()
    sink = QueuedSink("test", writer, lost=lost, limit=3)
    sink.put(RECORD)
    assert writer.entered.wait(5)
    for _ in range(5):
        sink.put(RECORD)
    assert lost.count == 2
    writer.released.set()
    sink.close(5)
    assert len(writer.wrote) == 4


def test_closing_does_not_wait_for_a_stuck_writer() -> None:
    writer = Stuck()
    sink = QueuedSink("test", writer, lost=Lost())
    sink.put(RECORD)
    assert writer.entered.wait(5)
    sink.close(0.01)
    assert writer.wrote == []
    writer.released.set()


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), ValueError("closed file")])
def test_what_cannot_be_written_is_counted(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    lost, stream = Lost(), io.StringIO()
    writer = ConsoleWriter(stream, human=False)

    def fail(_text: str) -> int:
        raise problem

    monkeypatch.setattr(stream, "write", fail)
    sink = QueuedSink("test", writer, lost=lost)
    sink.put(RECORD)
    sink.put(RECORD)
    sink.close(5)
    assert lost.count == 2


def test_a_full_disk_is_counted_and_survived(tmp_path: Path) -> None:
    lost = Lost()
    (tmp_path / "app.log").symlink_to("/dev/full")
    sink = QueuedSink("test", FileWriter(tmp_path, max_bytes=0, files=1, lost=lost), lost=lost)
    sink.put(RECORD)
    sink.put(Record(2, 40, b'{"level":"error"}'))
    sink.close(5)
    assert lost.count >= 2
    assert (tmp_path / "error.log").read_text() == '{"level":"error"}\n'
