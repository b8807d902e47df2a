from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config.catalogue import catalogue, environment_names, flag_names
from notifyd.config.from_variables import take_flag, take_variables
from notifyd.config.gathering import Gathering


def gathered(**variables: str) -> Gathering:
    gathering = Gathering()
    take_variables(gathering, variables, "environment")
    return gathering


def complaints(gathering: Gathering) -> list[str]:
    return [str(problem) for problem in gathering.problems]


def test_own_name_goes_over_the_name_of_the_service():
    gathering = gathered(NOTIFYD_SERVER_PORT="1", PORT="2")
    assert gathering.values == {"server.port": 1}
    assert gathering.origins == {"server.port": "environment NOTIFYD_SERVER_PORT"}


def test_service_names_keep_their_units():
    gathering = gathered(HEARTBEAT_INTERVAL="15000", RETRY_DELAY="250", MESSAGE_EXPIRY="3600000", API_KEY_LENGTH="24")
    assert gathering.values == {
        "websocket.heartbeat_interval_seconds": 15.0,
        "delivery.retry_delay_seconds": 0.25,
        "delivery.message_expiry_seconds": 3600.0,
        "keys.key_bytes": 24,
    }


def test_an_empty_variable_of_the_service_is_not_set():
    gathering = gathered(PORT="", LOG_LEVEL="")
    assert (gathering.values, gathering.problems) == ({}, [])


def test_variables_of_others_are_left_alone():
    gathering = gathered(PATH="/bin", NOTIFYCTL_SOCKET="/s", NOTIFYD_TEST_MONGODB_URI="x", NOTIFYD_CONFIG="/f")
    assert gathering.values == {}
    assert gathering.problems == []


def test_a_bad_value_is_named_with_its_variable():
    assert complaints(gathered(MAX_QUEUE_SIZE="many")) == [
        "environment: MAX_QUEUE_SIZE = many: must be a whole number",
    ]


def test_an_unknown_name_of_ours_is_an_error():
    assert complaints(gathered(NOTIFYD_SERVER_PRT="1")) == [
        "environment: NOTIFYD_SERVER_PRT = 1: unknown key; the nearest key is NOTIFYD_SERVER_PORT",
    ]


@pytest.mark.parametrize("name", ["NOTIFYD_SECRET_TOKEN", "NOTIFYD_BROKER_PASSWORD"])
def test_what_may_be_a_secret_is_not_shown(name: str):
    assert "hunter2" not in complaints(gathered(**{name: "hunter2"}))[0]


def test_channels_have_no_variable():
    assert "unknown key" in complaints(gathered(NOTIFYD_CHANNELS="x"))[0]


@given(st.from_regex(r"NOTIFYD_[A-Z_]{0,30}", fullmatch=True))
def test_any_unknown_name_yields_an_error_that_names_a_right_one(name: str):
    known = name in environment_names() or name == "NOTIFYD_CONFIG" or name.startswith("NOTIFYD_TEST_")
    problems = gathered(**{name: "1"}).problems
    assert known or [problem.nearest in environment_names() for problem in problems] == [True]


KUBERNETES = {
    "NOTIFYD_SERVICE_HOST": "10.0.0.1",
    "NOTIFYD_SERVICE_PORT": "3000",
    "NOTIFYD_SERVICE_PORT_HTTP": "3000",
    "NOTIFYD_PORT": "tcp://10.0.0.1:3000",
    "NOTIFYD_PORT_3000_TCP": "tcp://10.0.0.1:3000",
    "NOTIFYD_PORT_3000_TCP_ADDR": "10.0.0.1",
}


def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_mistake():
    assert gathered(KUBERNETES_SERVICE_HOST="10.0.0.1", **KUBERNETES).problems == []


def test_elsewhere_the_same_names_are_mistakes():
    assert len(gathered(**KUBERNETES).problems) == len(KUBERNETES)


def test_flags_are_options_or_keys():
    gathering = Gathering()
    take_flag(gathering, "--port", "1")
    take_flag(gathering, "http.max_headers", "20")
    assert gathering.values == {"server.port": 1, "http.max_headers": 20}
    assert gathering.origins == {"server.port": "flag --port", "http.max_headers": "flag -S http.max_headers"}


def test_an_unknown_flag_is_named():
    gathering = Gathering()
    take_flag(gathering, "server.prot", "1")
    assert complaints(gathering) == ["flag: server.prot = 1: unknown key; the nearest key is server.port"]


@given(st.text(max_size=30).filter(lambda name: name not in (*flag_names(), *catalogue())))
def test_any_unknown_key_yields_an_error_that_names_a_right_one(name: str):
    gathering = Gathering()
    take_flag(gathering, name, "1")
    assert [problem.nearest in catalogue() for problem in gathering.problems] == [True]
