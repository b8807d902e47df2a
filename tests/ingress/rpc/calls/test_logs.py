"""The log over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio
import trio.testing

from notifyd.ingress.rpc.calls.logs import LogCalls
from notifyd.service.logs import Logs
from notifyd.telemetry import Ring, get_logger
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.node import collect, refusal_of

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House

in_thread = trio.to_thread.run_sync
log = get_logger("tests.tail")


async def tail(house: House, **request: Any) -> list[pb.LogRecord]:
    """What a tail that ends by itself answers."""
    return await in_thread(lambda: list(house.stub.TailLogs(pb.TailLogsRequest(**request), timeout=10)))


async def test_the_newest_come_oldest_first(house: House) -> None:
    for number in range(12):
        log.info("counted", number=number)
    records = await tail(house)
    assert [msgspec.json.decode(record.fields_json)["number"] for record in records] == list(range(2, 12))
    assert [record.event for record in await tail(house, lines=1)] == ["counted"]
    assert await tail(house, lines=0) == []


async def test_a_record_is_whole(house: House) -> None:
    log.warning("something_odd", connection_id="c1", api_key="k")
    record = (await tail(house, lines=1))[0]
    assert (record.level, record.event, record.logger) == ("warning", "something_odd", "tests.tail")
    assert msgspec.json.decode(record.fields_json) == {"connection_id": "c1", "api_key": "***"}
    assert record.HasField("timestamp")


async def test_records_are_chosen_by_level_and_pattern(house: House) -> None:
    log.info("first", code=1)
    log.error("second", code=2)
    log.info("third", code=22)
    assert [record.event for record in await tail(house, min_level="warning")] == ["second"]
    assert [record.event for record in await tail(house, grep='"code":2+}')] == ["second", "third"]


@pytest.mark.parametrize("request_", [{"min_level": "loud"}, {"grep": "("}, {"grep": "x" * 300}])
@pytest.mark.parametrize("follow", [False, True])
async def test_a_bad_question_is_refused(house: House, request_: dict[str, str], follow: bool) -> None:
    with pytest.raises(grpc.RpcError) as problem:
        await tail(house, follow=follow, **request_)
    assert refusal_of(problem.value).status == "INVALID_ARGUMENT"


async def test_following_goes_on_from_the_tail(house: House) -> None:
    log.info("old")
    stream = house.stub.TailLogs(pb.TailLogsRequest(lines=1, follow=True, grep="old|new"))
    assert (await in_thread(next, stream)).event == "old"
    log.info("other")
    for number in range(300):
        log.info("new", number=number)
    records = await in_thread(collect, stream, 300)
    assert [msgspec.json.decode(record.fields_json)["number"] for record in records] == list(range(300))
    stream.cancel()


async def test_what_was_lost_is_told_where_no_record_can_tell_it() -> None:
    ring = Ring(2)
    send, receive = trio.open_memory_channel[list[pb.LogRecord]](0)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            request = pb.TailLogsRequest(lines=0, follow=True, min_level="error")
            nursery.start_soon(LogCalls(Logs(ring)).tail_logs, request, send)
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(5):
                ring.append(20, b"{}")
            assert await receive.receive() == []
            assert await receive.receive() == [pb.LogRecord(dropped=3)]
            nursery.cancel_scope.cancel()
