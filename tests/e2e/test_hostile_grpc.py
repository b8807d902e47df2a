"""Callers of gRPC that send what none should, or too much: each is refused by itself."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trio

from notifyd.v1 import client_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.e2e.hostile import App, nothing_left, register
from tests.e2e.patience import within
from tests.e2e.witness import undisturbed

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

SERVICE = "/notifyd.v1.NotificationService"


def bearer(app: App) -> tuple[tuple[str, str], ...]:
    """The metadata of a good user."""
    return (("authorization", f"Bearer {app.token()}"),)


def code_of(call: Any) -> Any:
    """How it ended."""
    try:
        call()
    except grpc.RpcError as exc:
        return exc.code()  # type: ignore[attr-defined]
    return None


@pytest.mark.slow
@within(60)
async def test_streams_are_capped_and_calls_go_on(start: Starter) -> None:
    daemon = await start("grpc.max_streams=5", "grpc.workers=8")
    app = await register(daemon)

    def attack() -> list[Any]:
        with grpc.insecure_channel(daemon.grpc) as channel, ExitStack() as streams:
            stub = NotificationServiceStub(channel)
            opened = [stub.Subscribe(pb.SubscribeRequest(), metadata=bearer(app), timeout=30) for _ in range(5)]
            for stream in opened:
                streams.callback(stream.cancel)
                assert next(stream).HasField("started")
            over = stub.Subscribe(pb.SubscribeRequest(), metadata=bearer(app), timeout=30)
            codes = [code_of(lambda: next(over))]
            target = types_pb2.Target(users=types_pb2.UserTarget(user_ids=["alice"]))
            request = types_pb2.PublishRequest(target=target, data_json="1")
            assert stub.Publish(request, metadata=bearer(app), timeout=10).status == "accepted"
            assert all(next(stream).HasField("publication") for stream in opened)
            return codes

    async with undisturbed(daemon):
        assert await trio.to_thread.run_sync(attack) == [grpc.StatusCode.RESOURCE_EXHAUSTED]
        async with nothing_left(daemon):
            assert await trio.to_thread.run_sync(attack) == [grpc.StatusCode.RESOURCE_EXHAUSTED]


@within(60)
async def test_messages_that_are_too_large_or_none_are_refused(service: Daemon) -> None:
    app = await register(service)

    def attack() -> list[Any]:
        with grpc.insecure_channel(service.grpc) as channel:
            raw = channel.unary_unary(f"{SERVICE}/Publish")
            bodies = (b"x" * 10_000_000, b"\xff" * 50, b"\x0a\xff\xff\xff\xff\x0f", b"\x08" * 1000, b"\x0a" * 100_000)
            ends = [code_of(lambda body=body: raw(body, metadata=bearer(app), timeout=10)) for body in bodies]  # type: ignore[misc]
            nothing = channel.unary_unary(f"{SERVICE}/NoSuchCall")
            return [*ends, code_of(lambda: nothing(b"", timeout=10))]

    async with undisturbed(service), nothing_left(service):
        codes = await trio.to_thread.run_sync(attack)
        assert codes[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert codes[-1] is grpc.StatusCode.UNIMPLEMENTED
        assert None not in codes


@within(60)
async def test_metadata_that_is_garbage_is_refused(service: Daemon) -> None:
    app = await register(service)
    token = app.token()
    odd: tuple[tuple[tuple[str, Any], ...], ...] = (
        (("authorization", ""),), (("authorization", "Bearer"),), (("authorization", token),),
        (("authorization", f"Basic {token}"),), (("authorization", f"Bearer {token}"), ("x-api-key", "k")),
        (("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")), (("x-api-key", "k" * 3000),),
        (("authorization-bin", b"\x00\xff"),), (("x-client-secret", "secret"),), (("x-forwarded-for", "127.0.0.1"),),
        (("authorization", "Bearer " + "x." * 2 + "y" * 3000),),
        tuple((f"x-{number}", "y" * 10) for number in range(200)), (("x-large", "z" * 60_000),),
    )  # fmt: skip

    def attack() -> list[Any]:
        with grpc.insecure_channel(service.grpc) as channel:
            stub = NotificationServiceStub(channel)
            request = pb.AckInboxRequest(position={"epoch": "e", "offset": 1})
            return [
                code_of(lambda pairs=pairs: stub.AckInbox(request, metadata=pairs, timeout=10))  # type: ignore[misc]
                for pairs in odd
            ]

    async with undisturbed(service), nothing_left(service):
        codes = await trio.to_thread.run_sync(attack)
        assert set(codes) <= {
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.PERMISSION_DENIED,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        }, codes


@within(60)
async def test_connections_that_speak_no_grpc_hold_nothing_up(service: Daemon) -> None:
    host, _, port = service.grpc.partition(":")
    garbage = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 10_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01",
    )

    async def one(data: bytes) -> None:
        stream = await trio.open_tcp_stream(host, int(port))
        async with stream:
            with trio.move_on_after(0.5):
                await stream.send_all(data)
                async for _ in stream:
                    pass

    async with undisturbed(service), nothing_left(service), trio.open_nursery() as nursery:
        for data in garbage * 20:
            nursery.start_soon(one, data)


@pytest.mark.parametrize("offset", [0, 1, 2**53, 2**64 - 1])
@within(60)
async def test_positions_that_are_forged_move_nothing(service: Daemon, offset: int) -> None:
    app = await register(service)
    async with app.socket("bob") as io:
        await io.ask("notification-job", {"payload": 1, "users": ["alice"]})

    def attack() -> Any:
        with grpc.insecure_channel(service.grpc) as channel:
            stub = NotificationServiceStub(channel)
            request = pb.AckInboxRequest(position={"epoch": "forged", "offset": offset})
            return stub.AckInbox(request, metadata=bearer(app), timeout=10)

    async with undisturbed(service):
        assert (await trio.to_thread.run_sync(attack)).acked == 0
        async with app.socket() as io:
            _, before = await io.ask("ping")
            assert [event[0] for event in before] == ["notification"]
