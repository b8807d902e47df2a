from __future__ import annotations

import os
from pathlib import Path

from notifyd.app.translate.engines import broker_options, node_name, peer_rules
from notifyd.redislink.options import RedisOptions
from tests.app.composed import loaded_with
from tests.app.translate.given import settings

REDIS = """
[broker]
url = "rediss://:word@h"
prefix = "ours"
shards = 3
timeout_seconds = 1.5
connect_timeout_seconds = 0.5
max_waiting = 200
ca_file = "/ca.pem"
"""


def test_the_broker_gets_its_bounds(tmp_path: Path) -> None:
    options = broker_options(settings(tmp_path))
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
        ("a.*", 26, None),
        ("b", None, None),
    ]
    assert (limits.receipts.max_age_seconds, limits.receipts.max_count) == (27.5, 28)


def test_inboxes_get_their_bounds(tmp_path: Path) -> None:
    inbox = broker_options(settings(tmp_path)).limits.inbox
    assert (inbox.max_notifications, inbox.max_user_bytes, inbox.max_age_seconds) == (43, 4400, 45.5)
    assert (inbox.max_bytes, inbox.max_users) == (4600, 47)


def test_a_local_broker_needs_no_redis(tmp_path: Path) -> None:
    assert broker_options(settings(tmp_path)).redis is None


def test_the_broker_is_told_how_its_redis_is_reached(tmp_path: Path) -> None:
    options = broker_options(loaded_with(tmp_path, text=REDIS).settings)
    assert (options.url, options.shards) == ("rediss://:word@h", 3)
    assert options.redis == RedisOptions("rediss://:word@h", "ours", 1.5, 0.5, 200, Path("/ca.pem"))


def test_peers_get_their_rules(tmp_path: Path) -> None:
    text = "[cluster]\nheartbeat_seconds = 0.5\ntimeout_seconds = 1.25\nquery_timeout_seconds = 0.75\n"
    rules = peer_rules(loaded_with(tmp_path, text=text).settings)
    assert (rules.heartbeat_seconds, rules.timeout_seconds, rules.query_timeout_seconds) == (0.5, 1.25, 0.75)


def test_a_node_is_called_by_its_name_or_by_host_and_process(tmp_path: Path) -> None:
    assert node_name(loaded_with(tmp_path).settings).endswith(f"-{os.getpid()}")
    named = loaded_with(tmp_path, text="[cluster]\nnode_name = 'one'\n").settings
    assert node_name(named) == "one"
