"""Taking in what another daemon has exported: everything is checked before anything is kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import structlog

from notifyd.errors import Conflict, Exhausted, Invalid
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.service.records.comparing import Comparison, is_untouched
from notifyd.service.records.exporting import RecordExport
from notifyd.service.records.reading import MAX_LINE_BYTES, Reading
from notifyd.store.spool import Spool
from notifyd.wire.record_lines import Counts, read_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from notifyd.service.access.keys import Keys
    from notifyd.service.clients.clients import Clients
    from notifyd.service.clients.refresh import Refresher
    from notifyd.store.record_ports import Records

    #: The next bytes of the file, none at its end.
    Next = Callable[[], Awaitable[bytes]]

T = TypeVar("T")

_TOGETHER: Final = 500

log = structlog.get_logger("notifyd.records")


class Imported(msgspec.Struct, frozen=True):
    """What came of it."""

    added: Counts
    replaced: Counts
    unchanged: Counts
    #: Of the file.
    digest: str
    #: Of everything that is kept now, what was there before included.
    here: Counts
    digest_here: str


class RecordImport:
    """One at a time."""

    def __init__(self, records: Records, keys: Keys, clients: Clients, refresher: Refresher, folder: Path) -> None:
        """In *folder* is kept, out of sight, what is not yet known to be good."""
        self._records = records
        self._keys = keys
        self._clients = clients
        self._refresher = refresher
        self._folder = folder
        self._busy = False

    async def run(self, following: Next, *, overwrite: bool = False, dry_run: bool = False) -> Imported:
        """Read to the end, check everything, and then keep what is new or, with *overwrite*, other than what is kept.

        To ask again with the same file changes nothing, and finishes what was interrupted.

        Raises:
            Invalid: the file is not as it must be, or this daemon's master key opens not all of it; nothing was kept.
            Conflict: records differ from those that are kept (`records_differ`), or another import runs; nothing was
                kept.
            Exhausted: there would be more clients or keys than there may be; nothing was kept.
            StoreUnavailable: the store is away; a part may have been kept.
        """
        if self._busy:
            raise Conflict("another import runs: wait for its end")
        self._busy = True
        try:
            with closing(Spool(self._folder)) as spool:
                reading = await _read(following, spool)
                return await self._take_in(reading, spool, overwrite=overwrite, dry_run=dry_run)
        finally:
            self._busy = False

    async def _take_in(self, reading: Reading, spool: Spool, *, overwrite: bool, dry_run: bool) -> Imported:
        self._check_secrets(reading)
        compared = Comparison()
        await spool.rewind()
        while devices := await _next_devices(spool):
            compared.devices(devices, await self._records.devices.rivals(devices))
        async with self._clients.changing, self._keys.changing:
            await self._compare(reading, compared)
            if compared.differing and not overwrite:
                raise compared.conflict()
            if not dry_run:
                await self._put(compared)
        if not dry_run:
            await spool.rewind()
            while devices := await _next_devices(spool):
                await self._records.devices.put(devices)
            self._clients.changed()
            await self._refresher.catch_up(anew=True)
        here = await RecordExport(self._records).count()
        log.info("records_imported", dry_run=dry_run, **msgspec.structs.asdict(reading.tally.counts))
        return Imported(
            compared.added, compared.replaced, compared.unchanged, reading.tally.digest, here.counts, here.digest
        )

    def _check_secrets(self, reading: Reading) -> None:
        closed = [client.id for client in reading.clients if not self._clients.opens(client)]
        if closed:
            raise Invalid(
                f"the secrets of {len(closed)} clients were sealed with another master key ({_some(closed)}): "
                "give this daemon the master key file of the one that exported them",
                code="seal_broken",
            )

    async def _compare(self, reading: Reading, compared: Comparison) -> None:
        """With what is kept now, which nobody changes meanwhile."""
        clients = {client.id: client for client in await self._records.clients.load()}
        keys = {key.id: key for key in await self._records.keys.load()}
        known = clients.keys() | {client.id for client in reading.clients}
        devices = await self._records.devices.list(DEFAULT_CLIENT, limit=1)
        default = clients.get(DEFAULT_CLIENT)
        if default not in reading.clients and is_untouched(default, keys.values(), devices):
            # every daemon makes one at its first start: it gives way as long as nothing hangs on it
            del clients[DEFAULT_CLIENT]
        compared.clients(reading.clients, clients)
        compared.keys(reading.keys, keys)
        owners = reading.owners | {key.client_id for key in reading.keys}
        if missing := sorted(owners - known):
            raise Invalid(
                f"there are keys or devices of clients that are neither in the file nor here: {_some(missing)}",
                code="invalid_records",
            )
        _check_room("clients", len(known), self._clients.rules.max_clients)
        _check_room("keys", len(keys.keys() | {key.id for key in reading.keys}), self._keys.rules.max_keys)

    async def _put(self, compared: Comparison) -> None:
        for clients in _parts(compared.clients_to_put):
            await self._records.clients.put(*clients)
        for key_id in compared.keys_to_forget:
            await self._records.keys.remove(key_id)
        for keys in _parts(compared.keys_to_put):
            await self._records.keys.put(*keys)


async def _next_devices(spool: Spool) -> list[Device]:
    return [device for line in await spool.take(_TOGETHER) if isinstance(device := read_line(line), Device)]


def _parts(records: Sequence[T]) -> Iterator[Sequence[T]]:
    """So few that each is one short call of any engine."""
    for start in range(0, len(records), _TOGETHER):
        yield records[start : start + _TOGETHER]


async def _read(following: Next, spool: Spool) -> Reading:
    reading = Reading()
    rest = b""
    while chunk := await following():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise Invalid("a line is too long for an export", code="invalid_records")
        await spool.add(reading.take([line for line in lines if line.strip()]))
    if rest.strip():
        await spool.add(reading.take([rest]))
    reading.finish()
    return reading


def _check_room(kind: str, count: int, most: int) -> None:
    if count > most:
        raise Exhausted(f"there would be {count} {kind}, and there may be {most}", code=f"too_many_{kind}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
