"""From a call of a logger to the ring, the console and the files."""

from __future__ import annotations

import io
import logging
import os
import timeit
import warnings
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import structlog

from notifyd.telemetry import Counters, Logbook, LogOptions, configure, get_logger
from notifyd.telemetry.logs import _stdlib_handler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = get_logger("tests.logs")
foreign = structlog.get_logger("tests.foreign")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def book() -> Iterator[Logbook]:
    opened = configure(LogOptions(console=False), Counters())
    yield opened
    opened.close()


def newest(book: Logbook) -> dict[str, Any]:
    return book.ring.tail(1)[0].fields()


def written(**options: Any) -> str:
    """What the console gets of one record."""
    stream = options.pop("stream", io.StringIO())
    book = configure(LogOptions(**options), Counters(), stream=stream)
    log.info("connection_opened", connection_id="c1", token="t", note="a\x1b[31m\nb")
    book.close()
    return str(stream.getvalue())


def test_a_record_has_its_time_level_event_and_logger_first(book: Logbook) -> None:
    log.info("connection_opened", connection_id="c1", api_key="k")
    fields = newest(book)
    assert list(fields) == ["timestamp", "level", "event", "logger", "connection_id", "api_key"]
    assert fields["timestamp"].endswith("Z")
    assert (fields["level"], fields["logger"], fields["api_key"]) == ("info", "tests.logs", "***")


def test_each_record_of_a_worker_names_it(tmp_path: Path) -> None:
    book = configure(LogOptions(console=False, file=True, path=tmp_path, worker=2, suffix="-2"), Counters())
    log.info("here")
    log.info("told", exception="x" * 20_000)
    assert [record.fields()["worker"] for record in book.ring.tail(2)] == [2, 2]
    book.close()
    assert {path.name for path in tmp_path.iterdir()} == {"app-2.log", "error-2.log"}
    configure(LogOptions(console=False), Counters()).close()


def test_loggers_of_structlogs_factory_are_the_same(book: Logbook) -> None:
    foreign.warning("odd", code=1)
    assert newest(book) | {"timestamp": ""} == {
        "timestamp": "", "level": "warning", "event": "odd", "logger": "tests.foreign", "code": 1
    }  # fmt: skip


def test_bound_values_and_contextvars_are_on_every_line(book: Logbook) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        log.bind(connection_id="c1").info("x")
    assert (newest(book)["request_id"], newest(book)["connection_id"]) == ("r1", "c1")


def test_the_level_filters_and_can_change(book: Logbook) -> None:
    log.debug("unseen")
    assert len(book.ring) == 0
    book.set_level("debug")
    log.debug("seen")
    foreign.debug("seen too")
    assert [record.fields()["event"] for record in book.ring.tail(9)] == ["seen", "seen too"]
    book.set_level("error")
    log.warning("unseen")
    assert len(book.ring) == 2
    with pytest.raises(ValueError, match="no log level 'loud'"):
        book.set_level("loud")


def test_an_exception_is_told_with_its_traceback(book: Logbook) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("broken", code=7)
    fields = newest(book)
    assert (fields["level"], fields["code"]) == ("error", 7)
    assert fields["exception"].endswith("ZeroDivisionError: division by zero")


def test_logging_and_warnings_come_along(book: Logbook) -> None:
    logging.getLogger("grpc").error("bad %s", "thing")
    assert (newest(book)["event"], newest(book)["logger"], newest(book)["level"]) == ("bad thing", "grpc", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)  # pytest has put its own way of showing them over ours
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    assert "old thing" in newest(book)["event"]


def test_a_record_of_logging_that_cannot_be_formatted_is_told_as_it_is(book: Logbook) -> None:
    _stdlib_handler.emit(logging.makeLogRecord({"msg": "%d", "args": ("no number",), "levelno": 5}))
    assert (newest(book)["event"], newest(book)["level"]) == ("%d", "debug")


def test_a_long_record_is_cut(book: Logbook) -> None:
    log.info("long", **{f"field{number}": "x" * 1000 for number in range(40)})
    assert newest(book)["truncated"] is True
    assert "field1" not in newest(book)


def test_positional_arguments_are_put_in(book: Logbook) -> None:
    log.info("counted %d", 3)
    assert newest(book)["event"] == "counted 3"


def test_the_console_is_json_where_nobody_watches() -> None:
    fields = msgspec.json.decode(written())
    assert (fields["event"], fields["token"]) == ("connection_opened", "***")


def test_the_console_is_columns_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = written(stream=Terminal())
    assert "connection_opened" in text
    assert "connection_id=c1" in text
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_a_terminal_has_colours_but_no_codes_from_outside() -> None:
    text = written(format="human", stream=Terminal())
    assert "\x1b[" in text
    assert "\\x1b[31m" in text


def test_the_format_can_be_forced() -> None:
    assert written(format="json", stream=Terminal()).startswith("{")
    assert not written(format="human").startswith("{")


def test_files_get_everything_and_errors(tmp_path: Path) -> None:
    book = configure(LogOptions(console=False, file=True, path=tmp_path / "logs"), Counters())
    log.info("fine")
    log.error("bad")
    book.close()
    events = [msgspec.json.decode(line)["event"] for line in (tmp_path / "logs" / "app.log").read_text().splitlines()]
    assert events == ["fine", "bad"]
    assert (tmp_path / "logs" / "error.log").read_text().count("\n") == 1


def test_files_are_rotated(tmp_path: Path) -> None:
    options = LogOptions(console=False, file=True, path=tmp_path, max_file_bytes=4096, max_files=2)
    book = configure(options, Counters())
    for number in range(200):
        log.info("filling", number=number, note="x" * 50)
    book.close()
    assert sorted(path.name for path in tmp_path.glob("app.log*")) == ["app.log", "app.log.1", "app.log.2"]
    assert all(path.stat().st_size <= 4096 for path in tmp_path.glob("app.log*"))


def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        configure(LogOptions(file=True, path=tmp_path / "file" / "logs"), Counters())


def test_after_close_the_ring_still_keeps() -> None:
    stream = io.StringIO()
    book = configure(LogOptions(format="json"), Counters(), stream=stream)
    book.close()
    log.info("late")
    assert newest(book)["event"] == "late"
    assert stream.getvalue() == ""


def test_a_filtered_call_costs_next_to_nothing(book: Logbook) -> None:
    best = min(timeit.repeat(lambda: log.debug("x", connection_id="c"), number=2000, repeat=5)) / 2000
    assert best < 1e-6 * float(os.environ.get("NOTIFYD_TEST_PATIENCE", "5"))
    assert len(book.ring) == 0
