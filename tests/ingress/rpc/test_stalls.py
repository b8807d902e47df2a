"""Listeners that were stopped in the middle, as Ctrl-Z does to `notifyctl listen`."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.ingress.rpc.stalls import of_path, shut_stalled, unread_marks
from tests.ingress.rpc.house import (
    Choices,
    House,
    RpcOptions,
    listen,
    open_house,
    publish,
    publish_many,
    streams_are_free,
)
from tests.ingress.rpc.node import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

in_thread = trio.to_thread.run_sync

_STOPPED_LISTENER = """
import os, signal, sys, grpc
from notifyd.v1 import admin_pb2 as pb, admin_pb2_grpc
stub = admin_pb2_grpc.AdminServiceStub(grpc.insecure_channel("unix:" + sys.argv[1]))
stream = stub.Listen(pb.ListenRequest(channels=[pb.ChannelSince(channel="news")]))
next(stream)
os.write(1, b"listening\\n")
os.kill(os.getpid(), signal.SIGSTOP)
"""
CHOICES = Choices(rpc=RpcOptions(workers=3, max_streams=2), outbox_bytes=1 << 20)


@asynccontextmanager
async def stopped_listener(house: House) -> AsyncIterator[None]:
    """A process that listens to `news` and was stopped; its socket is full and it counts as a slow consumer."""
    command = [sys.executable, "-c", _STOPPED_LISTENER, str(house.path)]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert await process.stdout.receive_some() == b"listening\n"
        while not house.counters.slow_consumers:
            await publish_many(house, "news", 200, '"' + "x" * 9_000 + '"')
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifyd.bridge.portal.LINGER_SECONDS", 0.05)
    monkeypatch.setattr("notifyd.ingress.rpc.stalls._PATIENCE_SECONDS", 0.05)


async def test_a_stopped_listener_gives_its_thread_back() -> None:
    async with open_house(CHOICES) as house, stopped_listener(house):
        await streams_are_free(house, 2)
        assert "rpc_connections_stalled" in [record["event"] for record in await house.log_records()]


async def test_others_are_not_disturbed() -> None:
    async with open_house(Choices(outbox_bytes=1 << 20)) as house:
        other = listen(house, "other")
        await in_thread(next, other)
        async with stopped_listener(house):
            await until(lambda: house.hub.connection_count == 1)
            await publish(house, "other", "1")
            assert (await in_thread(next, other)).publication.data_json == "1"
        other.cancel()


async def test_a_stopped_listener_does_not_hold_the_end_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifyd.ingress.rpc.stalls._PATIENCE_SECONDS", 1000)
    async with open_house(CHOICES) as house, stopped_listener(house):
        assert unread_marks(of_path(house.path))
        await house.server.stop(0)
        assert not unread_marks(of_path(house.path))


async def test_looking_around_leaves_nothing_open(house: House) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assert unread_marks(of_path(house.path)) == {}
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_peer_that_reads_is_left_alone(house: House) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    assert unread_marks(of_path(house.path)) == {}
    assert shut_stalled(of_path(house.path), None) == 0
    await publish(house, "news", "1")
    assert (await in_thread(next, stream)).publication.data_json == "1"
    stream.cancel()
