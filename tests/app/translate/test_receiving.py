from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.receiving import ack_rules, liveness_rules, presence_rules, subscribe_rules
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_connections_get_their_rules(tmp_path: Path) -> None:
    given = settings(tmp_path)
    liveness, subscribe = liveness_rules(given), subscribe_rules(given)
    assert (liveness.heartbeat_seconds, liveness.connection_timeout_seconds) == (4.5, 9.5)
    assert liveness.authentication_seconds == 5.5
    assert (subscribe.max_subscriptions, subscribe.max_channel_length) == (15, 17)


def test_acks_get_their_rules(tmp_path: Path) -> None:
    rules = ack_rules(settings(tmp_path))
    assert (rules.max_attempts, rules.retry_seconds, rules.retry_max_seconds) == (20, 0.25, 0.75)
    assert (rules.ack_seconds, rules.max_unacked, rules.max_unacked_bytes) == (66.5, 67, 2000)


def test_presence_gets_its_rules(tmp_path: Path) -> None:
    rules = presence_rules(settings(tmp_path))
    assert (rules.max_members, rules.max_notified, rules.max_waiting) == (63, 64, 65)
    assert [(rule.pattern, rule.presence, rule.join_leave) for rule in rules.rules] == [
        ("a.*", False, False),
        ("b", True, True),
    ]
