"""A session that uses every kind of secret, rightly and wrongly: none of them is found in what the daemon tells."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio

from notifyd.v1 import client_pb2 as pb
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.e2e.daemon import DaemonFailed, run
from tests.e2e.hostile import COOKIE, ORIGIN, SECRET, App, engine
from tests.e2e.patience import within
from tests.e2e.sockets import websocket
from tests.fcm.account import PROJECT, private_key
from tests.fcm.fake import FakeFcm
from tests.webhooks.receiver import Receiver, verified

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.rest import Reply

DEVICE = "push-token-of-a-device-that-nobody-should-read"
#: Runs each of its arguments as a command line of notifyctl: a process for each of them would take seconds.
ALL_IN_ONE = """
import sys
from notifyctl.main import run
sys.exit(any([run(words.split()) for words in sys.argv[1:]]))
"""
NEW_SECRET = "the-secret-after-the-rotation-is-as-long"


@pytest.fixture
def fcm() -> Iterator[FakeFcm]:
    with FakeFcm() as fake:
        yield fake


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class Session:
    """What an operator, an application and its users do with a daemon in production; every answer is kept."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.admin = (daemon.state_dir / "admin.token").read_text().strip()
        #: By name.
        self.secrets = {"admin token": self.admin, "client secret": SECRET, "rotated secret": NEW_SECRET}
        self.secrets["master key"] = (daemon.state_dir / "master.key").read_text().strip()
        self.secrets["private key"] = private_key().splitlines()[1]
        self.secrets["push token"] = DEVICE
        webhook = daemon.state_dir / "webhooks" / "hook.secret"
        if webhook.exists():
            self.secrets["webhook secret"] = webhook.read_text().strip().removeprefix("whsec_")
        self.told: list[str] = []

    async def call(self, method: str, path: str, body: Any = None, *, once: bool = False, **headers: str) -> Reply:
        """A REST call; *once*: its answer may show a secret, and is not kept."""
        async with self.daemon.rest() as client:
            reply = await client.call(method, path, body, **{"Authorization": f"Bearer {self.admin}", **headers})
        if not once:
            self.told.append(str(reply))
        return reply

    async def run(self) -> None:
        """All of it."""
        registration = {"appName": "app", "clientSecret": SECRET, "clientUrl": ORIGIN, "cookieName": COOKIE}
        app = App(self.daemon, (await self.call("POST", "/api/v1/clients", registration)).json["id"])
        generated = await self.call("POST", "/api/v1/clients", {"appName": "other"}, once=True)
        self.secrets["generated secret"] = generated.json["clientSecret"]
        issued = await self.call("POST", "/api/keys", {"clientName": "app", "clientId": app.id}, once=True)
        self.secrets["api key"] = issued.json["apiKey"]
        self.secrets["token"] = app.token()
        minted = await self.call("POST", "/api/v1/tokens", {"clientId": app.id, "userId": "bob"}, once=True)
        self.secrets["minted token"] = minted.json["token"]
        await self._as_application(app)
        await self._as_user(app)
        await self._by_grpc(app)
        await self._wrongly(app)
        rotation = f"/api/v1/clients/{app.id}/rotate-secret"
        await self.call("POST", rotation, {"clientSecret": NEW_SECRET, "overlapSeconds": 0})
        await self._look(app)

    async def _as_application(self, app: App) -> None:
        key = self.secrets["api key"]
        await self.call("POST", "/api/notifications", {"channel": "news", "data": 1}, X_API_Key=key)
        device = {"clientId": app.id, "userId": "carol", "fcmToken": DEVICE}
        async with self.daemon.rest() as client:
            headers = {"X_Client_Secret": SECRET}
            self.told.append(str(await client.call("POST", "/api/v1/devices", device, **headers)))
        reply = await self.call("POST", "/api/v1/notifications", {"clientId": app.id, "users": ["carol"], "payload": 1})
        receipt = f"/api/notifications/{reply.json['notificationId']}"
        while not (await self.call("GET", receipt)).json["notification"]["pushed"]:  # noqa: ASYNC110
            await trio.sleep(0.02)
        async with await trio.open_tcp_stream(*self.daemon.http) as stream:
            await stream.send_all(f"GET /api/channels/news/events?apiKey={key} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            self.told.append((await stream.receive_some(65_536)).decode())
        await self.call("GET", f"/api/keys/{key}")

    async def _as_user(self, app: App) -> None:
        token = self.secrets["token"]
        async with app.socket(token=token, fcmToken=DEVICE) as io:
            self.secrets["pid"] = io.pid
            self.told.append(str(await io.ask("notification-job", {"payload": 1, "users": ["alice"]})))
        async with engine(self.daemon, f"&token={token}&fcmToken={DEVICE}") as io:
            await io.connect(app.namespace, None)
        async with engine(self.daemon, "", f"Cookie: {COOKIE}={token}", f"Origin: {ORIGIN}") as io:
            await io.connect(app.namespace, None)
        async with websocket(self.daemon.http, f"{app.namespace}?token={token}") as ws:
            self.told.append(str(await ws.hear()))
        async with websocket(self.daemon.ws, "/") as ws:
            for message in ({"token": token}, {"apiKey": self.secrets["api key"]}, {"token": [token]}):
                await ws.send(msgspec.json.encode({"type": "authenticate", **message}).decode())
            self.told += [str(await ws.hear()) for _ in range(4)]

    async def _by_grpc(self, app: App) -> None:
        def ask() -> list[str]:
            with grpc.insecure_channel(self.daemon.grpc) as channel:
                stub, told = NotificationServiceStub(channel), []
                request = pb.RegisterFCMTokenRequest(clientId=app.id, userId="dora", fcmToken=DEVICE)
                for shown in (("x-client-secret", SECRET), ("x-client-secret", SECRET + "x"), ("x-api-key", SECRET)):
                    try:
                        told.append(str(stub.RegisterFCMToken(request, metadata=(shown,), timeout=10)))
                    except grpc.RpcError as exc:
                        told.append(str(exc))
                return told

        self.told += await trio.to_thread.run_sync(ask)

    async def _wrongly(self, app: App) -> None:
        """Secrets where others belong, in the hope that a refusal repeats them."""
        for name, secret in list(self.secrets.items()):
            if name == "pid":
                continue
            for headers in ({"X_API_Key": secret}, {"Authorization": f"Bearer {secret}x"}, {"X_Client_Secret": secret}):
                await self.call("GET", "/api/channels/news/history", **headers)
                await self.call(
                    "POST", "/api/v1/devices", {"clientId": app.id, "userId": "x", "fcmToken": "x"}, **headers
                )
            for auth in ({"token": secret}, {"token": app.token(), "clientId": secret}, {"token": {secret: secret}}):
                async with engine(self.daemon) as io:
                    self.told.append(str((await io.connect(app.namespace, auth)).get("error")))
            async with self.daemon.rest() as client:
                for path in (f"/nothing/{secret}", f"/socket.io/?EIO=4&transport=polling&sid={secret}"):
                    await client.call("GET", path)

    async def _look(self, app: App) -> None:
        """Everything that tells of the daemon's state."""
        await self.call("POST", "/api/webhooks/hook/test")
        for path in (
            "/metrics",
            "/api/webhooks",
            "/api/stats",
            "/api/keys",
            "/api/v1/clients",
            f"/api/v1/devices?clientId={app.id}",
        ):
            await self.call("GET", path)
        commands = [
            "config show --running -o json", "clients list -o json", f"clients show {app.id} -o json",
            "keys list -o json", f"devices list --client {app.id} -o json", "connections list -o json",
            "status -o json", "webhooks list -o json",
            "config show webhooks -o json", "logs tail -n 10000 -o json", "queue list -o json",
        ]  # fmt: skip
        done = await run([sys.executable, "-c", ALL_IN_ONE, *commands], self.daemon)
        assert done.status == 0, done
        self.told.append(done.out + done.err)


@within(90)
async def test_no_secret_is_told_by_anything(start: Starter, fcm: FakeFcm, receiver: Receiver) -> None:
    daemon = await start(f"push.endpoint={fcm.url}", "log.level=debug", "log.file=true", dev=False, started=False)
    daemon.environ = {
        "FIREBASE_PROJECT_ID": PROJECT,
        "FIREBASE_CLIENT_EMAIL": f"push@{PROJECT}.iam.gserviceaccount.com",
        "FIREBASE_PRIVATE_KEY": private_key().replace("\n", "\\n"),
    }
    file = daemon.folder / "n.toml"
    file.write_text(f"[[webhooks]]\nname = 'hook'\nurl = '{receiver.url()}'\n")
    daemon.environ["NOTIFYD_CONFIG"] = str(file)
    await daemon.start()
    session = Session(daemon)
    await session.run()
    assert await daemon.terminate() == 0
    logs = [path.read_text() for path in (daemon.folder / "logs").rglob("*") if path.is_file()]
    assert logs
    places = {"answers": "\n".join(session.told), "log": "".join(daemon.stderr), "log files": "".join(logs)}
    found = [
        (name, place) for name, secret in session.secrets.items() for place, text in places.items() if secret in text
    ]
    assert found == []
    # the session got as far as it was to
    assert '"http_request"' in places["log"]
    assert len(session.secrets) == 12
    assert any(verified(f"whsec_{session.secrets['webhook secret']}", call) for call in receiver.calls)


@pytest.mark.slow  # tests/app/machine/test_secrets.py and test_private_files.py are the quick rounds
@within(60)
async def test_secrets_lie_in_the_store_sealed_and_for_nobody_else(start: Starter) -> None:
    daemon = await start(dev=False)
    session = Session(daemon)
    await session.call("POST", "/api/v1/clients", {"appName": "app", "clientSecret": SECRET})
    issued = await session.call("POST", "/api/keys", {"clientName": "app"}, once=True)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in daemon.state_dir.rglob("*")}
    assert modes
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE(daemon.state_dir.stat().st_mode) == 0o700
    socket = daemon.runtime / "notifyd" / "admin.sock"
    assert (stat.S_IMODE(socket.stat().st_mode), stat.S_IMODE(socket.parent.stat().st_mode)) == (0o600, 0o700)
    kept = b"".join(path.read_bytes() for path in daemon.state_dir.glob("records.db*"))
    for secret in (SECRET, issued.json["apiKey"], session.secrets["master key"], session.admin):
        assert secret.encode() not in kept


@pytest.mark.slow
@within(60)
async def test_another_master_key_keeps_the_daemon_from_starting(start: Starter) -> None:
    daemon = await start()
    async with daemon.rest() as client:
        assert (await client.call("POST", "/api/v1/clients", {"appName": "a", "clientSecret": SECRET})).status == 201
    assert await daemon.terminate() == 0
    path = daemon.state_dir / "master.key"
    right = path.read_text()
    for wrong in ("0" * 64 + "\n", ""):
        _write_key(path, wrong)
        await _refuses_to_start(daemon, path)
    assert not path.exists(), "a key that opens nothing must not take the place of the lost one"
    _write_key(path, right)
    await daemon.start()
    async with App(daemon, await _client_named(daemon, "a")).socket() as io:
        assert io.sid


def _write_key(path: Path, text: str) -> None:
    """As the operator's; without a text there is none."""
    path.unlink(missing_ok=True)
    if text:
        path.touch(mode=0o600)
        path.write_text(text)


async def _refuses_to_start(daemon: Daemon, path: Path) -> None:
    said = len(daemon.stderr)
    with pytest.raises(DaemonFailed):
        await daemon.start()
    assert await daemon.ended() == 1
    sentence = daemon.stderr[-1]
    assert sentence.startswith("notifyd: the secrets of these clients cannot be opened: ")
    assert f"the master key {path} (records.master_key_file) is not the one that sealed them" in sentence
    assert not any("Traceback" in line for line in daemon.stderr[said:])
    del daemon.stderr[said:]


async def _client_named(daemon: Daemon, name: str) -> str:
    async with daemon.rest() as client:
        found = (await client.call("GET", "/api/v1/clients")).json["clients"]
    return next(str(one["id"]) for one in found if one["appName"] == name)
