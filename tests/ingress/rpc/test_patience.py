"""Calls that were opened and bring no request: each would hold a thread for ever."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trio
from grpc_reflection.v1alpha import reflection_pb2_grpc

from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import Choices, RpcOptions, open_house
from tests.ingress.rpc.node import refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

in_thread = trio.to_thread.run_sync
IMPATIENT = Choices(rpc=RpcOptions(workers=2, max_streams=1, call_timeout_seconds=10, request_seconds=0.2))


class Silence:
    """A stream of requests that brings none before it is let go."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __iter__(self) -> Silence:
        return self

    def __next__(self) -> Any:
        self.over.wait(20)
        raise StopIteration


@contextmanager
def connections(path: Path, count: int) -> Iterator[list[grpc.Channel]]:
    """So many connections of their own."""
    with ExitStack() as stack:
        options = [("grpc.use_local_subchannel_pool", 1)]
        yield [stack.enter_context(grpc.insecure_channel(f"unix:{path}", options)) for _ in range(count)]


@pytest.mark.parametrize("method", ["/notifyd.v1.AdminService/GetStatus", "/grpc.health.v1.Health/Check"])
async def test_calls_without_a_request_give_their_threads_back(method: str) -> None:
    async with open_house(IMPATIENT) as house:
        with connections(house.path, 12) as opened:
            silence = Silence()
            calls = [grpc_channel.stream_unary(method).future(silence, timeout=20) for grpc_channel in opened]
            try:
                assert (await house.ask("GetStatus", pb.GetStatusRequest(), timeout=10)).pid
                ends = [await in_thread(_end, call) for call in calls]
            finally:
                silence.over.set()
    assert ends == ["CANCELLED"] * 12


async def test_a_silent_reflection_gives_its_thread_back() -> None:
    async with open_house(IMPATIENT) as house:
        with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
            silence = Silence()
            stub = reflection_pb2_grpc.ServerReflectionStub(grpc_channel)
            stream = stub.ServerReflectionInfo(silence, timeout=20)
            assert await in_thread(_end, stream) == "CANCELLED"
            silence.over.set()


async def test_a_call_that_ends_before_its_request_is_told() -> None:
    async with open_house() as house:
        with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
            call = grpc_channel.stream_unary("/notifyd.v1.AdminService/GetStatus").future(iter(()), timeout=10)
            with pytest.raises(grpc.RpcError) as problem:
                await in_thread(call.result)
    refusal = refusal_of(problem.value)
    assert (refusal.status, refusal.message) == ("INVALID_ARGUMENT", "the call brought no request")


def _end(call: Any) -> str:
    return str(call.code().name)
