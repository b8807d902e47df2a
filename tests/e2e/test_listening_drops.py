"""`notifyctl listen --url` over links that are cut, drains, kicks and TLS, as a client that shares nothing with us."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import pytest
import trio

from tests.app.listeners.test_tls import make
from tests.e2e.daemon import Finished
from tests.e2e.patience import within
from tests.e2e.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

pytestmark = pytest.mark.slow

EACH = pytest.mark.parametrize("over", ["WebSocket", "Socket.IO"])


class Way:
    """One of the protocols: how its listener is called, and how something is sent to it."""

    def __init__(self, daemon: Daemon, over: str) -> None:
        self._daemon = daemon
        self._over = over
        self._client_id = ""
        self.sent = 0

    async def arguments(self, port: int, *, secure: bool = False) -> list[str]:
        """For a listener that connects to *port*."""
        host = f"{'s' if secure else ''}://localhost:{port}"
        place = self._daemon.folder / "credential"
        if self._over == "WebSocket":
            place.write_text((await self._daemon.ctl("keys", "create", "--name", "a", "-q")).out)
            return ["c", "--url", f"ws{host}", "--key-file", str(place)]
        secret = self._daemon.folder / "secret"
        registered = await self._daemon.ctl("clients", "register", "--name", "a", "--secret-out", str(secret), "-q")
        self._client_id = registered.out.strip()
        token = await self._daemon.ctl("tokens", "mint", "--client", self._client_id, "--user", "alice", "-q")
        place.write_text(token.out)
        return ["--url", f"http{host}", "--token-file", str(place)]

    async def send(self, count: int) -> None:
        """Send the next *count* numbers."""
        numbers = range(self.sent + 1, self.sent + count + 1)
        self.sent += count
        lines = "".join(f'{{"n":{number}}}\n' for number in numbers).encode()
        to = ["--channel", "c"] if self._over == "WebSocket" else ["--client", self._client_id, "--user", "alice"]
        assert (await self._daemon.ctl("send", *to, "--lines", "-q", stdin=lines)).status == 0

    @property
    def port(self) -> int:
        """Where it is served."""
        return self._daemon.ws[1] if self._over == "WebSocket" else self._daemon.http[1]


async def listened(daemon: Daemon, *arguments: str) -> Finished:
    """A listener when it has ended, within the time of the test."""
    command = [sys.executable, "-m", "notifyctl", "listen", *arguments]
    done = await trio.run_process(
        command, capture_stdout=True, capture_stderr=True, check=False, env=daemon.environment(), cwd=daemon.folder
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


async def connected(daemon: Daemon, count: int = 1) -> None:
    """Wait until so many listen."""
    while len((await daemon.ctl("connections", "list", "-q")).out.split()) != count:
        pass


def numbers(done: Finished) -> list[int]:
    return [msgspec.json.decode(line)["data"]["n"] for line in done.out.splitlines()]


@EACH
@within(120)
async def test_nothing_is_missed_or_repeated_over_links_that_are_cut(daemon: Daemon, over: str) -> None:
    way, done, ended = Way(daemon, over), list[Finished](), trio.Event()
    proxy = Proxy(way.port)

    async def listen(arguments: list[str]) -> None:
        done.append(await listened(daemon, "-n", "9", *arguments))
        ended.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.run)
        nursery.start_soon(listen, await way.arguments(int(proxy.url.rpartition(":")[2])))
        await connected(daemon)
        await way.send(2)
        await proxy.cut()
        await way.send(2)
        await proxy.mend()
        async with trio.open_nursery() as both:
            both.start_soon(way.send, 4)
            both.start_soon(proxy.mend)
        await connected(daemon)
        await way.send(1)
        await ended.wait()
        nursery.cancel_scope.cancel()
    assert (done[0].status, numbers(done[0])) == (0, list(range(1, 10))), done[0].err
    assert "Trying again." in done[0].err


@within(120)
async def test_a_drain_asks_it_to_come_back(daemon: Daemon) -> None:
    daemon.stay()
    # tests/cli/test_real_restart.py does it over the raw WebSocket
    way, done = Way(daemon, "Socket.IO"), list[Finished]()

    async def listen(arguments: list[str]) -> None:
        done.append(await listened(daemon, "-n", "2", *arguments))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen, await way.arguments(way.port))
        await connected(daemon)
        await way.send(1)
        assert await daemon.terminate() == 0
        await daemon.start()
        await way.send(1)
    assert (done[0].status, numbers(done[0])) == (0, [1, 2]), done[0].err


@EACH
@within(120)
async def test_a_kick_is_final_and_told(daemon: Daemon, over: str) -> None:
    way, done = Way(daemon, over), list[Finished]()

    async def listen(arguments: list[str]) -> None:
        done.append(await listened(daemon, *arguments))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen, await way.arguments(way.port))
        await connected(daemon)
        ids = (await daemon.ctl("connections", "list", "-q")).out.split()
        assert (await daemon.ctl("connections", "kick", *ids, "--yes")).status == 0
    assert (done[0].status, "4005" in done[0].err, done[0].out) == (4, True, ""), done[0].err


@within(120)
async def test_tls_with_a_certificate_of_our_own(start: Starter, tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "localhost")
    daemon = await start(f"server.tls_certificate={certificate}", f"server.tls_key={key}")
    (ready,) = daemon.entries("ready")
    urls = {url.partition(":")[0]: url.replace("127.0.0.1", "localhost") for url in ready["listeners"]}
    for over, url in (("WebSocket", urls["wss"]), ("Socket.IO", urls["https"])):
        way, done = Way(daemon, over), list[Finished]()
        place = urlsplit(url)
        arguments = await way.arguments(place.port or 0, secure=True)
        refused = await daemon.ctl("listen", *arguments)
        assert (refused.status, "is not trusted" in refused.err) == (4, True), refused.err

        async def listen(arguments: list[str], done: list[Finished]) -> None:
            trusting = [*arguments, "--ca-file", str(certificate)]
            done.append(await listened(daemon, "-n", "1", *trusting))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen, arguments, done)
            await connected(daemon)
            await way.send(1)
        assert (done[0].status, numbers(done[0])) == (0, [1]), done[0].err
    nonsense = await daemon.ctl("listen", *arguments, "--ca-file", str(key))
    assert (nonsense.status, "holds no certificates" in nonsense.err) == (2, True)
