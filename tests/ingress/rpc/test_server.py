"""The server itself: its socket, its bounds, its beginning and its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trio
import trio.testing
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from notifyd.ingress.rpc.options import RpcOptions
from notifyd.ingress.rpc.server import AdminServer
from notifyd.ingress.rpc.slots import OPEN_STREAMS
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import Choices, House, open_house, streams_are_free
from tests.ingress.rpc.node import collect, end_of, refusal_of

if TYPE_CHECKING:
    from pathlib import Path

in_thread = trio.to_thread.run_sync


async def test_the_socket_is_for_this_user_alone(house: House) -> None:
    assert house.path.stat().st_mode & 0o777 == 0o600


async def test_the_mask_of_the_process_is_left_as_it_was() -> None:
    before = os.umask(0o022)
    try:
        async with open_house():
            assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


async def test_status_is_answered(house: House) -> None:
    status = await house.ask("GetStatus", pb.GetStatusRequest())
    assert status.pid == os.getpid()
    assert (status.version, status.state, status.durability) == ("0.1.0", "starting", "memory")


async def test_health_follows_the_daemon(house: House) -> None:
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    daemon = house.services.daemon
    with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
        stub = health_pb2_grpc.HealthStub(grpc_channel)

        async def told(name: str) -> int:
            answer = await in_thread(stub.Check, health_pb2.HealthCheckRequest(service=name))
            return int(answer.status)

        assert (await told(""), await told("notifyd.v1.AdminService")) == (serving, not_serving)  # it starts
        daemon.ready = True
        assert await told("notifyd.v1.AdminService") == serving
        daemon.draining = True
        assert (await told(""), await told("notifyd.v1.AdminService")) == (serving, not_serving)


async def test_who_watches_the_health_is_told_of_a_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifyd.ingress.rpc.health._FOLLOW_SECONDS", 0.02)
    with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
        request = health_pb2.HealthCheckRequest(service="notifyd.v1.AdminService")
        watch = health_pb2_grpc.HealthStub(grpc_channel).Watch(request, timeout=10)
        assert (await in_thread(next, watch)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        house.services.daemon.ready = True
        assert (await in_thread(next, watch)).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()


async def test_reflection_names_the_service(house: House) -> None:
    with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(grpc_channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = await in_thread(lambda: next(stub.ServerReflectionInfo(iter([request]))))
    assert "notifyd.v1.AdminService" in {service.name for service in answer.list_services_response.service}


async def test_streams_leave_room_for_calls(house: House) -> None:
    streams = [house.stub.WatchStats(pb.WatchStatsRequest()) for _ in range(4)]
    for stream in streams:
        await in_thread(next, stream)
    with pytest.raises(grpc.RpcError) as problem:
        await in_thread(next, house.stub.WatchStats(pb.WatchStatsRequest()))
    refusal = refusal_of(problem.value)
    assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "too_many_streams")
    assert (await house.ask("GetStatus", pb.GetStatusRequest(), timeout=5)).pid == os.getpid()
    streams[0].cancel()
    await streams_are_free(house, 1)
    for stream in streams:
        stream.cancel()


async def test_open_streams_have_slots_of_their_own(house: House) -> None:
    with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
        stub = health_pb2_grpc.HealthStub(grpc_channel)
        watches = [stub.Watch(health_pb2.HealthCheckRequest(), timeout=10) for _ in range(OPEN_STREAMS)]
        for watch in watches:
            await in_thread(next, watch)
        refusal = await end_of(stub.Watch(health_pb2.HealthCheckRequest(), timeout=10))
        assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "too_many_streams")
        await streams_are_free(house, 4)
        for watch in watches:
            watch.cancel()


async def test_the_health_of_every_service_is_listed(house: House) -> None:
    house.services.daemon.ready = True
    with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
        stub = health_pb2_grpc.HealthStub(grpc_channel)
        listed = await in_thread(stub.List, health_pb2.HealthListRequest())
        assert set(listed.statuses) == {"", "notifyd.v1.AdminService"}
        with pytest.raises(grpc.RpcError) as problem:
            await in_thread(stub.Check, health_pb2.HealthCheckRequest(service="none"))
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="none"), timeout=10)
        assert (await in_thread(next, watch)).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()
    assert refusal_of(problem.value).status == "NOT_FOUND"


async def test_a_request_over_the_bound_is_refused() -> None:
    async with open_house(Choices(rpc=RpcOptions(workers=4, max_streams=2, max_request_bytes=2000))) as house:
        refusal = await house.refusal("GetKey", pb.GetKeyRequest(id="x" * 3000))
    assert refusal.status == "RESOURCE_EXHAUSTED"


async def test_stopping_ends_streams_and_takes_the_socket_away() -> None:
    async with open_house() as house:
        stream = house.stub.WatchStats(pb.WatchStatsRequest())
        await in_thread(next, stream)
        await house.server.stop(2)
        refusal = await in_thread(_end_of, stream)
        assert (refusal.status, refusal.code) == ("UNAVAILABLE", "draining")
        assert not house.path.exists()


async def test_stopping_lets_a_call_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, release = trio.Event(), trio.Event()

    async def slow(_request: object) -> pb.QueueStats:
        entered.set()
        await release.wait()
        return pb.QueueStats(waiting=7)

    monkeypatch.setattr("notifyd.ingress.rpc.calls.queue.QueueCalls.get_queue", staticmethod(slow))
    async with open_house() as house, trio.open_nursery() as nursery:
        call = house.stub.GetQueue.future(pb.GetQueueRequest(), timeout=10)
        await entered.wait()
        nursery.start_soon(house.server.stop, 5)
        await trio.testing.wait_all_tasks_blocked()
        release.set()
        assert (await in_thread(call.result)).waiting == 7


async def test_stopping_cuts_off_what_does_not_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, left = trio.Event(), trio.Event()

    async def endless(_request: object) -> pb.QueueStats:
        entered.set()
        try:
            await trio.sleep_forever()
        finally:
            left.set()

    monkeypatch.setattr("notifyd.ingress.rpc.calls.queue.QueueCalls.get_queue", staticmethod(endless))
    async with open_house() as house:
        call = house.stub.GetQueue.future(pb.GetQueueRequest(), timeout=10)
        await entered.wait()
        await house.server.stop(0.05)
        await left.wait()
        with pytest.raises(grpc.RpcError):
            await in_thread(call.result)


async def test_a_cancelled_server_ends_without_grace() -> None:
    async with open_house() as house:
        path = house.path.with_name("other.sock")
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                other = AdminServer(path, house.services, RpcOptions(workers=2, max_streams=1), house.counters)
                await nursery.start(other.run)
                assert path.exists()
                scope.cancel()
        assert not path.exists()


async def test_a_place_that_cannot_be_bound_is_an_error(house: House, tmp_path: Path) -> None:
    path = tmp_path / "none" / "admin.sock"
    server = AdminServer(path, house.services, RpcOptions(workers=2, max_streams=1), house.counters)
    with pytest.raises(OSError, match="cannot bind the admin socket"):
        await server.run()


def _end_of(stream: Any) -> Any:
    with pytest.raises(grpc.RpcError) as problem:
        collect(stream, 1_000_000)
    return refusal_of(problem.value)
