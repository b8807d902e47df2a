"""The scripts of a first connection: they work as they stand, and say what to do where they do not."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.examples.scripts import EXAMPLES, done
from tests.interop.programs import npm_package, tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.slow

WEBSOCKET = ("first-websocket.py", "first-websocket.mjs")
SOCKETIO = ("first-socketio.py", "first-socketio.mjs")
STEPS = {
    WEBSOCKET: ["1. connected", "2. authenticated", "3. subscribed", "4. published", "5. received", "It works."],
    SOCKETIO: ["1. connected", "2. published", "3. received", "It works."],
}


def command(name: str, folder: Path) -> list[str]:
    if name.endswith(".py"):
        return [sys.executable, str(EXAMPLES / name)]
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(npm_package("socket.io-client").parent)
    return [tool("node"), str(shutil.copy(EXAMPLES / name, folder))]


async def credentials(daemon: Daemon) -> dict[str, str]:
    secret = daemon.folder / "first.secret"
    secret.unlink(missing_ok=True)
    client_id = (await daemon.ctl("clients", "register", "--name", "first", "--secret-out", str(secret), "-q")).out
    token = await daemon.ctl("tokens", "mint", "--client", client_id.strip(), "--user", "alice", "--ttl", "1h", "-q")
    return {"CLIENT_ID": client_id.strip(), "TOKEN": token.out.strip(), "KEY": await daemon.key()}


def url_of(name: str, daemon: Daemon) -> str:
    return daemon.ws_url if name in WEBSOCKET else daemon.http_url


@pytest.mark.parametrize("name", [*WEBSOCKET, *SOCKETIO])
@within(60)
async def test_it_works(service: Daemon, name: str) -> None:
    environ = await credentials(service)
    ended = await done(service, command(name, service.folder), URL=url_of(name, service), **environ)
    assert (ended.returncode, ended.stderr) == (0, "")
    steps = next(steps for names, steps in STEPS.items() if name in names)
    said = sorted(ended.stdout.splitlines())
    assert [line[: len(step)] for line, step in zip(said, steps, strict=True)] == steps


@pytest.mark.parametrize("name", [*WEBSOCKET, *SOCKETIO])
@within(60)
async def test_it_says_what_to_do(service: Daemon, name: str) -> None:
    environ = await credentials(service)
    advised = {
        "is not set": {},
        "Is the daemon running there?": {**environ, "URL": f"{url_of(name, service).partition(':')[0]}://127.0.0.1:1"},
        "invalid": {**environ, "URL": url_of(name, service), "KEY": "bad"},
        "malformed": {**environ, "URL": url_of(name, service), "TOKEN": "bad"},
    }
    del advised["malformed" if name in WEBSOCKET else "invalid"]
    for advice, given in advised.items():
        ended = await done(service, command(name, service.folder), **given)
        assert (ended.returncode, advice in ended.stderr) == (1, True), ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", [*WEBSOCKET, *SOCKETIO])
@within(60)
async def test_it_tells_how_it_is_used(service: Daemon, name: str) -> None:
    asked = [await done(service, [*command(name, service.folder), option]) for option in ("--help", "--nonsense")]
    assert [ended.returncode for ended in asked] == [0, 2]
    assert all(name in ended.stdout and "Usage: " in ended.stdout for ended in asked)
