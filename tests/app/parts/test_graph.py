from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from trio.testing import wait_all_tasks_blocked

from notifyd.app.parts.graph import ENCODERS, Graph
from notifyd.clock import now_ms
from notifyd.model.command import Publish
from notifyd.model.notification import Kind
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.policy.naming.ids import new_notification_id
from notifyd.policy.publishing.publish import FRAME_OVERHEAD_BYTES, notification_of
from tests.service.node import OPERATOR, PUBLISH_RULES, RecordingLink

if TYPE_CHECKING:
    from pathlib import Path

    import trio

_EVENT = b'42/client-default,["notification",'
BEGINNINGS = {
    "native": b'{"type":"notification",',
    "sse": b"id: ",
    "dialect": b'{"event":"notification",',
    "socketio": _EVENT,
    "socketio-plain": _EVENT,
    "socketio-polling": _EVENT,
    "socketio-polling-plain": _EVENT,
}


async def test_what_goes_in_at_the_top_comes_out_in_every_shape(graph: Graph, nursery: trio.Nursery) -> None:
    nursery.start_soon(graph.dispatcher.run)
    connections = [
        graph.connector.admit(RecordingLink(encoding=encoding)) for encoding in ENCODERS if encoding != "rpc"
    ]
    for connection in connections:
        graph.connector.enter(connection, OPERATOR)
        graph.subscriber.go_live(connection, "news", StreamPosition("", 0))
    await graph.publisher.submit(OPERATOR, Publish(Kind.CHANNEL, "news", b'{"a":1}')).result()
    await wait_all_tasks_blocked()
    seen = {connection.format: b"".join(connection.link.writes) for connection in connections}  # type: ignore[attr-defined]
    assert seen.keys() == BEGINNINGS.keys()
    for encoding, beginning in BEGINNINGS.items():
        assert beginning in seen[encoding][:40], encoding


async def test_the_daemon_says_what_it_is(graph: Graph, tmp_path: Path) -> None:
    about = graph.daemon.about
    assert (about.durability, about.broker_engine, about.state_dir) == ("memory", "memory", tmp_path)
    assert (about.config_file, about.development) == (tmp_path / "notifyd.toml", False)


async def test_settings_reach_the_services(graph: Graph) -> None:
    settings = graph.loaded.settings
    assert graph.connector.rules.max_connections_per_key == settings.keys.max_connections_per_key
    assert graph.publisher.idempotency_ms == settings.delivery.idempotency_seconds * 1000
    assert graph.limiter.enabled
    assert graph.clients.rules.max_clients == settings.clients.max_clients
    assert graph.tokens.rules.max_bytes == settings.clients.max_token_bytes


async def test_without_a_provider_nothing_is_pushed(graph: Graph) -> None:
    assert graph.pushing is None


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("channel", ["\N{GRINNING FACE}" * 50, '"' * 50])
def test_no_frame_is_larger_than_it_was_taken_for(encoding: str, channel: str) -> None:
    rules = replace(PUBLISH_RULES, max_frame_bytes=5000)
    room = 5000 - FRAME_OVERHEAD_BYTES - 4 * len(channel)
    data, metadata = b'"%b"' % (b"d" * 998), b'{"m":"%b"}' % (b"m" * (room - 1008))
    command = Publish(Kind.CHANNEL, channel, data, metadata, 10)
    notification = notification_of(command, OPERATOR, new_notification_id(now_ms()), now=now_ms(), rules=rules)
    assert len(ENCODERS[encoding](Publication(notification, f"{'e' * 10}.{2**32}", 2**53))) <= 5000
