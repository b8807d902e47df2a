from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.access import client_rules, connect_rules, device_rules, key_rules, token_rules
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_keys_get_their_rules(tmp_path: Path) -> None:
    rules = key_rules(settings(tmp_path))
    assert (rules.key_bytes, rules.rotation_overlap_ms, rules.max_keys) == (29, 30_500, 31)


def test_clients_get_their_rules(tmp_path: Path) -> None:
    given = settings(tmp_path)
    clients, tokens = client_rules(given), token_rules(given)
    assert (clients.max_clients, clients.secret_overlap_ms) == (35, 36_500)
    assert (tokens.leeway_seconds, tokens.max_bytes, tokens.users_may_publish) == (37.5, 380, False)
    assert (tokens.users_subscribe, tokens.users_publish) == (("a.*",), ("b",))
    assert connect_rules(given).max_connections_per_user == 39
    assert device_rules(given).max_per_user == 42
