"""`notifyctl listen`, by both of its ways, over the death and the restart of the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from tests.e2e.patience import within

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon, Finished


@pytest.mark.slow  # tests/cli/test_real_restart.py is the quick round
@pytest.mark.parametrize("over", ["the admin socket", "a URL"])
@within(60)
async def test_listen_goes_on_where_it_was_over_a_kill_and_a_drain(daemon: Daemon, over: str) -> None:
    key = await daemon.key()
    daemon.stay()
    key_file = daemon.folder / "key"
    await trio.Path(key_file).write_text(key)
    way = ["--url", daemon.ws_url, "--key-file", str(key_file)] if over == "a URL" else []
    accepted: list[str] = []
    done: list[Finished] = []

    async def listen() -> None:
        done.append(await daemon.ctl("listen", "c", "-n", "9", "--timeout", "15s", "-o", "ndjson", *way))

    async def publish() -> None:
        async with daemon.rest(key) as client:
            accepted.extend(await client.accept_batch("c", 3))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await daemon.subscribed()
        await publish()
        await daemon.kill()
        await daemon.start()
        await publish()
        assert await daemon.terminate() == 0
        await daemon.start()
        await publish()
    assert done[0].status == 0, done[0].err
    assert [msgspec.json.decode(line)["id"] for line in done[0].out.splitlines()] == accepted
