from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.socketio import socketio_settings
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_socketio_gets_its_bounds(tmp_path: Path) -> None:
    given = socketio_settings(settings(tmp_path))
    engine, rules = given.engine, given.rules
    assert (engine.path, engine.upgrade_timeout_seconds, engine.max_sessions) == ("/live/", 51.5, 55)
    assert (engine.rules.ping_interval_seconds, engine.rules.ping_timeout_seconds) == (48.5, 49.5)
    assert (engine.rules.max_payload_bytes, engine.rules.queue_bytes) == (1900, 8000)
    assert engine.max_sessions_per_address == 12
    assert (rules.connect_timeout_seconds, rules.max_namespaces) == (50.5, 54)
    assert (rules.packets.max_attachments, rules.packets.max_attachment_bytes) == (53, 1900)
    # the deepest payload of a job within an event is a packet still
    assert rules.packets.max_depth > 21 + 2
