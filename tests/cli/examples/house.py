"""A daemon for examples, and whatever the examples speak of as if it were there."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.v1.admin_pb2_grpc import AdminServiceStub
from tests.app.listeners.test_tls import make
from tests.cli.real import LONGEST_SECONDS, RealDaemon
from tests.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable

_numbers = itertools.count(1)
_PROGRAMS = Path(sys.executable).parent
#: Given up at the first refusal.
_SETTINGS = ("delivery.retry_attempts=1", "subscriptions.ack_seconds=5", "limits.enabled=false")
#: Programs that examples call and that must not be the machine's own.
_SHIMS = {
    "systemctl": "echo systemctl $*",
    "handle": 'echo "handled $1"',
    "less": "cat",
    "ssh": "shift; exec $*",
}


class House:
    """Runs a daemon and, for each example, a folder; makes what a placeholder in an example stands for."""

    def __init__(self, name: str = "house") -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ex-"))
        self.receiver = Receiver()
        self.daemon = RealDaemon(self.root)
        self._name = name
        self._streams: list[Any] = []

    def __enter__(self) -> House:
        self.receiver.__enter__()
        config = self.root / "notifyd.toml"
        config.write_text(f"[[webhooks]]\nname = 'audit'\nurl = '{self.receiver.url()}'\n")
        shims = self.root / "shims"
        shims.mkdir()
        for name, line in _SHIMS.items():
            (shims / name).write_text(f"#!/bin/sh\n{line}\n")
            (shims / name).chmod(0o755)
        settings = [part for setting in (*_SETTINGS, f"cluster.node_name={self._name}") for part in ("-S", setting)]
        self.daemon.start("--config", str(config), *settings)
        self._link = grpc.insecure_channel(f"unix:{self.daemon.socket}")
        self.admin: Any = AdminServiceStub(self._link)
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.cancel()
        self._link.close()
        self.daemon.stop()
        self.receiver.__exit__(None, None, None)
        shutil.rmtree(self.root, ignore_errors=True)

    def folder(self) -> Path:
        """A new folder, in which the next example runs."""
        made = self.root / f"run{next(_numbers)}"
        made.mkdir()
        return made

    def environment(self, folder: Path) -> dict[str, str]:
        """What an example is run with."""
        return {
            "PATH": f"{self.root / 'shims'}:{_PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "NOTIFYCTL_SOCKET": str(self.daemon.socket),
            # a daemon that is started by an example takes no port of this machine
            **{f"NOTIFYCTL_SERVE_{name}": "0" for name in ("PORT", "WS_PORT", "GRPC_PORT")},
            "NOTIFYCTL_SERVE_STATE_DIR": str(folder / "state"),
        }

    def start(self, line: str, folder: Path) -> subprocess.Popen[bytes]:
        """Run *line* in bash, as a person would."""
        return subprocess.Popen(
            ["bash", "-c", f"set -o pipefail; {line}"], cwd=folder, env=self.environment(folder),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def key(self) -> str:
        """The id of a new key."""
        return str(self.admin.CreateKey(pb.CreateKeyRequest(name="shop")).record.id)

    def client(self) -> str:
        """The id of a new client."""
        return str(self.admin.RegisterClient(pb.RegisterClientCommand(name=self.fresh("shop"))).client.id)

    def token(self, client_id: str) -> str:
        """A token of alice's."""
        asked = pb.MintTokenRequest(client_id=client_id or "default", user_id="alice")
        return str(self.admin.MintToken(asked).token)

    def device(self) -> str:
        """The id of a new device."""
        asked = pb.RegisterDeviceRequest(user_id="alice", fcm_token=f"fcm-token-{next(_numbers)}")
        return str(self.admin.RegisterDevice(asked).id)

    def issued(self) -> str:
        """A new key itself."""
        return str(self.admin.CreateKey(pb.CreateKeyRequest(name="shop")).key)

    def fresh(self, word: str) -> str:
        """A word that was not there before."""
        return f"{word}-{next(_numbers)}"

    def records(self) -> str:
        """An export of this daemon's records."""
        told = self.admin.ExportRecords(pb.ExportRecordsRequest(), timeout=LONGEST_SECONDS)
        return b"".join(each.lines for each in told).decode()

    def certificate(self) -> str:
        """A certificate."""
        return make(self.folder(), "shop.example")[0].read_text()

    def connection(self, channel: str = "orders", *, durable: str = "") -> str:
        """The id of a new connection; one with a name acks."""
        wish = pb.ListenRequest(channels=[pb.ChannelSince(channel=channel)], ack=bool(durable), durable=durable)
        return self._listens(wish)

    def idle(self) -> str:
        """The id of a new connection that does nothing."""
        return self.connection(durable=self.fresh("idle"))

    def endpoint(self) -> str:
        """Where calls are taken."""
        return str(self.receiver.url())

    def settle(self) -> None:
        """As it was before an example."""
        self.admin.ResumeQueue(pb.ResumeQueueRequest())

    def tidy(self) -> None:
        """No two clients have one name, and no two keys of a client."""
        for client in self.admin.ListClients(pb.ListClientsRequest()).clients:
            if client.id != "default":
                self.admin.RemoveClient(pb.RemoveClientRequest(id=client.id))
        for key in self.admin.ListKeys(pb.ListKeysRequest()).keys:
            self.admin.RevokeKey(pb.RevokeKeyRequest(id=key.id))

    def present(self, user_id: str, client_id: str) -> str:
        """The id of a new connection of a user."""
        return self._listens(pb.ListenRequest(client_id=client_id, user_id=user_id, ack=True, ack_inbox=True))

    def _listens(self, wish: pb.ListenRequest) -> str:
        stream = self.admin.Listen(wish, timeout=120)
        self._streams.append(stream)
        return str(next(stream).subscribed.connection_id)

    def acked(self, count: int) -> str:
        """The id of a notification that so many have acked."""
        channel = self.fresh("acked")
        connections = [self.connection(channel, durable=f"worker{number}") for number in range(count)]
        sent = self.publish(channel)
        for connection_id, stream in zip(connections, self._streams[-count:], strict=True):
            came = next(stream).publication
            self.admin.AckDeliveries(pb.AckDeliveriesRequest(connection_id=connection_id, ids=[came.id]))
        return sent

    def acks_everything(self, channel: str) -> None:
        """Somebody subscribes, and acks whatever comes."""
        connection_id = self.connection(channel, durable=self.fresh("all"))
        stream = self._streams[-1]

        def run() -> None:
            with contextlib.suppress(grpc.RpcError):
                for event in stream:
                    ids = [event.publication.id]
                    self.admin.AckDeliveries(pb.AckDeliveriesRequest(connection_id=connection_id, ids=ids))

        threading.Thread(target=run, daemon=True).start()

    def publish(self, channel: str = "orders", **more: Any) -> str:
        """The id of a notification that was just accepted."""
        target = types_pb2.Target(channel=channel)
        return str(self.admin.Publish(publish_request(target, **more)).notification_id)

    def publish_to(self, user_id: str, client_id: str) -> str:
        """The same, for a user."""
        target = types_pb2.Target(users=types_pb2.UserTarget(user_ids=[user_id]))
        return str(self.admin.Publish(publish_request(target, client_id=client_id)).notification_id)

    def scheduled(self) -> str:
        """The id of a notification that waits."""
        return self.publish(delay_ms=3_600_000)

    def epoch(self) -> str:
        """The epoch of a channel with 17 publications at least."""
        for _ in range(17):
            last = self.publish()
        self.until(lambda: self.admin.GetNotification(pb.GetNotificationRequest(id=last)).state == "dispatched")
        return str(self.admin.GetChannel(pb.GetChannelRequest(channel="orders")).position.epoch)

    def letter(self) -> str:
        """The id of a new dead letter."""
        channel = f"dead{next(_numbers)}"
        connection_id = self.connection(channel, durable="deaf")
        self.publish(channel)
        came = next(self._streams[-1]).publication
        refusal = pb.AckDeliveriesRequest(connection_id=connection_id, ids=[came.id], nack=True, reason="cannot")
        self.admin.AckDeliveries(refusal)
        query = pb.ListDeadLettersRequest(filter=pb.DeadLetterFilter(channel=channel))
        self.until(lambda: self.admin.ListDeadLetters(query).total == 1)
        self._streams.pop().cancel()
        return str(self.admin.ListDeadLetters(query).dead_letters[0].id)

    def worker(self) -> None:
        """A durable subscription of orders that nobody uses at the moment."""
        self.connection(durable="worker")
        self._streams.pop().cancel()
        self.until(lambda: not self._used("worker"))

    def _used(self, name: str) -> int:
        found = self.admin.ListDurable(pb.ListDurableRequest()).subscriptions
        return next(int(each.connections) for each in found if each.name == name)

    def until(self, condition: Callable[[], bool]) -> None:
        """Ask until it is so; the test has the deadline."""
        while not condition():
            pass

    def placed(self, line: str) -> str:
        """*line* with the addresses of this house."""
        http, ws = self.daemon.http_url, self.daemon.url
        line = line.replace("http://127.0.0.1:3000", http).replace("ws://127.0.0.1:3001", ws)
        return re.sub(r"/run/(other|staging)/admin\.sock", str(self.daemon.socket), line)


def publish_request(target: types_pb2.Target, **more: Any) -> types_pb2.PublishRequest:
    """A notification to *target*."""
    return types_pb2.PublishRequest(target=target, data_json='{"n":1}', **more)
