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
users_subscribe = true
[[channels]]
pattern = "b"
users_publish = true
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
[clients]
max_clients = 35
secret_overlap_seconds = 36.5
leeway_seconds = 37.5
max_token_bytes = 380
max_connections_per_user = 39
users_may_publish = false
publishes_per_minute = 40
max_targets = 41
max_devices_per_user = 42
[inbox]
max_notifications = 43
max_user_bytes = 4400
max_age_seconds = 45.5
max_bytes = 4600
max_users = 47
[socketio]
path = "/live"
ping_interval_seconds = 48.5
ping_timeout_seconds = 49.5
connect_timeout_seconds = 50.5
upgrade_timeout_seconds = 51.5
max_payload_bytes = 1900
max_attachments = 53
max_namespaces = 54
max_sessions = 55
[grpc]
workers = 56
max_streams = 55
call_timeout_seconds = 57.5
[push]
firebase_project_id = "project"
firebase_client_email = "a@example.com"
firebase_private_key = "one\\ntwo"
timeout_seconds = 5.5
max_attempts = 59
retry_delay_seconds = 60.5
retry_max_seconds = 61.5
batch_size = 62
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


def test_clients_get_their_rules(tmp_path: Path) -> None:
    given = settings(tmp_path)
    clients, tokens = translate.client_rules(given), translate.token_rules(given)
    assert (clients.max_clients, clients.secret_overlap_ms) == (35, 36_500)
    assert (tokens.leeway_seconds, tokens.max_bytes, tokens.users_may_publish) == (37.5, 380, False)
    assert (tokens.users_subscribe, tokens.users_publish) == (("a.*",), ("b",))
    assert translate.connect_rules(given).max_connections_per_user == 39
    assert translate.publish_rules(given).max_targets == 41
    assert translate.device_rules(given).max_per_user == 42


def test_namespaces_get_their_rules(tmp_path: Path) -> None:
    rules = translate.namespace_rules(settings(tmp_path))
    assert (rules.users_may_publish, rules.publishes_per_minute) == (False, 40)
    assert (rules.max_protocol_errors, rules.page_bytes) == (16, 2000)


def test_socketio_gets_its_bounds(tmp_path: Path) -> None:
    given = translate.socketio_settings(settings(tmp_path))
    engine, rules = given.engine, given.rules
    assert (engine.path, engine.upgrade_timeout_seconds, engine.max_sessions) == ("/live/", 51.5, 55)
    assert (engine.rules.ping_interval_seconds, engine.rules.ping_timeout_seconds) == (48.5, 49.5)
    assert (engine.rules.max_payload_bytes, engine.rules.queue_bytes) == (1900, 8000)
    assert engine.max_sessions_per_address == 12
    assert (rules.connect_timeout_seconds, rules.max_namespaces) == (50.5, 54)
    assert (rules.packets.max_attachments, rules.packets.max_attachment_bytes) == (53, 1900)
    # the deepest payload of a job within an event is a packet still
    assert rules.packets.max_depth > 21 + 2


def test_grpc_for_applications_gets_its_bounds(tmp_path: Path) -> None:
    given = settings(tmp_path)
    options = translate.public_rpc_options(given)
    assert (options.workers, options.max_streams, options.call_timeout_seconds) == (56, 55, 57.5)
    assert (options.max_connections, options.streams_setting) == (11, "grpc.max_streams")


def test_pushing_gets_its_rules(tmp_path: Path) -> None:
    given = settings(tmp_path)
    options, rules = translate.push_options(given), translate.push_rules(given)
    assert options is not None
    assert (options.project_id, options.client_email, options.private_key) == ("project", "a@example.com", "one\ntwo")
    assert (options.timeout_seconds, options.max_in_flight) == (5.5, 62)
    assert (rules.max_attempts, rules.retry_seconds, rules.retry_max_seconds) == (59, 60.5, 61.5)
    assert (rules.batch_size, rules.lease_seconds) == (62, 7.5 + 2 * 5.5 * 43)


def test_without_a_service_account_there_is_no_provider(tmp_path: Path) -> None:
    assert translate.push_options(loaded_with(tmp_path).settings) is None
