"""README.md: what it names is there, and what it says to paste works."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from notifyctl.program import run
from notifyd.config.catalogue import catalogue
from tests.docs.pages import ROOT, needs
from tests.e2e.patience import within
from tests.interop.programs import npm_package, tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.daemon import Daemon

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"notifyctl ((?:[a-z][a-z-]*\b ?)+)", TEXT)))
FILES = sorted(set(re.findall(r"(?:man|tests|docs|examples|daemon)/[\w./-]+\w|[A-Za-z.]+\.(?:md|toml)\b", TEXT)))
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def block(language: str, holding: str) -> str:
    """The code block of that language that holds a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return next(found for found in blocks if holding in found)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_exists(command: str, capsys: pytest.CaptureFixture[str]):
    assert run([*command.split(), "--help"]) == 0
    assert "Usage: notifyctl " in capsys.readouterr().out


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", TEXT, re.MULTILINE))))
def test_target_exists(target: tuple[str, str]):
    assert "".join(target) in TARGETS


@pytest.mark.parametrize("name", FILES)
def test_file_exists(name: str):
    assert (ROOT / name).exists() or (ROOT / "man" / name).exists()


@pytest.mark.parametrize("setting", sorted(set(re.findall(r"`([a-z]+\.[a-z_]+)[` ]", TEXT))))
def test_setting_exists(setting: str):
    assert setting in catalogue()


@asynccontextmanager
async def running(command: list[str], daemon: Daemon, **environ: str) -> AsyncIterator[trio.Process]:
    """*command*, and everything that it starts, until the end of the block."""
    process = await trio.lowlevel.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=daemon.environment() | environ,
        cwd=daemon.folder,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()
            await process.stdout.aclose()


async def read_until(process: trio.Process, wanted: bytes) -> bytes:
    """Everything that it prints up to *wanted*."""
    said = b""
    while wanted not in said:
        chunk = await process.stdout.receive_some()
        assert chunk, f"it ended, and said only {said!r}"
        said += chunk
    return said


def placed(snippet: str, daemon: Daemon) -> str:
    """The snippet for this daemon instead of the one on the ports that README names."""
    ctl = shlex.join([sys.executable, "-m", "notifyctl"])
    replaced = {
        "http://localhost:3000": daemon.http_url,
        "ws://localhost:3001": daemon.ws_url,
        ".venv/bin/notifyctl": ctl,
    }
    for said, meant in replaced.items():
        snippet = snippet.replace(said, meant)
    return snippet


@needs("curl")
@within(30)
async def test_first_notification_with_curl(service: Daemon):
    snippet = placed(block("sh", "keys create"), service)
    async with running(["bash", "-euc", f"{snippet}\nwait"], service) as process:
        said = await read_until(process, b'"data":{"title":"Hello"}')
    assert b"event: notification" in said


def users_snippet(service: Daemon) -> str:
    (service.folder / "demo.secret").unlink(missing_ok=True)
    return placed(block("sh", "clients register"), service)


@needs("curl")
@within(30)
async def test_first_notification_for_a_user(service: Daemon):
    listen = placed(".venv/bin/notifyctl listen --client $ID --user alice -n 1", service)
    async with running(["bash", "-euc", f"{users_snippet(service)}\n{listen}"], service) as process:
        said = await read_until(process, b'"userId":"alice"')
    assert b'"data":{"title":"Hello","body":"Alice"}' in said


@pytest.mark.slow
@needs("curl")
@within(60)
async def test_first_notification_over_socketio(service: Daemon):
    node = tool("node")
    (service.folder / "node_modules").symlink_to(npm_package("socket.io-client").parent)
    (service.folder / "page.mjs").write_text(placed(block("js", "socket.io-client"), service))
    script = f"{users_snippet(service)}\nexport ID TOKEN\nexec {node} page.mjs"
    async with running(["bash", "-euc", script], service) as process:
        await read_until(process, b"title: 'Hello'")


@within(30)
async def test_what_happened_to_it(service: Daemon):
    listen, send, *_ = block("sh", "--wait-ack").splitlines()
    async with running(["bash", "-euc", f"exec {placed('.venv/bin/' + listen, service)}"], service) as process:
        await service.subscribed()
        sent = await service.ctl(*shlex.split(send, comments=True)[1:], "-o", "json")
        assert (sent.json["acked"], sent.json["delivered"]) == (1, 1)
        await read_until(process, b'"data":{"id":17}')


@within(30)
async def test_first_notification_over_websocket(service: Daemon):
    script = placed(block("python", "create_connection"), service)
    key = await service.key()
    async with running([sys.executable, "-c", script], service, KEY=key) as process:
        await read_until(process, b'"type":"subscribed"')
        await service.ctl("send", "--channel", "updates", "Hello")
        await read_until(process, b"Hello")
