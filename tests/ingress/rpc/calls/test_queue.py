"""The queue over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import publish

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def test_a_paused_queue_holds_what_comes(house: House) -> None:
    assert (await house.ask("PauseQueue", pb.PauseQueueRequest())).paused
    await publish(house, "news", "1", priority=7)
    await publish(house, "news", "2", delay_ms=60_000)
    stats = await house.ask("GetQueue", pb.GetQueueRequest())
    assert (stats.waiting, stats.ready, stats.scheduled, stats.paused) == (2, 1, 1, True)
    assert stats.by_priority[7] == 1
    assert stats.HasField("oldest_accepted_at")
    assert not (await house.ask("ResumeQueue", pb.ResumeQueueRequest())).paused


async def test_what_waits_is_listed_in_its_order(house: House) -> None:
    await house.ask("PauseQueue", pb.PauseQueueRequest())
    for priority in (1, 9, 5):
        await publish(house, "news", "1", priority=priority)
    listed = await house.ask("ListQueue", pb.ListQueueRequest())
    assert [receipt.priority for receipt in listed.notifications] == [9, 5, 1]
    listed = await house.ask("ListQueue", pb.ListQueueRequest(limit=1))
    assert [receipt.priority for receipt in listed.notifications] == [9]
    assert not (await house.ask("ListQueue", pb.ListQueueRequest(client_id="other"))).notifications


async def test_clearing_tells_how_many(house: House) -> None:
    await house.ask("PauseQueue", pb.PauseQueueRequest())
    await publish(house, "news", "1")
    assert (await house.ask("ClearQueue", pb.ClearQueueRequest(client_id="other"))).cleared == 0
    assert (await house.ask("ClearQueue", pb.ClearQueueRequest())).cleared == 1
    assert (await house.ask("GetQueue", pb.GetQueueRequest())).waiting == 0
