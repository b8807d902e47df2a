"""Moving out and in over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio
from grpc import RpcError

from notifyd.ingress.rpc.calls import records as calls
from notifyd.service.access.keys import NewKey
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.node import refusal_of

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def exported(house: House, *, digest_only: bool = False) -> list[bytes]:
    """The lines, and in how many messages they came."""

    def read() -> bytes:
        request = pb.ExportRecordsRequest(digest_only=digest_only)
        return b"".join(message.lines for message in house.stub.ExportRecords(request))

    return (await trio.to_thread.run_sync(read)).splitlines()


async def imported(house: House, *parts: bytes, **options: Any) -> pb.ImportRecordsResponse:
    """The answer to an import of *parts*."""

    def ask() -> pb.ImportRecordsResponse:
        requests = [pb.ImportRecordsRequest(**options), *(pb.ImportRecordsRequest(part=part) for part in parts)]
        (answer,) = house.stub.ImportRecords(iter(requests))
        return answer

    return await trio.to_thread.run_sync(ask)


async def test_everything_is_told_in_lines_and_counted_at_the_end(house: House, monkeypatch) -> None:
    monkeypatch.setattr(calls, "_MESSAGE_BYTES", 300)
    for _ in range(5):
        await house.node.key()
    lines = [msgspec.json.decode(line) for line in await exported(house)]
    assert [line["type"] for line in lines] == ["header", "client", *["key"] * 5, "end"]
    (end,) = await exported(house, digest_only=True)
    assert msgspec.json.decode(end) == lines[-1]


async def test_a_file_is_taken_in_wherever_it_was_cut(house: House) -> None:
    await house.node.key()
    file = b"".join(line + b"\n" for line in await exported(house))
    await house.node.records.keys.remove((await house.node.records.keys.load())[0].id)
    planned = await imported(house, file, dry_run=True)
    assert (planned.added.keys, planned.unchanged.clients, planned.here.keys) == (1, 1, 0)
    answer = await imported(house, file[:50], b"", file[50:51], file[51:])
    assert (answer.added.keys, answer.here.keys, answer.digest) == (1, 1, answer.digest_here)


async def test_overwriting_is_asked_for(house: House) -> None:
    key = await house.node.keys.create(NewKey("k"))
    file = b"".join(line + b"\n" for line in await exported(house))
    await house.node.keys.revoke(key.record.id)
    with pytest.raises(RpcError) as failed:
        await imported(house, file)
    refused = refusal_of(failed.value)
    assert (refused.status, refused.code) == ("FAILED_PRECONDITION", "records_differ")
    assert (await imported(house, file, overwrite=True)).replaced.keys == 1


async def test_no_file_at_all_is_refused(house: House) -> None:
    with pytest.raises(RpcError) as failed:
        await imported(house)
    assert refusal_of(failed.value).code == "invalid_records"
