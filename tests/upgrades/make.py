"""Write down the state folder of the version in a tree: `python -m tests.upgrades.make TREE TARGET`.

Every later version has to open what it leaves in TARGET: `broker.sql` and `records.sql`, the secrets beside them, the
configuration that it ran with, and `facts.json`, which says what is in it. Run it when a schema changes, on the last
tree before the change.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from websocket import WebSocket, create_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS: Final = 60
#: What is kept in a fixture must not get too old for the tests of years to come.
_YEARS: Final = 300_000_000

_CONFIG: Final = f"""\
[delivery]
message_expiry_seconds = {_YEARS}
max_schedule_seconds = {_YEARS}
idempotency_seconds = {_YEARS}
retry_attempts = 1
[history]
max_age_seconds = {_YEARS}
[receipts]
max_age_seconds = {_YEARS}
[limits]
enabled = false
"""
#: Sections that came later, with the setting that tells a tree that has them.
_LATER: Final = {
    "inbox": f"[inbox]\nmax_age_seconds = {_YEARS}\n",
    "subscriptions": f"[subscriptions]\nack_seconds = 0.5\ndurable_max_age_seconds = {_YEARS}\n",
    "dead_letters": f"[dead_letters]\nmax_age_seconds = {_YEARS}\n",
}


class Made:
    """A daemon of the tree, and what is done with it."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.folder = folder
        self.sections = (tree / "config.example.toml").read_text(encoding="utf-8")
        self.config = _CONFIG + "".join(text for name, text in _LATER.items() if self.has(name))
        (folder / "notifyd.toml").write_text(self.config, encoding="utf-8")
        self.ports = [_free_port() for _ in range(3)]
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PYTHONPATH": f"{tree / 'daemon'}:{tree}",
            "NOTIFYCTL_SOCKET": str(folder / "s"),
        }
        self.facts: dict[str, Any] = {}

    def has(self, section: str) -> bool:
        """Whether the tree's configuration has that section."""
        return f"\n[{section}]\n" in self.sections

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "notifyctl", *arguments]

    def ctl(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        return done.stdout.strip()

    @contextmanager
    def running(self) -> Iterator[None]:
        """The daemon runs, and goes politely."""
        ports = dict(zip(("--port", "--ws-port", "--grpc-port"), map(str, self.ports), strict=True))
        if not self.has("grpc"):
            del ports["--grpc-port"]
        said = [word for pair in ports.items() for word in pair]
        where = ["--config", str(self.folder / "notifyd.toml"), "--state-dir", str(self.folder / "state")]
        daemon = subprocess.Popen(self.command("serve", "--dev", *said, *where), env=self.environ, cwd=self.folder)
        try:
            self.ctl("wait", "ready", "--timeout", "30s")
            yield
        finally:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(_SECONDS) == 0

    def post(self, path: str, body: object, **headers: str) -> Any:
        """The answer to a POST."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[0]}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()},
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return json.load(answer)

    def publish(self, n: int, **more: object) -> str:
        """The id of notification *n* on the channel `orders`."""
        body = {"channel": "orders", "data": {"n": n}, "metadata": {"from": "fixture"}, **more}
        headers = {"X_API_Key": self.facts["key"], "Idempotency_Key": f"order-{n}"}
        return str(self.post("/api/notifications", body, **headers)["notificationId"])

    def subscriber(self, **wanted: object) -> WebSocket:
        """A WebSocket that has subscribed to `orders`."""
        link = create_connection(f"ws://127.0.0.1:{self.ports[1]}", timeout=_SECONDS)
        self.said(link, "connected")
        link.send(json.dumps({"type": "authenticate", "apiKey": self.facts["key"]}))
        self.said(link, "authenticated")
        link.send(json.dumps({"type": "subscribe", "channel": "orders", **wanted}))
        subscribed = self.said(link, "subscribed")
        self.facts.setdefault("epoch", subscribed["position"]["epoch"])
        return link

    def said(self, link: WebSocket, kind: str) -> Any:
        """The next message of that kind."""
        while (message := json.loads(link.recv()))["type"] != kind:
            pass
        return message

    def channels(self) -> None:
        """What the channel service has."""
        self.facts["key"] = self.post("/api/keys", {"clientName": "shop"})["apiKey"]
        link = self.subscriber()
        self.facts["published"] = [self.publish(n) for n in (1, 2, 3)]
        for _ in self.facts["published"]:
            self.said(link, "notification")
        link.close()
        far = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + _YEARS - 86_400))
        self.facts["scheduled"] = self.publish(4, deliverAt=far)

    def users(self) -> None:
        """What the client service has."""
        secret = self.folder / "client.secret"
        self.facts["client"] = self.ctl("clients", "register", "--name", "app", "--secret-out", str(secret), "-q")
        body = {"clientId": self.facts["client"], "users": ["alice"], "payload": {"title": "Hello"}}
        self.facts["inbox"] = self.post("/api/v1/notifications", body)["notificationId"]
        token = self.folder / "fcm"
        token.write_text("fcm-token-of-alice")
        self.ctl("devices", "register", "--user", "alice", "--client", self.facts["client"], "--token-file", str(token))

    def guarantees(self) -> None:
        """A durable subscription that has acked one of two, and a dead letter, which nobody acked."""
        link = self.subscriber(ack=True, durable="billing")
        first = self.publish(5)
        assert self.said(link, "notification")["notification"]["id"] == first
        link.send(json.dumps({"type": "ack", "id": first, "requestId": "a"}))
        link.close()
        self.facts["acked"] = first
        link = self.subscriber(ack=True)
        self.facts["dead"] = self.publish(6)
        until = time.monotonic() + _SECONDS
        while self.facts["dead"] not in self.ctl("dead-letters", "list", "-o", "json"):
            assert time.monotonic() < until, "nothing died"
        link.close()

    def write(self, target: Path) -> None:
        """Put down what there is."""
        state = self.folder / "state"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("broker", "records"):
            (target / f"{name}.sql").write_text(dumped(state / f"{name}.db"), encoding="utf-8")
        for name in ("master.key",):
            if (state / name).exists():
                shutil.copy(state / name, target / name)
        (target / "notifyd.toml").write_text(self.config, encoding="utf-8")
        (target / "facts.json").write_text(json.dumps(self.facts, indent=1) + "\n", encoding="utf-8")


def dumped(path: Path) -> str:
    """The database as a script, marks included."""
    connection = sqlite3.connect(path)
    marks = [
        f"PRAGMA {name}={connection.execute(f'PRAGMA {name}').fetchone()[0]};"
        for name in ("application_id", "user_version")
    ]
    text = "\n".join([*connection.iterdump(), *marks]) + "\n"
    connection.close()
    return text


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def main(tree: Path, target: Path) -> None:
    """Make the state and write it down."""
    with tempfile.TemporaryDirectory(prefix="state-") as folder:
        made = Made(tree, Path(folder))
        with made.running():
            made.channels()
            if made.has("clients"):
                made.users()
            if made.has("dead_letters"):
                made.guarantees()
        made.write(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
