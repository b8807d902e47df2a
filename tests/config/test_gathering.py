from __future__ import annotations

from notifyd.config.catalogue import catalogue
from notifyd.config.gathering import Gathering, Written, kept_secret, shown
from notifyd.config.values import from_text

PORT = catalogue()["server.port"]


def put(gathering: Gathering, text: str) -> None:
    gathering.put(PORT, Written("PORT", "environment", text, "environment PORT"), lambda: from_text(PORT, text))


def test_a_later_value_lies_over_an_earlier_one():
    gathering = Gathering()
    put(gathering, "1")
    put(gathering, "2")
    assert gathering.values == {"server.port": 2}


def test_a_refused_value_leaves_the_earlier_one_and_a_problem():
    gathering = Gathering()
    put(gathering, "1")
    put(gathering, "x")
    assert gathering.values == {"server.port": 1}
    assert gathering.refused == {"server.port"}
    assert [problem.key for problem in gathering.problems] == ["PORT"]


def test_what_is_shown_is_short_and_printable():
    assert shown(PORT, "x" * 100) == "x" * 80 + "..."
    assert shown(PORT, "\x1b[31m") == r"'\x1b[31m'"
    assert shown(PORT, True) == "true"
    assert shown(None, [1, "a"]) == "[1, 'a']"


def test_a_secret_is_not_shown():
    assert shown(catalogue()["broker.url"], "redis://u:hunter2@h") == "***"


def test_of_a_secret_url_the_password_alone_is_kept() -> None:
    broker, key = catalogue()["broker.url"], catalogue()["push.firebase_private_key"]
    assert kept_secret(broker, "redis://u:hunter2@h/1") == "redis://u:***@h/1"
    assert kept_secret(broker, "local") is None
    assert kept_secret(key, "hunter2") == "***"
    assert kept_secret(catalogue()["broker.prefix"], "hunter2") is None
