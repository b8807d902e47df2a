from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config.catalogue import Entry, Value, catalogue
from notifyd.config.values import ValueRefused, check, from_text, from_toml, to_text, to_toml
from tests.config.strategies import pairs

PORT = catalogue()["server.port"]
DRAIN = catalogue()["server.drain_seconds"]
BODY = catalogue()["http.max_body_bytes"]
HEARTBEAT = catalogue()["websocket.heartbeat_interval_seconds"]
LEVEL = catalogue()["log.level"]
OPEN = catalogue()["metrics.open"]
PROXIES = catalogue()["server.trusted_proxies"]
STATE = catalogue()["server.state_dir"]
TLS_KEY = catalogue()["server.tls_key"]


@given(pairs())
def test_a_value_survives_a_toml_file(pair: tuple[Entry, Value]):
    entry, value = pair
    assert from_toml(entry, tomllib.loads(f"x = {to_toml(value)}")["x"]) == value


@given(pairs())
def test_a_value_survives_an_environment_variable(pair: tuple[Entry, Value]):
    entry, value = pair
    assert from_text(entry, to_text(value)) == value


@given(st.sampled_from(list(catalogue().values())), st.text(max_size=40))
def test_any_text_is_taken_or_refused(entry: Entry, text: str):
    with suppress(ValueRefused):
        value = from_text(entry, text)
        assert check(entry, value) == value


@given(
    st.sampled_from(list(catalogue().values())),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.datetimes(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
)
def test_any_toml_value_is_taken_or_refused(entry: Entry, raw: object):
    with suppress(ValueRefused):
        value = from_toml(entry, raw)
        assert from_toml(entry, tomllib.loads(f"x = {to_toml(value)}")["x"]) == value


@pytest.mark.parametrize("text", ["true", "TRUE", "yes", "on", "1", " true "])
def test_words_for_true(text: str):
    assert from_text(OPEN, text) is True


@pytest.mark.parametrize("text", ["false", "No", "off", "0"])
def test_words_for_false(text: str):
    assert from_text(OPEN, text) is False


@pytest.mark.parametrize(
    ("entry", "text", "message"),
    [
        (OPEN, "maybe", "must be true or false"),
        (PORT, "80.5", "must be a whole number"),
        (PORT, "0x50", "must be a whole number"),
        (PORT, "٣", "must be a whole number"),
        (PORT, "1_000", "must be a whole number"),
        (PORT, "", "must be a whole number"),
        (PORT, "65536", "must be between 0 and 65535"),
        (PORT, "-1", "must be between 0 and 65535"),
        (DRAIN, "10s", "must be a number of seconds, without a unit behind it"),
        (DRAIN, "inf", "must be a number of seconds, without a unit behind it"),
        (DRAIN, "1e300", "must be between 0 and 3600 seconds"),
        (BODY, "1MiB", "must be a whole number of bytes, without a unit behind it"),
        (BODY, "12", "must be between 1024 and 9007199254740991 bytes"),
        (LEVEL, "loud", "must be one of debug, info, warning, error, critical"),
        (STATE, "", "must be the path of a folder"),
        (STATE, "a\0b", "must not contain a NUL character"),
    ],
)
def test_text_that_does_not_fit(entry: Entry, text: str, message: str):
    with pytest.raises(ValueRefused) as refused:
        from_text(entry, text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("entry", "raw", "message"),
    [
        (PORT, "3000", "must be a whole number"),
        (PORT, True, "must be a whole number"),
        (PORT, 80.0, "must be a whole number"),
        (DRAIN, "10", "must be a number of seconds, without a unit behind it"),
        (DRAIN, float("nan"), "must be between 0 and 3600 seconds"),
        (DRAIN, 10**400, "must be between 0 and 3600 seconds"),
        (OPEN, 1, "must be true or false"),
        (LEVEL, 3, "must be a text in quotes"),
        (STATE, ["x"], "must be a text in quotes"),
        (PROXIES, "10.0.0.0/8", "must be a list of texts"),
        (PROXIES, [1], "must be a list of texts"),
    ],
)
def test_toml_that_does_not_fit(entry: Entry, raw: object, message: str):
    with pytest.raises(ValueRefused) as refused:
        from_toml(entry, raw)
    assert str(refused.value) == message


@pytest.mark.parametrize("entry", [PORT, DRAIN, BODY], ids=lambda entry: entry.path)
def test_both_bounds_are_allowed(entry: Entry):
    assert check(entry, entry.setting.low) == entry.setting.low
    assert check(entry, entry.high) == entry.high


def test_milliseconds_become_seconds():
    assert from_text(HEARTBEAT, "45000", milliseconds=True) == 45.0
    assert from_text(HEARTBEAT, "1500", milliseconds=True) == 1.5


def test_a_refusal_speaks_in_the_unit_it_was_written_in():
    with pytest.raises(ValueRefused, match=r"^must be between 100 and 315360000000 milliseconds$"):
        from_text(HEARTBEAT, "5", milliseconds=True)
    with pytest.raises(ValueRefused, match=r"^must be a number of milliseconds, without a unit behind it$"):
        from_text(HEARTBEAT, "30s", milliseconds=True)


@pytest.mark.parametrize(
    ("text", "level"), [("WARN", "warning"), ("trace", "debug"), ("fatal", "critical"), ("Info", "info")]
)
def test_levels_of_other_loggers_are_understood(text: str, level: str):
    assert from_text(LEVEL, text) == level
    assert from_toml(LEVEL, text) == level


def test_a_list_is_separated_by_commas():
    assert from_text(PROXIES, "10.0.0.0/8, 192.0.2.1,") == ("10.0.0.0/8", "192.0.2.1")
    assert from_text(PROXIES, "") == ()


def test_a_list_is_checked_item_by_item():
    with pytest.raises(ValueRefused, match="must be a network"):
        from_toml(PROXIES, ["10.0.0.0/8", "10.0.0.1/8"])


def test_a_whole_number_of_seconds_is_a_length_of_time():
    value = from_toml(DRAIN, 10)
    assert isinstance(value, float)
    assert value == 10.0


def test_an_empty_path_is_no_path_where_that_is_allowed():
    assert from_text(TLS_KEY, "") is None
    assert from_toml(TLS_KEY, "") is None
    assert from_toml(TLS_KEY, "/k.pem") == Path("/k.pem")


def test_whole_seconds_are_written_without_a_fraction():
    assert to_toml(30.0) == "30"
    assert to_toml(0.5) == "0.5"
