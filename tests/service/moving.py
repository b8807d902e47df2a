"""A daemon to move out of, and one to move into, each with records of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, UserId
from notifyd.service.records.exporting import RecordExport
from notifyd.service.records.importing import Imported, RecordImport
from tests.service.client_samples import SEALER
from tests.service.sharing import Peer, SharedRecords

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.policy.access.sealing import Sealer


class House:
    """One of them."""

    def __init__(self, folder: Path, sealer: Sealer = SEALER) -> None:
        self.records = SharedRecords()
        self.peer = Peer(self.records, sealer)
        self.importer = RecordImport(self.records, self.peer.keys, self.peer.clients, self.peer.refresher, folder)

    async def started(self) -> House:
        """Itself, after a first start."""
        await self.peer.started()
        return self

    async def furnished(self) -> House:
        """Itself, with a client that has keys and devices, one key revoked and one used."""
        shop = await self.peer.client()
        used = await self.peer.key(shop)
        await self.peer.keys.revoke((await self.peer.key()).record.id)
        self.peer.by_key(used)
        await self.peer.keys.keep_last_uses()
        for number in range(3):
            await self.device(shop, number)
        return self

    async def device(self, client_id: ClientId, number: int) -> Device:
        device = Device(DeviceId(f"dev_{number}"), client_id, UserId("ann"), f"token-{number}", number, number)
        return await self.records.devices.register(device, max_per_user=9)

    async def exported(self) -> list[bytes]:
        """The lines of everything."""
        lines: list[bytes] = []

        async def send(some: list[bytes]) -> None:
            lines.extend(some)

        await RecordExport(self.records).run(send)
        return lines

    async def take(
        self, lines: list[bytes], *, size: int = 100, overwrite: bool = False, dry_run: bool = False
    ) -> Imported:
        """Import *lines*, which come in parts of *size* bytes."""
        file = b"".join(line + b"\n" for line in lines)
        parts = iter([file[start : start + size] for start in range(0, len(file), size)])

        async def following() -> bytes:
            return next(parts, b"")

        return await self.importer.run(following, overwrite=overwrite, dry_run=dry_run)
