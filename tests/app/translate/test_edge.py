from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.edge import edge_settings, namespace_rules, native_rules
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_what_listens_gets_its_bounds(tmp_path: Path) -> None:
    edge = edge_settings(settings(tmp_path))
    assert (edge.connections.max_connections, edge.connections.max_connections_per_address) == (11, 12)
    assert (edge.http.max_head_bytes, edge.http.max_target_bytes, edge.http.max_headers) == (2048, 2048, 13)
    assert (edge.http.max_body_bytes, edge.http.buffered_body_bytes, edge.http.max_pipelined) == (2000, 2000, 14)
    assert (edge.http.head_timeout_seconds, edge.http.body_timeout_seconds, edge.http.idle_timeout_seconds) == (
        1.5,
        2.5,
        3.5,
    )
    socket = edge.websocket
    assert (socket.max_message_bytes, socket.outbox_bytes, socket.close_timeout_seconds) == (3000, 8000, 6.5)


def test_the_plain_protocol_gets_its_rules(tmp_path: Path) -> None:
    rules = native_rules(settings(tmp_path))
    assert (rules.max_protocol_errors, rules.page_bytes) == (16, 2000)


def test_namespaces_get_their_rules(tmp_path: Path) -> None:
    rules = namespace_rules(settings(tmp_path))
    assert (rules.users_may_publish, rules.publishes_per_minute) == (False, 40)
    assert (rules.max_protocol_errors, rules.page_bytes) == (16, 2000)
