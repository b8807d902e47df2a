"""README.md: two daemons on one Redis, as it says to start them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import trio

from tests.docs.test_readme import block
from tests.e2e.patience import within
from tests.valkey import valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.valkey import Valkey

__all__ = ["valkey"]

BIN = Path(sys.executable).parent


def placed(snippet: str, url: str) -> str:
    """The snippet for a Redis that runs, and any ports."""
    _redis, daemons = snippet.split("\n", 1)
    daemons = daemons.replace("redis://localhost:6379", url).replace(".venv/bin/", f"{BIN}/")
    daemons = re.sub(r"(--(?:ws-|grpc-)?port) \d+", r"\1 0", daemons)
    return daemons.replace("--dev", "--dev --port 0 --ws-port 0 --grpc-port 0")


@asynccontextmanager
async def pasted(snippet: str, folder: str) -> AsyncIterator[None]:
    """What the snippet starts, until the end of the block."""
    process = await trio.lowlevel.open_process(
        ["bash", "-euc", f"{snippet}\nwait"], cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()


async def ctl(folder: str, node: str, *args: str) -> str:
    """What notifyctl says of one of the daemons."""
    environment = {**os.environ, "NOTIFYCTL_SOCKET": f"{node}/ctl.sock"}
    done = await trio.run_process([BIN / "notifyctl", *args], cwd=folder, env=environment, capture_stdout=True)
    return done.stdout.decode()


async def until_both_are_ready(folder: str) -> None:
    """Wait until one daemon knows that of both; it may be a heartbeat behind."""
    while True:
        found = json.loads(await ctl(folder, "one", "cluster", "list", "-o", "json"))
        if [node["state"] for node in found] == ["ready", "ready"]:
            return
        await trio.sleep(0.1)


@pytest.mark.slow
@within(60)
async def test_two_daemons_on_one_redis(valkey: Valkey):
    with TemporaryDirectory(prefix="nd") as folder:
        async with pasted(placed(block("sh", "valkey-server"), valkey.url), folder):
            for node in ("one", "two"):
                await ctl(folder, node, "wait", "ready")
            await until_both_are_ready(folder)
            await ctl(folder, "two", "send", "--channel", "updates", "Hello", "--wait")
            (kept,) = json.loads(await ctl(folder, "one", "channels", "history", "updates", "-o", "json"))
            assert kept["data"] == {"body": "Hello"}
