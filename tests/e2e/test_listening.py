"""`notifyctl listen`, by both of its ways, over the death and the restart of the daemon."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from tests.e2e.patience import within

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon


class Told:
    """What a command prints, as it comes."""

    def __init__(self, process: trio.Process) -> None:
        self.text = ""
        self._process = process
        self._changed = trio.Event()

    async def run(self) -> None:
        """Read until it ends."""
        assert self._process.stdout is not None
        async for chunk in self._process.stdout:
            self.text += chunk.decode()
            self._changed.set()
            self._changed = trio.Event()

    async def until(self, lines: int) -> None:
        """Return when there are so many; the test has the deadline."""
        while self.text.count("\n") < lines:
            await self._changed.wait()


@pytest.mark.slow  # tests/cli/test_real_restart.py is the quick round
@pytest.mark.parametrize("over", ["the admin socket", "a URL"])
@within(120)
async def test_listen_goes_on_where_it_was_over_a_kill_and_a_drain(daemon: Daemon, over: str) -> None:
    key = await daemon.key()
    daemon.stay()
    key_file = daemon.folder / "key"
    await trio.Path(key_file).write_text(key)
    way = ["--url", daemon.ws_url, "--key-file", str(key_file)] if over == "a URL" else []
    accepted: list[str] = []

    async def publish(told: Told) -> None:
        async with daemon.rest(key) as client:
            accepted.extend(await client.accept_batch("c", 3))
        # a command that has heard nothing yet ends with a daemon that goes away
        await told.until(len(accepted))

    command = [sys.executable, "-m", "notifyctl", "listen", "c", "-n", "9", "--timeout", "90s", "-o", "ndjson", *way]
    async with trio.open_nursery() as nursery:
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=daemon.environment())
        told = Told(process)
        nursery.start_soon(told.run)
        await daemon.subscribed()
        await publish(told)
        await daemon.kill()
        await daemon.start()
        await publish(told)
        assert await daemon.terminate() == 0
        await daemon.start()
        await publish(told)
        assert await process.wait() == 0
    assert [msgspec.json.decode(line)["id"] for line in told.text.splitlines()] == accepted
