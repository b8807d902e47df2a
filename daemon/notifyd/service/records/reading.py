"""The lines of an import, checked one by one before any of them is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid, NotifydError, TooLarge
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.key import ApiKey
from notifyd.policy.imported import check_record
from notifyd.wire.record_lines import Counts, End, Header, Tally, read_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId
    from notifyd.wire.record_lines import Record

#: Some hundred bytes are remembered of each device, to find those that are there twice.
MAX_RECORDS: Final = 2_000_000
MAX_LINE_BYTES: Final = 1 << 20

_KINDS: Final[tuple[type[Record], ...]] = (Client, ApiKey, Device)


class Reading:
    """What has come so far; lines come in the order in which an export writes them."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.keys: list[ApiKey] = []
        #: The clients that devices belong to.
        self.owners: set[ClientId] = set()
        self.tally = Tally()
        self._lines = 0
        self._begun = False
        self._end: End | None = None
        self._place: tuple[int, str] = (0, "")
        self._seen: set[int] = set()

    def take(self, lines: Sequence[bytes]) -> list[bytes]:
        """Check the next *lines*; answers those of devices, which are too many to be remembered.

        Raises:
            Invalid: one is not as it must be; the message tells its number.
            TooLarge: there are more than MAX_RECORDS.
        """
        devices = []
        for line in lines:
            self._lines += 1
            try:
                record = self._read(line)
            except NotifydError as exc:
                raise Invalid(f"line {self._lines}: {exc.message}", code="invalid_records") from exc
            if isinstance(record, Device):
                devices.append(line)
        if self._lines > MAX_RECORDS:
            raise TooLarge(f"at most {MAX_RECORDS} records are imported at once")
        return devices

    def finish(self) -> None:
        """Nothing more comes.

        Raises:
            Invalid: the end is missing, or does not fit what came before it.
        """
        if self._end is None:
            raise Invalid(f"it was cut off behind line {self._lines}: export it anew", code="invalid_records")
        told = Counts(self._end.clients, self._end.keys, self._end.devices)
        if told != self.tally.counts or self._end.digest != self.tally.digest:
            raise Invalid("it was changed on its way: its last line tells other records", code="invalid_records")

    def _read(self, line: bytes) -> Record | None:
        if self._end is not None:
            raise Invalid("something comes behind the end")
        read = read_line(line)
        if isinstance(read, Header) != (not self._begun):
            raise Invalid("a header belongs at the begin, and nowhere else")
        if isinstance(read, Header):
            self._begun = True
        elif isinstance(read, End):
            self._end = read
        else:
            self._add(read)
            return read
        return None

    def _add(self, record: Record) -> None:
        check_record(record)
        place = (_KINDS.index(type(record)), record.id)
        if place <= self._place:
            raise Invalid("records come by kind and id, each once, as an export writes them")
        self._place = place
        self.tally.add(record)
        if isinstance(record, Client):
            self.clients.append(record)
        elif isinstance(record, ApiKey):
            self._once(("key", record.digest), "two keys have one digest")
            self.keys.append(record)
        else:
            self._once(("device", record.client_id, record.token), "two devices of one client have one token")
            self.owners.add(record.client_id)

    def _once(self, what: tuple[str, ...], problem: str) -> None:
        # what stands for it takes less room than itself, and is another one in every process
        mark = hash(what)
        if mark in self._seen:
            raise Invalid(problem)
        self._seen.add(mark)
