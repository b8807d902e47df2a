"""Every recipe is run, against a daemon."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.examples.scripts import PIPELINES, done, kept, listening, pipeline, running
from tests.interop.programs import tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.slow

SETTINGS = ("delivery.retry_attempts=2", "delivery.retry_delay_seconds=0.05")


@pytest.fixture(autouse=True)
def _jq() -> None:
    tool("jq")


def test_every_recipe_is_here():
    ours = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in PIPELINES.iterdir()} <= ours


def handler(folder: Path, name: str, code: str) -> str:
    """A program that does *code* with the notification `it`, and writes down what it was given."""
    program = folder / name
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nit = json.load(sys.stdin)\n"
        f"with open({str(folder / name)!r} + '.log', 'a') as log:\n    log.write(json.dumps(it) + chr(10))\n{code}\n"
    )
    program.chmod(0o755)
    return str(program)


def handled(folder: Path, name: str) -> list[Any]:
    log = folder / f"{name}.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


async def send(service: Daemon, channel: str, data: Any, *options: str) -> Any:
    sent = await service.ctl("send", "--channel", channel, "--data", json.dumps(data), "-o", "json", *options)
    assert sent.status == 0, sent.err
    return sent.json


@within(60)
async def test_log_to_channel(service: Daemon) -> None:
    log = service.folder / "app.log"
    log.write_text("old\n")
    async with running(service, pipeline("log-to-channel", str(log), "logs")) as script:
        # nobody tells when tail has begun to look
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_write_on, log)
                await script.line()
                scope.cancel()
        log.write_text(f'{log.read_text()}{{"level":"error"}}\n')
        while (data := (await kept(service, "logs"))[-1]) == {"body": "new"}:
            pass
    assert data == {"level": "error"}


async def _write_on(log: Path) -> None:
    for _ in range(600):
        with log.open("a") as file:
            file.write("new\n")
        await trio.sleep(0.05)


@within(60)
async def test_filter_channel(service: Daemon) -> None:
    async with running(service, pipeline("filter-channel", "raw", "urgent")) as script:
        await listening(service, "raw")
        for priority in (5, 9, 4):
            await send(service, "raw", {"p": priority}, "--priority", str(priority))
        await script.line()
    ((urgent),) = await kept(service, "urgent")
    assert (urgent["source"], urgent["data"]) == ("raw", {"p": 9})


@within(60)
async def test_worker(service: Daemon) -> None:
    name = handler(service.folder, "billing", "sys.exit(it['attempt'] == 1)")
    async with running(service, pipeline("worker", "orders", "billing", name)) as script:
        await listening(service, "orders")
        receipt = await send(service, "orders", {"n": 1}, "--wait-ack", "--wait-timeout", "20s")
        assert receipt["acked"] == 1
        assert "exit status 1; it is to come again" in script.err
    assert [each["attempt"] for each in handled(service.folder, "billing")] == [1, 2]


@within(60)
async def test_inbox_worker(service: Daemon) -> None:
    name = handler(service.folder, "robot", "sys.exit(it['attempt'] == 1)")
    for n in (1, 2):
        assert (await service.ctl("send", "--user", "robot", "--data", json.dumps({"n": n}), "-q")).status == 0
    async with running(service, pipeline("inbox-worker", "default", "robot", name)):
        while len(handled(service.folder, "robot")) < 4:
            await trio.lowlevel.checkpoint()
        while (await service.ctl("users", "list", "-o", "json")).json[0]["undelivered"]:
            pass
    assert [each["data"]["n"] for each in handled(service.folder, "robot")] == [1, 1, 2, 2]


class Receiver(BaseHTTPRequestHandler):
    """Refuses the first call."""

    heard: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.headers["Idempotency-Key"], body))
        self.send_response(503 if len(self.heard) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@within(60)
async def test_forward(service: Daemon) -> None:
    heard: list[tuple[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Receiver,), {"heard": heard}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        async with running(service, pipeline("forward", "hooks", f"http://127.0.0.1:{server.server_port}/hook")):
            await listening(service, "hooks")
            receipt = await send(service, "hooks", {"n": 1}, "--wait-ack", "--wait-timeout", "20s")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [key for key, _ in heard] == [receipt["id"]] * 2
    assert heard[1][1]["data"] == {"n": 1}


@within(60)
async def test_alert_queue(service: Daemon) -> None:
    assert (await service.ctl("queue", "pause")).status == 0
    try:
        for n in range(3):
            await send(service, "slow", n)
        async with running(service, pipeline("alert-queue", "2", "ops", "200ms")) as script:
            await script.line()
            assert (await service.ctl("queue", "resume")).status == 0
            await script.line()
    finally:
        assert (await service.ctl("queue", "resume")).status == 0
    while len(told := await kept(service, "ops")) < 2:
        pass
    assert [each["queueHigh"] for each in told] == [True, False]
    assert told[0]["waiting"] == 3


@within(60)
async def test_repair_dead_letters(service: Daemon) -> None:
    name = handler(service.folder, "picky", "sys.exit('amount' not in it['data'])")
    async with running(service, pipeline("worker", "payments", "picky", name)):
        await listening(service, "payments")
        await send(service, "payments", {"sum": 5})
        await send(service, "payments", {"amount": 6})
        while len((await service.ctl("dead-letters", "list", "--channel", "payments", "-q")).out.split()) < 1:
            pass
        ended = await done(service, pipeline("repair-dead-letters", "payments", "{amount: .sum}"))
        assert (ended.returncode, len(ended.stdout.split())) == (0, 1), ended.stderr
        while {"amount": 5} not in [each["data"] for each in handled(service.folder, "picky")]:
            await trio.lowlevel.checkpoint()
    assert not (await service.ctl("dead-letters", "list", "--channel", "payments", "-q")).out


@within(60)
async def test_deploy(service: Daemon) -> None:
    script = pipeline("deploy", "v1", "sh", "-c", "echo deployed; exit 3")
    nobody = await done(service, script, PATIENCE="200ms")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "nobody has taken note of v1" in nobody.stderr
    async with running(service, ["notifyctl", "listen", "deploys", "--ack"]):
        await listening(service, "deploys")
        ended = await done(service, script)
    assert (ended.returncode, ended.stdout) == (3, "deployed\n")
    assert (await kept(service, "deploys"))[-1] == {"version": "v1", "state": "ended", "status": 3}


@within(60)
async def test_rotate_key(service: Daemon) -> None:
    made = await service.new_key()
    place = service.folder / "shop.key"
    place.write_text(made["apiKey"])
    ended = await done(service, pipeline("rotate-key", made["keyId"], str(place)))
    assert (ended.returncode, ended.stderr) == (0, "")
    fresh = place.read_text().strip()
    assert fresh != made["apiKey"]
    assert place.stat().st_mode & 0o777 == 0o600
    for key in (fresh, made["apiKey"]):
        async with service.rest(key) as client:
            await client.accept_batch("c", 1)
    wrong = await done(service, pipeline("rotate-key", "key_none", str(place)))
    assert (wrong.returncode, place.read_text().strip()) == (3, fresh), "a failure leaves the key as it is"
