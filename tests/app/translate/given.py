"""Settings with values of their own, so that a test sees which one arrives where."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
presence = true
join_leave = true
[presence]
max_members = 63
max_notified = 64
max_waiting = 65
[subscriptions]
ack_seconds = 66.5
max_unacked = 67
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
[events]
max_waiting = 68
expiry_seconds = 69.5
with_data = true
max_attempts = 70
retry_delay_seconds = 71.5
retry_max_seconds = 72.5
batch_size = 73
timeout_seconds = 7.25
[admin]
max_remote_connections = 74
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
    """All of them."""
    return loaded_with(folder, text=TEXT).settings
