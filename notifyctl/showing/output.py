"""What a command says: data on stdout in the format asked for, everything else on stderr.

`table` is for eyes, and the default on a terminal. `plain` is the default in a pipe: fields separated by tabs, one
record a line, without a header, so that `cut -f1` and `while read` work as they stand. `json` is one document,
`ndjson` one object a line. What streams (listen, logs tail) is NDJSON in a pipe.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

from notifyctl.showing.text import safe, safe_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyctl.exits import Refusal

Format = Literal["table", "json", "ndjson", "plain"]
Record = dict[str, Any]
#: Fields of this ending are measured, and nobody measures finer than this many digits of a second.
_LENGTH: Final = "seconds"
_LENGTH_DIGITS: Final = 3


@dataclass(frozen=True)
class Column:
    """One field of a record as a person reads it."""

    header: str
    #: A path into the record, such as `position.offset`.
    field: str
    #: How a table says the value; plain output says it as JSON does.
    human: Callable[[Any], str] | None = None
    #: Rich style of the column, or by value.
    style: str | dict[str, str] = ""
    #: Left out of a table of many where the terminal is too narrow for all of them.
    spare: bool = False

    def value(self, record: Record) -> Any:
        """The value of this column in *record*; None where the path ends early."""
        value: Any = record
        for name in self.field.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def plain(self, record: Record) -> str:
        """The cell for programs."""
        value = self.value(record)
        if isinstance(value, float) and self.field.lower().endswith(_LENGTH):
            value = round(value, _LENGTH_DIGITS)
        return safe(_plain(value))

    def shown(self, record: Record) -> str:
        """The cell for people."""
        value = self.value(record)
        if value is None or value == "" or value == []:
            return "-"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return safe(self.human(value) if self.human else _plain(value))


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case list() if not any(isinstance(item, dict | list) for item in value):
            return ",".join(_plain(item) for item in value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Output:
    """Writes what a command found, in one format."""

    def __init__(self, form: Format | None, *, quiet: bool = False) -> None:
        self._asked = form
        self.quiet = quiet

    @property
    def terminal(self) -> bool:
        """Whether stdout is a terminal."""
        return sys.stdout.isatty()

    @property
    def form(self) -> Format:
        """The format of records."""
        return self._asked or ("table" if self.terminal else "plain")

    @property
    def stream_form(self) -> Format:
        """The format of what streams."""
        return self._asked or ("table" if self.terminal else "ndjson")

    @property
    def wants_json(self) -> bool:
        """Whether errors are to be JSON as well."""
        return self._asked in ("json", "ndjson")

    def one(self, record: Record, columns: Sequence[Column], *, key: str = "") -> None:
        """Print one record; with -q its field *key* alone, or nothing where it has none."""
        if self.quiet:
            self._ids([record], key)
        elif self.form in ("json", "ndjson"):
            self._write(_document(record, indented=self.form == "json"))
        elif self.form == "plain":
            for column in columns:
                self._write(f"{column.field}\t{column.plain(record)}")
        else:
            from notifyctl.showing.tables import print_record

            print_record(record, columns)

    def many(self, records: Sequence[Record], columns: Sequence[Column], *, key: str = "id") -> None:
        """Print records, one a line; with -q the field *key* of each alone."""
        if self.quiet:
            self._ids(records, key)
        elif self.form == "json":
            self._write(_document(list(records), indented=True))
        elif self.form == "table":
            from notifyctl.showing.tables import print_records

            print_records(records, columns)
        else:
            for record in records:
                self.each(record, columns, key=key, form=self.form)

    def below(self, records: Sequence[Record], columns: Sequence[Column]) -> None:
        """Print *records*, which belong to the record before, where a person reads; programs have them in that one."""
        if records and self.form == "table" and not self.quiet:
            self.text("")
            self.many(records, columns)

    def each(
        self,
        record: Record,
        columns: Sequence[Column],
        *,
        key: str = "id",
        form: Format | None = None,
        file: TextIO | None = None,
    ) -> None:
        """Print one record of a stream, to *file* instead of stdout where one is given, and flush it."""
        form = form or self.stream_form
        if self.quiet:
            self._ids([record], key, file)
        elif form in ("json", "ndjson"):
            self._write(_document(record), file)
        elif form == "plain":
            self._write("\t".join(column.plain(record) for column in columns))
        else:
            from notifyctl.showing.tables import print_line

            print_line(record, columns)

    def text(self, line: str) -> None:
        """Print one line of data as it is, dangerous characters excepted."""
        self._write(safe(line))

    def raw(self, line: str) -> None:
        """Print one line of data as it is; the caller has made it safe."""
        self._write(line)

    def note(self, sentence: str) -> None:
        """Say *sentence* to the operator, on stderr; an object there for who wants JSON."""
        self._say(_document({"note": sentence}) if self.wants_json else safe(sentence))

    def failed(self, refusal: Refusal) -> None:
        """Say on stderr why the command ends."""
        if not self.wants_json:
            for line in f"Error: {refusal.message}".splitlines():
                self._say(safe(line))
            return
        problem: Record = {"code": refusal.code, "message": refusal.message, "exitStatus": int(refusal.status)}
        if refusal.retry_after_seconds is not None:
            problem["retryAfterSeconds"] = refusal.retry_after_seconds
        if refusal.request_id:
            problem["requestId"] = refusal.request_id
        self._say(_document({"error": problem}))

    def _ids(self, records: Sequence[Record], key: str, file: TextIO | None = None) -> None:
        for record in records:
            value = record.get(key) if key else None
            if value:
                self._write(safe(str(value)), file)

    def _say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def _write(self, line: str, file: TextIO | None = None) -> None:
        file = file or sys.stdout
        file.write(line + "\n")
        file.flush()


def _document(value: Any, *, indented: bool = False) -> str:
    if not indented:
        return safe_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    return "\n".join(map(safe_json, json.dumps(value, ensure_ascii=False, indent=2).split("\n")))
