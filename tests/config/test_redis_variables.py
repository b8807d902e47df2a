from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import parse_url

from notifyd.config import ConfigInvalid, Loaded
from notifyd.config.forms import FORMS
from notifyd.config.load import assemble
from notifyd.config.redis_variables import lonely, redis_url
from notifyd.config.sources import Sources


def load(environ: dict[str, str], dotenv: dict[str, str] | None = None, flags: dict[str, str] | None = None) -> Loaded:
    return assemble(Sources(None, None, None, dotenv or {}, {"HOME": "/h"} | environ, flags or {}))


def complaints(**environ: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(environ)
    return [str(problem) for problem in caught.value.problems]


def test_the_host_alone_selects_redis_and_bullmq():
    loaded = load({"REDIS_HOST": "cache"})
    assert loaded.settings.broker.url == "redis://cache:6379"
    assert loaded.origins["broker.url"] == "environment REDIS_HOST"
    assert (loaded.settings.bullmq.enabled, loaded.settings.bullmq.url) == (True, "redis://cache:6379")


def test_port_and_password_say_the_rest():
    loaded = load({"REDIS_HOST": "::1", "REDIS_PORT": "6380", "REDIS_PASSWORD": "p@s/s"})
    assert loaded.settings.broker.url == "redis://:p%40s%2Fs@[::1]:6380"


def test_an_empty_host_selects_nothing():
    assert load({"REDIS_HOST": ""}).settings.broker.url == "local"


@pytest.mark.parametrize(
    ("environ", "dotenv", "flags", "url", "origin"),
    [
        ({}, {"REDIS_HOST": "a"}, {}, "redis://a:6379", ".env REDIS_HOST"),
        ({"REDIS_HOST": "b"}, {"REDIS_HOST": "a"}, {}, "redis://b:6379", "environment REDIS_HOST"),
        ({"REDIS_PORT": "1"}, {"REDIS_HOST": "a", "REDIS_PORT": "2"}, {}, "redis://a:1", ".env REDIS_HOST"),
        (
            {"REDIS_HOST": "b", "NOTIFYD_BROKER_URL": "redis://c"},
            {},
            {},
            "redis://c",
            "environment NOTIFYD_BROKER_URL",
        ),
        ({"REDIS_HOST": "b"}, {}, {"broker.url": "local"}, "local", "flag -S broker.url"),
    ],
)
def test_the_order_is_that_of_all_settings(
    environ: dict[str, str], dotenv: dict[str, str], flags: dict[str, str], url: str, origin: str
):
    loaded = load(environ, dotenv, flags)
    assert (loaded.settings.broker.url, loaded.origins["broker.url"]) == (url, origin)


def test_what_is_wrong_is_named_with_its_variable():
    assert complaints(REDIS_HOST="redis://h", REDIS_PORT="many", REDIS_PASSWORD="hunter2") == [
        "environment: REDIS_HOST = redis://h: must be an IP address (IPv6 without brackets) or a host name",
        "environment: REDIS_PORT = many: must be a port between 1 and 65535",
    ]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "6379.0"])
def test_a_port_that_is_none_is_refused(port: str):
    assert complaints(REDIS_HOST="h", REDIS_PORT=port) == [
        f"environment: REDIS_PORT = {port}: must be a port between 1 and 65535"
    ]


def test_a_zone_fits_no_url():
    assert complaints(REDIS_HOST="fe80::1%eth0") == ["environment: REDIS_HOST = fe80::1%eth0: must not have a zone"]


def test_what_kubernetes_sets_for_a_service_called_redis_is_no_port():
    variables = {"REDIS_PORT": "tcp://10.0.0.1:6379"}
    assert load({"REDIS_HOST": "h", **variables}).settings.broker.url == "redis://h:6379"
    assert lonely(variables) == []


def test_port_and_password_without_a_host_warn():
    assert load({"REDIS_PORT": "1", "REDIS_PASSWORD": "hunter2"}).warnings == (
        "REDIS_PORT is set and counts for nothing, because REDIS_HOST is not",
        "REDIS_PASSWORD is set and counts for nothing, because REDIS_HOST is not",
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_password_arrives_at_the_driver(password: str):
    url = redis_url("h", "", password)
    assert FORMS["broker"](url) is None
    assert parse_url(url).get("password", "") == password
