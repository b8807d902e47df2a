"""Where records are written: console and files, each in a thread of its own."""

from __future__ import annotations

import logging
import os
import queue
import threading
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

import structlog

from notifyd.telemetry.record import ERROR, Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import TypeVarTuple, Unpack

    Args = TypeVarTuple("Args")

QUEUE_RECORDS: Final = 10_000


class Writer(Protocol):
    """Something that records are written to. All may raise OSError or ValueError; the record is lost then."""

    def write(self, record: Record) -> None:
        """Write one record; it may stay in a buffer."""
        ...

    def flush(self) -> None:
        """Let go of the buffer."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class QueuedSink:
    """Hands records to a writer in a thread, so that a full disk or a stopped terminal never holds the daemon."""

    def __init__(self, name: str, writer: Writer, *, lost: Callable[[int], None], limit: int = QUEUE_RECORDS) -> None:
        self._writer = writer
        self._lost = lost
        self._limit = limit
        self._queue: queue.SimpleQueue[Record | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"log-{name}", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Queue *record*, or lose and count it where the writer is too far behind."""
        if self._queue.qsize() >= self._limit:
            self._lost(1)
        else:
            self._queue.put(record)

    def close(self, timeout: float) -> None:
        """Write what is queued and end, waiting *timeout* seconds at most."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (record := self._queue.get()) is not None:
            self._attempt(self._writer.write, record)
            if self._queue.empty():
                self._attempt(self._writer.flush)
        self._attempt(self._writer.close)

    def _attempt(self, step: Callable[[Unpack[Args]], None], *args: *Args) -> None:
        try:
            step(*args)
        except (OSError, ValueError):
            self._lost(1)  # ValueError: the stream was closed under us


class ConsoleWriter:
    """Lines on a stream: JSON, or columns for a person."""

    def __init__(self, stream: TextIO, *, human: bool) -> None:
        self._stream = stream
        self._render: Callable[[Record], str] = _Columns(stream) if human else _json_line

    def write(self, record: Record) -> None:
        """Write one record as a line."""
        self._stream.write(f"{self._render(record)}\n")

    def flush(self) -> None:
        """Let go of the stream's buffer."""
        self._stream.flush()

    def close(self) -> None:
        """Nothing to do: the stream is somebody else's."""


def _json_line(record: Record) -> str:
    return record.line.decode()


class _Columns:
    def __init__(self, stream: TextIO) -> None:
        colors = stream.isatty() and not os.environ.get("NO_COLOR")
        self._renderer = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=24)

    def __call__(self, record: Record) -> str:
        # only a traceback may break the line: any other text could pretend to be a record
        fields = {name: _printable(value, keep="\n" * (name == "exception")) for name, value in record.fields().items()}
        return self._renderer(None, "", fields)


def _printable(value: Any, *, keep: str) -> Any:
    """*value* without control characters that would talk to the terminal, those to *keep* excepted."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in value)


class FileWriter:
    """`app.log` with every record and `error.log` with errors, JSON lines, rotated by size."""

    def __init__(
        self, folder: Path, *, max_bytes: int, files: int, lost: Callable[[int], None], suffix: str = ""
    ) -> None:
        """Open both files, making *folder* where it is missing; *suffix* follows their names, as in `app-1.log`.

        Raises:
            OSError: the folder or a file cannot be made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._all = _RotatingFile(folder / f"app{suffix}.log", max_bytes=max_bytes, files=files, lost=lost)
        self._errors = _RotatingFile(folder / f"error{suffix}.log", max_bytes=max_bytes, files=files, lost=lost)

    def write(self, record: Record) -> None:
        """Append one record; what cannot be written is counted as lost."""
        entry = logging.makeLogRecord({"msg": record.line.decode()})
        self._all.emit(entry)
        if record.level >= ERROR:
            self._errors.emit(entry)

    def flush(self) -> None:
        """Nothing to do: the files are flushed record by record."""

    def close(self) -> None:
        """Close both files."""
        try:
            self._all.close()
        finally:
            self._errors.close()


class _RotatingFile(RotatingFileHandler):
    def __init__(self, path: Path, *, max_bytes: int, files: int, lost: Callable[[int], None]) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=files, encoding="utf-8", errors="backslashreplace")
        self._lost = lost

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the name is logging's
        """Count instead of printing to stderr, which the standard library would do."""
        self._lost(1)
