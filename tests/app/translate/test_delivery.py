from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.delivery import dispatch_rules, publish_rules
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_publishing_gets_its_rules_in_milliseconds(tmp_path: Path) -> None:
    rules = publish_rules(settings(tmp_path))
    assert (rules.message_expiry_ms, rules.ageing_ms, rules.max_schedule_ms) == (1250, 2250, 3250)
    assert (rules.max_data_bytes, rules.max_data_depth, rules.max_channel_length) == (1000, 21, 17)
    assert (rules.max_frame_bytes, rules.max_targets) == (8000, 41)


def test_dispatching_gets_its_rules(tmp_path: Path) -> None:
    rules = dispatch_rules(settings(tmp_path))
    assert (rules.batch_size, rules.max_attempts, rules.lease_seconds) == (19, 20, 7.5)
    assert (rules.retry_seconds, rules.retry_max_seconds) == (0.25, 0.75)
