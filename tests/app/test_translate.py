from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app import translate
from tests.app.composed import loaded_with

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.config import Settings

TEXT = """
[server]
max_connections = 11
max_connections_per_address = 12
[http]
max_head_bytes = 2048
max_headers = 13
max_body_bytes = 2000
head_timeout_seconds = 1.5
body_timeout_seconds = 2.5
idle_timeout_seconds = 3.5
max_pipelined = 14
[websocket]
heartbeat_interval_seconds = 4.5
connection_timeout_seconds = 9.5
authentication_seconds = 5.5
max_message_bytes = 3000
max_subscriptions = 15
outbox_bytes = 8000
max_protocol_errors = 16
max_channel_length = 17
close_seconds = 6.5
[delivery]
max_queue_size = 18
max_queue_bytes = 4000
batch_size = 19
retry_attempts = 20
retry_delay_seconds = 0.25
retry_max_seconds = 0.75
message_expiry_seconds = 1.25
ageing_seconds = 2.25
max_data_bytes = 1000
max_data_depth = 21
max_schedule_seconds = 3.25
max_idempotency_keys = 22
lease_seconds = 7.5
[history]
max_publications = 23
max_age_seconds = 24.5
max_bytes = 5000
max_channels = 25
[[channels]]
pattern = "a.*"
max_publications = 26
[receipts]
max_age_seconds = 27.5
max_count = 28
[keys]
key_bytes = 29
rotation_overlap_seconds = 30.5
max_keys = 31
[log]
level = "debug"
max_files = 32
[admin]
workers = 33
max_streams = 32
call_timeout_seconds = 34.5
"""


def settings(folder: Path) -> Settings:
    return loaded_with(folder, text=TEXT).settings


def test_what_listens_gets_its_bounds(tmp_path: Path) -> None:
    edge = translate.edge_settings(settings(tmp_path))
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


def test_connections_get_their_rules(tmp_path: Path) -> None:
    given = settings(tmp_path)
    liveness, native = translate.liveness_rules(given), translate.native_rules(given)
    assert (liveness.heartbeat_seconds, liveness.connection_timeout_seconds) == (4.5, 9.5)
    assert liveness.authentication_seconds == 5.5
    assert (native.max_protocol_errors, native.page_bytes) == (16, 2000)
    subscribe = translate.subscribe_rules(given)
    assert (subscribe.max_subscriptions, subscribe.max_channel_length) == (15, 17)


def test_publishing_gets_its_rules_in_milliseconds(tmp_path: Path) -> None:
    rules = translate.publish_rules(settings(tmp_path))
    assert (rules.message_expiry_ms, rules.ageing_ms, rules.max_schedule_ms) == (1250, 2250, 3250)
    assert (rules.max_data_bytes, rules.max_data_depth, rules.max_channel_length) == (1000, 21, 17)
    assert rules.max_frame_bytes == 8000


def test_dispatching_gets_its_rules(tmp_path: Path) -> None:
    rules = translate.dispatch_rules(settings(tmp_path))
    assert (rules.batch_size, rules.max_attempts, rules.lease_seconds) == (19, 20, 7.5)
    assert (rules.retry_seconds, rules.retry_max_seconds) == (0.25, 0.75)


def test_the_broker_gets_its_bounds(tmp_path: Path) -> None:
    options = translate.broker_options(settings(tmp_path))
    assert (options.url, options.durability, options.state_dir) == ("local", "memory", tmp_path)
    limits = options.limits
    assert (limits.queue.max_size, limits.queue.max_bytes, limits.max_idempotency_keys) == (18, 4000, 22)
    history = limits.history
    assert (history.max_publications, history.max_age_seconds, history.max_bytes, history.max_channels) == (
        23,
        24.5,
        5000,
        25,
    )
    assert [(rule.pattern, rule.max_publications, rule.max_age_seconds) for rule in history.rules] == [
        ("a.*", 26, None)
    ]
    assert (limits.receipts.max_age_seconds, limits.receipts.max_count) == (27.5, 28)


def test_keys_get_their_rules(tmp_path: Path) -> None:
    rules = translate.key_rules(settings(tmp_path))
    assert (rules.key_bytes, rules.rotation_overlap_ms, rules.max_keys) == (29, 30_500, 31)


def test_the_log_gets_its_options(tmp_path: Path) -> None:
    options = translate.log_options(settings(tmp_path))
    assert (options.level, options.max_files, options.console, options.file) == ("debug", 32, True, False)


def test_the_admin_interface_takes_what_may_be_published(tmp_path: Path) -> None:
    given = settings(tmp_path)
    options = translate.rpc_options(given)
    assert (options.workers, options.max_streams, options.call_timeout_seconds) == (33, 32, 34.5)
    # the setting may be raised while the daemon runs, up to http.max_body_bytes
    assert options.max_request_bytes == 2 * given.http.max_body_bytes + 1024 * 1024
