from __future__ import annotations

import pytest

from notifyd.config.catalogue import catalogue, environment_names
from notifyd.config.problems import ConfigInvalid, ConfigProblem, nearest


def test_a_problem_says_place_key_value_and_the_nearest_key():
    problem = ConfigProblem("unknown key", "server.prot", "3000", "/etc/n.toml:3", "server.port")
    assert str(problem) == "/etc/n.toml:3: server.prot = 3000: unknown key; the nearest key is server.port"


def test_a_problem_of_a_whole_file_has_no_key():
    assert str(ConfigProblem("is not UTF-8", place="/etc/n.toml")) == "/etc/n.toml: is not UTF-8"


def test_a_problem_may_be_a_sentence_alone():
    assert str(ConfigProblem("NODE_ENV=production refuses --dev")) == "NODE_ENV=production refuses --dev"


def test_a_key_without_a_value_is_named_alone():
    assert str(ConfigProblem("is missing", "[[channels]] pattern")) == "[[channels]] pattern: is missing"


def test_all_problems_are_in_the_error():
    error = ConfigInvalid([ConfigProblem("one"), ConfigProblem("two")])
    assert str(error) == "one\ntwo"
    assert [problem.message for problem in error.problems] == ["one", "two"]
    assert error.code == "config_invalid"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("server.prot", "server.port"),
        ("port", "server.port"),
        ("heartbeat_interval", "websocket.heartbeat_interval_seconds"),
        ("delivery.retry_atempts", "delivery.retry_attempts"),
        ("http.heartbeat_interval_seconds", "websocket.heartbeat_interval_seconds"),
        ("LOG.LEVEL", "log.level"),
    ],
)
def test_nearest_key(wrong: str, right: str):
    assert nearest(wrong, catalogue()) == right


def test_nearest_environment_name():
    assert nearest("NOTIFYD_SERVR_PORT", environment_names()) == "NOTIFYD_SERVER_PORT"
    assert nearest("NOTIFYD_PORT", environment_names()) == "NOTIFYD_SERVER_PORT"
