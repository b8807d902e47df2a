"""Services that take jobs from one queue see each other."""

from __future__ import annotations

import msgspec
import structlog

from tests.ingress.bullmq.queues import PATIENT, House, Queue, until

OFTEN = msgspec.structs.replace(PATIENT, sharing_seconds=0.1)


async def test_two_services_on_one_queue_are_told_of_each_other(house: House, queue: Queue) -> None:
    with structlog.testing.capture_logs() as logs:
        shop = house.start(timing=OFTEN, service="shop")
        desk = house.start(timing=OFTEN, service="desk")
        await until(lambda: (shop.others, desk.others) == (("desk",), ("shop",)))
        assert shop.detail == f"other services take jobs from bull:{queue.name}: desk"
        await desk.stop(5)
        await until(lambda: not shop.others)
        assert shop.detail == ""
    shared = [entry for entry in logs if entry["event"] == "bullmq_queue_shared"]
    assert {entry["services"] for entry in shared} == {("desk",), ("shop",)}
    assert {entry["log_level"] for entry in shared} == {"warning"}
    assert "bullmq_queue_alone" in [entry["event"] for entry in logs]


async def test_nodes_of_one_service_share_it_without_a_word(house: House, queue: Queue) -> None:
    first = house.start(timing=OFTEN, service="shop")
    second = house.start(timing=OFTEN, service="shop")
    other = house.start(timing=OFTEN, service="desk")
    await until(lambda: (first.others, second.others, other.others) == (("desk",), ("desk",), ("shop",)))


async def test_what_others_wrote_there_is_passed_over(house: House, queue: Queue) -> None:
    key = f"bull:{queue.name}:notifyd:services"
    for service, at in (("old", "1"), ("odd", "yesterday"), ("²", "²")):
        queue.server.call("HSET", key, service, at)
    shop = house.start(timing=OFTEN, service="shop")
    desk = house.start(timing=OFTEN, service="desk")
    await until(lambda: (shop.others, desk.others) == (("desk",), ("shop",)))
    assert 0 < queue.server.call("PTTL", key) <= 3_600_000
