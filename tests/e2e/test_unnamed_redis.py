"""Where Redis is, its users are not told, whichever way they come; those who run the daemon are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest
import trio

from notifyd.v1 import client_pb2_grpc, types_pb2
from tests.e2e.cluster import shared
from tests.e2e.hostile import register
from tests.e2e.patience import within
from tests.e2e.peer import join
from tests.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey

__all__ = ["start_valkey"]

pytestmark = pytest.mark.slow


@within(60)
async def test_redis_is_named_to_operators_alone(
    start: Starter, start_valkey: Callable[..., Valkey], tmp_path: Path
) -> None:
    valkey = start_valkey()
    with shared(tmp_path, valkey.url, "broker.timeout_seconds=1") as settings:
        daemon = await start(*settings)
        app = await register(daemon)
        key = await daemon.key(clientId=app.id)
        async with join(daemon.ws_url, key, "c") as peer, app.socket() as io, daemon.rest(key) as client:
            valkey.kill()
            notification = {"channel": "c", "data": 1}
            replies = [
                await client.call("POST", "/api/notifications", notification),
                await client.call("POST", "/api/notifications/batch", {"notifications": [notification]}),
                await client.call("POST", "/api/notifications/broadcast", notification),
                await client.call("POST", "/api/v1/notifications", {"clientId": app.id, "users": ["b"], "payload": {}}),
                await client.call("GET", "/api/notifications/n1"),
                await client.call("GET", "/api/channels/new/history"),
                await client.call("GET", "/api/health/ready"),
            ]
            assert {reply.status for reply in replies} == {503}, replies
            told = [reply.body.decode() for reply in replies]
            answers = [
                await peer.ask("publish", channel="c", data=1),
                await peer.ask("subscribe", channel="new"),
                (await io.ask("notification-job", {"payload": 1, "users": ["bob"]}))[0],
            ]
            told += map(json.dumps, answers)
            told.append(await trio.to_thread.run_sync(said_by_grpc, daemon, key))
        refused = [text for text in told if "store_unavailable" in text]
        assert len(refused) == len(told) - 1, told
        assert not [text for text in told if str(valkey.port) in text or "127.0.0.1" in text]
        sent = await daemon.ctl("send", "--channel", "c", "x")
        assert sent.status != 0
        assert str(valkey.port) in sent.err
        assert [line for line in daemon.stderr if str(valkey.port) in line]
        daemon.forgive("broker_failed")


def said_by_grpc(daemon: Daemon, key: str) -> str:
    """What the public interface answers to a publish."""
    request = types_pb2.PublishRequest(target=types_pb2.Target(channel="c"), data_json="1")
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = client_pb2_grpc.NotificationServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Publish(request, metadata=(("x-api-key", key),), timeout=10)
    return f"{caught.value.details()} {caught.value.trailing_metadata()}"
