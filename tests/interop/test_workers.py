"""Stock Socket.IO clients against several workers: each of their requests may come to any of them."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.e2e.workers import forgive, pid_of, settings, until_started
from tests.interop.applications import register, socketio
from tests.valkey import valkey

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey

__all__ = ["valkey"]

pytestmark = pytest.mark.slow

CLIENTS = 8


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]])
@within(60)
async def test_sessions_hold_wherever_their_requests_come(
    start: Starter, valkey: Valkey, tmp_path: Path, transports: list[str]
) -> None:
    # nobody is sent away because a machine stands still
    daemon = await start(*settings(valkey.url, 3), "broker.timeout_seconds=20")
    application = await register(daemon)
    names = [f"s{index}" for index in range(CLIENTS)]
    async with socketio(tmp_path) as remote:
        for name in names:
            await remote.connect(application, name, name=name, forceNew=True, transports=transports)
            assert (await remote.hear("open", name))["transport"] == "polling"
        if "websocket" in transports:
            for name in names:
                assert (await remote.hear("upgrade", name))["transport"] == "websocket"
        for round_ in range(5):
            for name in names:
                answered = await remote.ask("notification-job", {"payload": {"n": round_}, "users": names}, name=name)
                assert answered["success"] is True
        for name in names:
            received = [(await remote.notification(name))["notificationId"] for _ in range(5 * CLIENTS)]
            assert len(set(received)) == 5 * CLIENTS
            await remote.do("status", name)
            assert (await remote.hear("status", name))["transport"] == transports[-1]
        assert not [told for told in remote.told if told["tell"] in ("disconnect", "connect_error")]


@within(60)
async def test_a_session_whose_worker_died_begins_anew(start: Starter, valkey: Valkey, tmp_path: Path) -> None:
    daemon = await start(*settings(valkey.url, 2))
    application = await register(daemon)
    async with socketio(tmp_path) as remote:
        options = {"transports": ["polling"], "reconnectionDelay": 50, "reconnectionDelayMax": 100}
        await remote.connect(application, **options)
        await remote.do("status")
        owner = int((await remote.hear("status"))["engine"].rpartition(".")[2])
        os.kill(pid_of(daemon, owner), signal.SIGKILL)
        await remote.hear("disconnect")
        await remote.hear("connect")
        sent = await application.send("alice", n=1)
        assert (await remote.notification())["notificationId"] == sent
        await until_started(daemon, 3)
    forgive(daemon, "worker_ended", 1)
