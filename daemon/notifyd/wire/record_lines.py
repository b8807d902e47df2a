"""Clients, keys and devices as lines of JSON, to be carried from one engine to another.

A header, the records by kind and id, and an end that counts them and holds their digest: what was cut off or changed on
the way is noticed, and two engines that hold the same say the same.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from notifyd.errors import Invalid
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey

FORMAT: Final = "notifyd-records"
VERSION: Final = 1

Record = Client | ApiKey | Device


class Line(msgspec.Struct, frozen=True, tag_field="type", rename="camel", forbid_unknown_fields=True):
    """Of any kind."""


class Header(Line, frozen=True, tag="header"):
    """The first line."""

    format: str
    version: int


class Counts(msgspec.Struct, frozen=True):
    """How many records there are of each kind."""

    clients: int = 0
    keys: int = 0
    devices: int = 0


class End(Line, frozen=True, tag="end"):
    """The last line."""

    clients: int
    keys: int
    devices: int
    digest: str


class ClientLine(Line, frozen=True, tag="client"):
    """See `Client`: the same fields in the same order. Its secrets are sealed."""

    id: ClientId
    name: str
    secret: str
    created_at: int
    url: str
    description: str
    cookie_name: str
    updated_at: int
    previous_secret: str
    previous_until: int | None


class KeyLine(Line, frozen=True, tag="key"):
    """See `ApiKey`: the same fields in the same order."""

    id: KeyId
    client_id: ClientId
    name: str
    digest: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    allowed_cidrs: tuple[str, ...]
    revoked_at: int | None
    last_used_at: int | None
    previous_digest: str
    previous_until: int | None


class DeviceLine(Line, frozen=True, tag="device"):
    """See `Device`: the same fields in the same order."""

    id: DeviceId
    client_id: ClientId
    user_id: UserId
    token: str
    created_at: int
    seen_at: int


_LINES: Final[dict[type[Record], type[Line]]] = {Client: ClientLine, ApiKey: KeyLine, Device: DeviceLine}
_RECORDS: Final[dict[type[Line], type[Record]]] = {line: record for record, line in _LINES.items()}
_READER: Final = msgspec.json.Decoder(Header | ClientLine | KeyLine | DeviceLine | End)


def line_of(record: Record) -> bytes:
    """*record* as a line, without its line break."""
    return msgspec.json.encode(_LINES[type(record)](*msgspec.structs.astuple(record)))


def header_line() -> bytes:
    """The first line."""
    return msgspec.json.encode(Header(FORMAT, VERSION))


def end_line(tally: Tally) -> bytes:
    """The last line behind what *tally* has counted."""
    counts = tally.counts
    return msgspec.json.encode(End(counts.clients, counts.keys, counts.devices, tally.digest))


def read_line(line: bytes) -> Header | Record | End:
    """What *line* says.

    Raises:
        Invalid: it is no such line, or of a version that this one does not know.
    """
    try:
        read = _READER.decode(line)
    except (msgspec.DecodeError, RecursionError) as exc:
        # what it says of the place is a path into the line, and no value
        raise Invalid(f"it is no line of an export: {exc}", code="invalid_records") from exc
    if isinstance(read, End):
        return read
    if isinstance(read, Header):
        if (read.format, read.version) != (FORMAT, VERSION):
            raise Invalid(
                f"it begins a file {read.format[:50]!r} of version {read.version}; this daemon reads {FORMAT!r} of "
                f"version {VERSION}",
                code="invalid_records",
            )
        return read
    return _RECORDS[type(read)](*msgspec.structs.astuple(read))


class Tally:
    """Counts records, and digests what they say in the order in which they come.

    Last uses of keys are left out: they go on where a daemon runs, and nothing depends on them.
    """

    def __init__(self) -> None:
        self._numbers: dict[type[Record], int] = dict.fromkeys(_LINES, 0)
        self._hash = hashlib.sha256()

    def add(self, record: Record) -> None:
        """The next one."""
        if isinstance(record, ApiKey):
            record = msgspec.structs.replace(record, last_used_at=None)
        self._numbers[type(record)] += 1
        self._hash.update(line_of(record) + b"\n")

    @property
    def counts(self) -> Counts:
        """How many there were."""
        return Counts(*self._numbers.values())

    @property
    def digest(self) -> str:
        """Of all that there were."""
        return f"sha256:{self._hash.hexdigest()}"
