from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.pushing import push_options, push_rules
from tests.app.composed import loaded_with
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_pushing_gets_its_rules(tmp_path: Path) -> None:
    given = settings(tmp_path)
    options, rules = push_options(given), push_rules(given)
    assert options is not None
    assert (options.project_id, options.client_email, options.private_key) == ("project", "a@example.com", "one\ntwo")
    assert (options.timeout_seconds, options.max_in_flight) == (5.5, 62)
    assert (rules.max_attempts, rules.retry_seconds, rules.retry_max_seconds) == (59, 60.5, 61.5)
    assert (rules.batch_size, rules.lease_seconds) == (62, 7.5 + 2 * 5.5 * 43)


def test_without_a_service_account_there_is_no_provider(tmp_path: Path) -> None:
    assert push_options(loaded_with(tmp_path).settings) is None
