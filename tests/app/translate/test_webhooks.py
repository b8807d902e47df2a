from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.webhooks import event_rules, webhook_rules
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_events_get_their_rules(tmp_path: Path) -> None:
    rules = event_rules(settings(tmp_path))
    assert (rules.max_waiting, rules.expiry_ms, rules.with_data, rules.ageing_ms) == (68, 69_500, True, 2250)


def test_webhooks_are_called_by_their_rules(tmp_path: Path) -> None:
    rules = webhook_rules(settings(tmp_path))
    assert (rules.max_attempts, rules.retry_seconds, rules.retry_max_seconds) == (70, 71.5, 72.5)
    assert (rules.batch_size, rules.timeout_seconds) == (73, 7.25)
