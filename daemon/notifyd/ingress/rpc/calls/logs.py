"""The log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from notifyd.service.logs import LogBatch, LogQuery, Logs
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.json import encode

if TYPE_CHECKING:
    import trio

    from notifyd.telemetry.record import Record

_DEFAULT_LINES = 10


class LogCalls:
    """Records that are kept in memory."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    async def tail_logs(self, request: pb.TailLogsRequest, inbox: trio.MemorySendChannel[list[pb.LogRecord]]) -> None:
        """The newest records, and with `follow` every new one."""
        lines = request.lines if request.HasField("lines") else _DEFAULT_LINES
        query = LogQuery(lines=lines, min_level=request.min_level, grep=request.grep)

        async def send(batch: LogBatch) -> None:
            await inbox.send(_messages(batch))

        if request.follow:
            await self._logs.follow(query, send)
        else:
            await send(await self._logs.tail(query))


def _messages(batch: LogBatch) -> list[pb.LogRecord]:
    messages = [_message(record) for record in batch.records]
    if batch.dropped:
        messages = messages or [pb.LogRecord()]
        messages[0].dropped = batch.dropped
    return messages


def _message(record: Record) -> pb.LogRecord:
    fields: dict[str, Any] = record.fields()
    message = pb.LogRecord(level=fields.pop("level"), event=str(fields.pop("event")), logger=fields.pop("logger", ""))
    message.timestamp.FromDatetime(datetime.fromisoformat(fields.pop("timestamp")))
    message.fields_json = encode(fields).decode()
    return message
