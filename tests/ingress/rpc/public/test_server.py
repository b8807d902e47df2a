"""The server itself: its addresses, its certificate, its names, and peers that behave badly."""

from __future__ import annotations

import errno
import gzip
import resource
import socket
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from notifyd.errors import Invalid
from notifyd.ingress.rpc.options import RpcOptions
from notifyd.ingress.rpc.public.server import PublicServer
from notifyd.ingress.rpc.public.services import PublicOptions
from notifyd.ingress.rpc.stalls import of_ports, unread_marks
from notifyd.ingress.rpc.tcp import Identity
from notifyd.v1 import client_pb2 as pb
from tests.app.listeners.test_tls import make
from tests.ingress.rpc.node import end_of, refusal_of, until
from tests.ingress.rpc.public import wire
from tests.ingress.rpc.public.house import (
    ADMIN,
    BOUNDS,
    DEV,
    OPTIONS,
    PublicHouse,
    channel_to,
    open_public_house,
    publication,
    services_of,
    wish,
    with_key,
)

if TYPE_CHECKING:
    from pathlib import Path

in_thread = trio.to_thread.run_sync
REGISTER = b"/ClientRegistrationService/RegisterClient"


async def test_a_free_port_is_taken_and_told(house: PublicHouse) -> None:
    assert house.port > 0
    with socket.create_connection(("127.0.0.1", house.port), timeout=5):
        pass


@pytest.mark.parametrize(("host", "reached"), [("localhost", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
async def test_every_address_of_a_name_is_bound(host: str, reached: str) -> None:
    async with open_public_house(host=host) as house:
        with channel_to(house.port, host=reached) as grpc_channel:
            stub = health_pb2_grpc.HealthStub(grpc_channel)
            assert (await in_thread(stub.Check, health_pb2.HealthCheckRequest())).status == 1


async def test_a_taken_port_is_an_error(house: PublicHouse) -> None:
    other = PublicServer("127.0.0.1", house.port, services_of(house.node), OPTIONS, house.node.counters)
    with pytest.raises(OSError, match=f"in use: '127.0.0.1:{house.port}'") as problem:
        await other.run()
    assert problem.value.errno == errno.EADDRINUSE


async def test_an_address_that_is_not_ours_is_an_error(house: PublicHouse) -> None:
    other = PublicServer("192.0.2.1", 0, services_of(house.node), OPTIONS, house.node.counters)
    with pytest.raises(OSError, match=r"192\.0\.2\.1") as problem:
        await other.run()
    assert problem.value.errno == errno.EADDRNOTAVAIL


async def test_an_unknown_host_is_an_error(house: PublicHouse) -> None:
    other = PublicServer("no-such-host.invalid", 0, services_of(house.node), OPTIONS, house.node.counters)
    with pytest.raises(OSError, match=r"\[Errno"):
        await other.run()


async def test_an_alias_that_is_none_is_an_error(house: PublicHouse) -> None:
    with pytest.raises(Invalid, match="no package"):
        PublicServer("127.0.0.1", 0, services_of(house.node), PublicOptions(aliases=("a b",)), house.node.counters)


async def test_health_follows_the_daemon(house: PublicHouse) -> None:
    stub = health_pb2_grpc.HealthStub(house.grpc_channel)
    names = ["", "notifyd.v1.NotificationService", "NotificationService", "skybell.ClientRegistrationService"]

    async def told() -> set[int]:
        requests = [health_pb2.HealthCheckRequest(service=name) for name in names]
        return {(await in_thread(stub.Check, request)).status for request in requests}

    assert await told() == {health_pb2.HealthCheckResponse.SERVING}
    house.node.daemon.draining = True
    assert await told() == {health_pb2.HealthCheckResponse.NOT_SERVING}


def ask_reflection(house: PublicHouse, version: str, **question: Any) -> Any:
    """One answer of reflection."""
    call = house.grpc_channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return next(call(iter([reflection_pb2.ServerReflectionRequest(**question)]), timeout=10))


@pytest.mark.parametrize("version", ["v1alpha", "v1"])
async def test_reflection_tells_of_every_name(house: PublicHouse, version: str) -> None:
    listed = await in_thread(lambda: ask_reflection(house, version, list_services=""))
    names = {service.name for service in listed.list_services_response.service}
    for package in ("notifyd.v1.", "", "skybell.", "shop.v2."):
        assert {f"{package}NotificationService", f"{package}ClientRegistrationService"} <= names
    for name in names:
        found = await in_thread(lambda: ask_reflection(house, version, file_containing_symbol=name))  # noqa: B023
        assert found.file_descriptor_response.file_descriptor_proto, name


@pytest.fixture
def certificates(tmp_path: Path) -> list[Identity]:
    """Two of `localhost`."""
    made = [make(tmp_path / name, "localhost") for name in ("a", "b") if not (tmp_path / name).mkdir()]
    return [Identity(chain.read_bytes(), key.read_bytes()) for chain, key in made]


async def test_tls_and_a_renewed_certificate(certificates: list[Identity]) -> None:
    old, new = certificates
    async with open_public_house(host="localhost", tls=old) as house:

        async def told(trusted: bytes) -> int:
            with channel_to(house.port, trusted, "localhost") as grpc_channel:
                stub = health_pb2_grpc.HealthStub(grpc_channel)
                return int((await in_thread(lambda: stub.Check(health_pb2.HealthCheckRequest(), timeout=5))).status)

        assert await told(old.chain) == 1
        house.server.renew(new)
        assert await told(new.chain) == 1
        with pytest.raises(grpc.RpcError):
            await told(old.chain)


async def test_who_speaks_no_tls_is_not_answered(certificates: list[Identity]) -> None:
    async with open_public_house(tls=certificates[0]) as house:
        stream = await trio.open_tcp_stream("127.0.0.1", house.port)
        await stream.send_all(wire.PREFACE + wire.frame(wire.SETTINGS, 0, 0, b""))
        assert not await _settled(stream)
        await stream.aclose()


async def test_a_key_that_is_none_cannot_be_bound(certificates: list[Identity]) -> None:
    async with open_public_house() as house:
        broken = Identity(certificates[0].chain, b"nonsense")
        other = PublicServer("127.0.0.1", 0, services_of(house.node), OPTIONS, house.node.counters, broken)
        with pytest.raises(OSError, match="the certificate"):
            await other.run()
    assert "nonsense" not in repr(broken)


async def test_streams_leave_room_for_calls(house: PublicHouse) -> None:
    streams = [house.open("Subscribe", wish("news"), ADMIN) for _ in range(BOUNDS.max_streams)]
    for stream in streams:
        await in_thread(next, stream)
    refusal = await house.refusal("Subscribe", wish("news"), ADMIN)
    assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "too_many_streams")
    assert "grpc.max_streams" in refusal.message
    assert (await house.publish(ADMIN, channel="news")).notification_id
    for stream in streams:
        stream.cancel()


async def test_a_call_is_cut_off_at_the_servers_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = RpcOptions(workers=4, max_streams=2, call_timeout_seconds=0.05)
    async with open_public_house(PublicOptions(dev=True, bounds=bounds)) as house:
        monkeypatch.setattr(house.node.clients, "register", _endless)
        refusal = await house.refusal("RegisterClient", pb.RegisterClientRequest(appName="a"))
    assert (refusal.status, refusal.code) == ("DEADLINE_EXCEEDED", "timed_out")


async def _endless(_wanted: object) -> None:
    await trio.sleep_forever()


async def test_a_caller_that_leaves_ends_its_call(dev: PublicHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, left = trio.Event(), trio.Event()

    async def endless(_wanted: object) -> None:
        entered.set()
        try:
            await trio.sleep_forever()
        finally:
            left.set()

    monkeypatch.setattr(dev.node.clients, "register", endless)
    call = dev.stub("RegisterClient").future(pb.RegisterClientRequest(appName="a"), timeout=10)
    await entered.wait()
    call.cancel()
    await left.wait()


async def test_stopping_ends_streams(house: PublicHouse) -> None:
    stream = house.open("Subscribe", wish("news"), ADMIN)
    await in_thread(next, stream)
    await house.server.stop(2)
    refusal = await end_of(stream)
    assert (refusal.status, refusal.code) == ("UNAVAILABLE", "draining")


async def test_a_request_over_the_bound_is_refused_packed_or_not() -> None:
    bounds = RpcOptions(workers=4, max_streams=2, max_request_bytes=10_000)
    async with open_public_house(PublicOptions(dev=True, bounds=bounds)) as house:
        request = publication('"' + "x" * 20_000_000 + '"', channel="news")
        assert len(gzip.compress(request.SerializeToString())) < 100_000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for packing in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            call = house.stub("Publish")
            with pytest.raises(grpc.RpcError) as problem:
                await in_thread(lambda: call(request, timeout=10, compression=packing))  # noqa: B023
            assert refusal_of(problem.value).status == "RESOURCE_EXHAUSTED"
        assert house.node.counters.rpc_calls == 0
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


async def test_so_many_connections_and_no_more() -> None:
    bounds = RpcOptions(workers=4, max_streams=2, max_connections=2)
    async with open_public_house(PublicOptions(dev=True, bounds=bounds)) as house:
        await house.publish((), channel="news")
        second, third = await wire.connect(house.port), await wire.connect(house.port)
        await wire.say(second, REGISTER, b"\x0a\x01a")
        assert await wire.answer(second)
        assert not await _settled(third)
        await second.aclose()
        await third.aclose()


async def _settled(stream: trio.SocketStream) -> bytes:
    try:
        return await wire.answer(stream)
    except trio.BrokenResourceError:
        return b""


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (((b"x-api-key", b"\xff\x00\xfe"),), b"admin_token_required"),
        (((b"authorization", b"Bearer \xc3\xa9"),), b"admin_token_required"),
        (((b"authorization", b"Bearer a.b.\xff"),), b"admin_token_required"),
        (((b"authorization", b"Bearer a"), (b"authorization", b"Bearer the-admin-token")), b"several_credentials"),
        (((b"authorization", b"Bearer the-admin-token"), (b"x-api-key", b"k")), b"several_credentials"),
        (((b"authorization", b"Basic dGhlLWFkbWluLXRva2Vu"),), b"unsupported_authorization"),
        (((b"x-api-key-bin", b"AAAA"), (b"x-client-secret", b"the-admin-token")), b"admin_token_required"),
    ],
)
async def test_hostile_metadata_is_refused(house: PublicHouse, fields: wire.Fields, code: bytes) -> None:
    stream = await wire.connect(house.port)
    await wire.say(stream, REGISTER, b"\x0a\x01a", fields)
    told = await wire.answer(stream)
    assert code in told
    await stream.aclose()
    assert (await house.publish(ADMIN, channel="news")).notification_id
    assert len(house.node.clients.list()) == 1
    assert house.node.counters.errors == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (((b"x-api-key", b"\xff\x00\xfe"),), b"invalid_api_key"),
        (((b"authorization", b"Bearer " + b"k" * 10_000),), b"invalid_api_key"),
        (((b"authorization", b"Bearer a.b.\xff"),), b"invalid_token"),
        (((b"authorization", b"Bearer .." + b"x" * 10_000),), b"token_too_large"),
        (((b"authorization", b"Bearer ..\0"),), b"invalid_token"),
        (((b"x-client-secret", b"\xff"),), b"not_authenticated"),
    ],
)
async def test_hostile_credentials_are_refused(house: PublicHouse, fields: wire.Fields, code: bytes) -> None:
    stream = await wire.connect(house.port)
    request = publication(channel="news").SerializeToString()
    await wire.say(stream, b"/notifyd.v1.NotificationService/Publish", request, fields)
    assert code in await wire.answer(stream)
    await stream.aclose()
    assert (house.node.counters.accepted, house.node.counters.rejected, house.node.counters.errors) == (0, 1, 0)


async def test_huge_metadata_is_refused_before_anybody_reads_it(house: PublicHouse) -> None:
    stream = await wire.connect(house.port)
    await wire.say(stream, REGISTER, b"\x0a\x01a", ((b"authorization", b"Bearer " + b"x" * 100_000),))
    await wire.answer(stream)
    await stream.aclose()
    assert house.node.counters.rpc_calls == 0
    assert (await house.publish(ADMIN, channel="news")).notification_id


async def test_watchers_that_do_not_read_hold_nobody_up() -> None:
    async with open_public_house(DEV) as house:
        streams = [await wire.connect(house.port, window=0) for _ in range(3)]
        for stream in streams:
            await wire.say(stream, b"/grpc.health.v1.Health/Watch", b"")
        await until(lambda: house.node.counters.rpc_calls == 3)
        house.node.daemon.draining = True
        stub = health_pb2_grpc.HealthStub(house.grpc_channel)
        assert (await in_thread(lambda: stub.Check(health_pb2.HealthCheckRequest(), timeout=5))).status == 2
        assert (await house.publish((), channel="news")).notification_id
        for stream in streams:
            await stream.aclose()


async def test_a_subscriber_with_a_closed_window_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifyd.bridge.portal.LINGER_SECONDS", 0.05)
    options = PublicOptions(dev=True, outbox_bytes=20_000, bounds=RpcOptions(workers=3, max_streams=1))
    async with open_public_house(options) as house:
        stream = await wire.connect(house.port, window=0)
        await wire.say(stream, b"/notifyd.v1.NotificationService/Subscribe", wish("news").SerializeToString())
        await until(lambda: house.node.hub.subscription_count)
        while not house.node.counters.slow_consumers:
            await house.publish((), '"' + "x" * 9_000 + '"', channel="news")
        await until(lambda: not house.node.hub.connection_count)
        other = await _free_stream(house)
        other.cancel()
        await stream.aclose()


async def test_a_subscriber_that_stops_reading_gives_its_thread_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifyd.bridge.portal.LINGER_SECONDS", 0.05)
    monkeypatch.setattr("notifyd.ingress.rpc.stalls._PATIENCE_SECONDS", 0.05)
    options = PublicOptions(dev=True, outbox_bytes=100_000, bounds=RpcOptions(workers=4, max_streams=2))
    async with open_public_house(options) as house:
        stalled = await wire.connect(house.port, window=(1 << 31) - 1)
        await wire.say(stalled, b"/notifyd.v1.NotificationService/Subscribe", wish("news").SerializeToString())
        await until(lambda: house.node.hub.subscription_count)
        payload = '"' + "x" * 9_000 + '"'
        while not house.node.counters.slow_consumers:
            await house.publish((), payload, channel="news")
        stuck = max(unread_marks(of_ports({house.port})).items())
        await until(lambda: stuck not in unread_marks(of_ports({house.port})).items())
        streams = [await _free_stream(house) for _ in range(2)]
        for stream in streams:
            stream.cancel()
        await stalled.aclose()


async def _free_stream(house: PublicHouse) -> Any:
    """A stream, once there is a slot for it."""
    while True:
        stream = house.open("Subscribe", wish("news"))
        try:
            await in_thread(next, stream)
        except grpc.RpcError:
            await trio.sleep(0.01)
        else:
            return stream


async def test_a_key_may_be_bound_to_addresses(house: PublicHouse) -> None:
    shown = with_key(await house.node.key(allowed_cidrs=("192.0.2.0/24",)))
    refusal = await house.refusal("Publish", publication(channel="news"), shown)
    assert (refusal.status, refusal.code) == ("PERMISSION_DENIED", "address_not_allowed")
