"""All clients, keys and devices of this daemon as lines, for another engine or for a look from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.wire.record_lines import Tally, end_line, header_line, line_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from notifyd.model.ids import ClientId, DeviceId
    from notifyd.store.record_ports import Records
    from notifyd.wire.record_lines import Record

    Send = Callable[[list[bytes]], Awaitable[None]]

#: Records that are read and handed on together.
PAGE: Final = 1000


class RecordExport:
    """Reads the store, so that what it tells is what is kept."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def run(self, send: Send) -> Tally:
        """Hand all lines to *send*, in parts, and answer what was counted.

        Raises:
            StoreUnavailable: the store could not be read to its end; the lines lack their last one.
        """
        await send([header_line()])
        tally = await self._tell(send)
        await send([end_line(tally)])
        return tally

    async def count(self) -> Tally:
        """The counts and the digest alone; raises as `run`."""

        async def nowhere(_lines: list[bytes]) -> None:
            pass

        return await self._tell(nowhere)

    async def _tell(self, send: Send) -> Tally:
        tally = Tally()
        # in this order: what belongs to a client that comes meanwhile is left out with it
        keys = await self._records.keys.load()
        clients = await self._records.clients.load()
        known = {client.id for client in clients}
        await _hand_on(sorted(clients, key=lambda client: client.id), tally, send)
        owned = [key for key in keys if key.client_id in known]
        await _hand_on(sorted(owned, key=lambda key: key.id), tally, send)
        await self._tell_devices(known, tally, send)
        return tally

    async def _tell_devices(self, known: set[ClientId], tally: Tally, send: Send) -> None:
        after: DeviceId | None = None
        while page := await self._records.devices.page(after, limit=PAGE):
            after = page[-1].id
            await _hand_on([device for device in page if device.client_id in known], tally, send)


async def _hand_on(records: Iterable[Record], tally: Tally, send: Send) -> None:
    lines = []
    for record in records:
        tally.add(record)
        lines.append(line_of(record))
        if len(lines) == PAGE:
            await send(lines)
            lines = []
    if lines:
        await send(lines)
