"""The defaults that are part of the interface: a user of the channel service relies on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifyd.config import Settings
from notifyd.config.diff import value_of

DOCUMENTED = {
    "server.host": "127.0.0.1",
    "server.port": 3000,
    "server.ws_port": 3001,
    "delivery.max_queue_size": 10_000,
    "delivery.retry_attempts": 3,
    "delivery.retry_delay_seconds": 1.0,
    "delivery.batch_size": 100,
    "delivery.message_expiry_seconds": 86_400.0,
    "delivery.ageing_seconds": 60.0,
    "keys.max_connections_per_key": 1000,
    "websocket.heartbeat_interval_seconds": 30.0,
    "websocket.connection_timeout_seconds": 60.0,
    "websocket.authentication_seconds": 30.0,
    "keys.key_bytes": 32,
    "limits.enabled": True,
    "limits.requests_per_minute": 60,
    "log.level": "info",
    "log.console": True,
    "log.file": False,
    "log.path": Path("./logs"),
    "broker.url": "local",
    "broker.durability": "fsync",
    "broker.prefix": "notifyd",
    "records.url": "sqlite:",
    "server.workers": 1,
    "bullmq.queue": "notifications",
    "bullmq.job": "notification-job",
    "history.max_publications": 10_000,
    "history.max_age_seconds": 86_400.0,
}


@pytest.mark.parametrize("path", DOCUMENTED)
def test_documented_default(path: str):
    assert value_of(Settings(), path) == DOCUMENTED[path]


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings().server.port = 1


def test_equal_settings_are_equal():
    assert Settings() == Settings()
