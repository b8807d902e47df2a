"""Moving clients, keys and devices out and in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.record_lines import end_line

if TYPE_CHECKING:
    import trio

    from notifyd.bridge.intake import Intake
    from notifyd.service.records.exporting import RecordExport
    from notifyd.service.records.importing import RecordImport
    from notifyd.wire.record_lines import Counts

#: Of lines in one message, which a peer may refuse from 4 MiB on.
_MESSAGE_BYTES: Final = 1 << 18


class RecordCalls:
    """Export and import."""

    def __init__(self, exporting: RecordExport, importing: RecordImport) -> None:
        self._export = exporting
        self._import = importing

    async def export_records(
        self, request: pb.ExportRecordsRequest, answers: trio.MemorySendChannel[list[pb.RecordLines]]
    ) -> None:
        """All lines, or the last one."""
        if request.digest_only:
            await answers.send([_message([end_line(await self._export.count())])])
            return

        async def send(lines: list[bytes]) -> None:
            messages, part, size = [], [], 0
            for line in lines:
                part.append(line)
                size += len(line)
                if size >= _MESSAGE_BYTES:
                    messages.append(_message(part))
                    part, size = [], 0
            await answers.send([*messages, _message(part)])

        await self._export.run(send)

    async def import_records(
        self,
        intake: Intake[pb.ImportRecordsRequest],
        answers: trio.MemorySendChannel[list[pb.ImportRecordsResponse]],
    ) -> None:
        """Take all parts in, and tell what came of them."""
        requests = await intake.take()
        overwrite, dry_run = (requests[0].overwrite, requests[0].dry_run) if requests else (False, False)

        async def following() -> bytes:
            nonlocal requests
            while requests:
                part = b"".join(request.part for request in requests)
                requests = await intake.take()
                if part:
                    return part
            return b""

        imported = await self._import.run(following, overwrite=overwrite, dry_run=dry_run)
        response = pb.ImportRecordsResponse(
            added=_counts(imported.added),
            replaced=_counts(imported.replaced),
            unchanged=_counts(imported.unchanged),
            digest=imported.digest,
            here=_counts(imported.here),
            digest_here=imported.digest_here,
        )
        await answers.send([response])


def _message(lines: list[bytes]) -> pb.RecordLines:
    return pb.RecordLines(lines=b"".join(line + b"\n" for line in lines))


def _counts(counts: Counts) -> pb.RecordCounts:
    return pb.RecordCounts(clients=counts.clients, keys=counts.keys, devices=counts.devices)
