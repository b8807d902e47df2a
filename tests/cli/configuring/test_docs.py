"""notifyctl config doc: what every setting is, from its one declaration."""

from __future__ import annotations

import json

import pytest

from notifyctl.configuring import docs
from notifyctl.main import run
from notifyd.config import catalogue
from notifyd.config.catalogue import TABLES, service_names, table_keys


def told(capsys: pytest.CaptureFixture[str], *args: str, status: int = 0) -> str:
    assert run(["config", "doc", *args]) == status
    said = capsys.readouterr()
    return said.err if status else said.out


def test_one_is_told_with_everything_that_is_known(capsys: pytest.CaptureFixture[str]):
    said = dict(line.split("\t") for line in told(capsys, "HEARTBEAT_INTERVAL").splitlines())
    assert said["key"] == "websocket.heartbeat_interval_seconds"
    assert (said["unit"], said["default"], said["effect"]) == ("seconds", "30.0", "reload")
    assert said["environment"] == "NOTIFYD_WEBSOCKET_HEARTBEAT_INTERVAL_SECONDS"
    assert (said["service"], said["milliseconds"]) == ("HEARTBEAT_INTERVAL", "true")
    assert "follows" not in said


def test_nothing_said_is_left_out_but_in_json(capsys: pytest.CaptureFixture[str]):
    record = json.loads(told(capsys, "server.tls_key", "-o", "json"))
    assert (record["type"], record["effect"], record["flag"]) == ("path, may be empty", "restart", None)


def test_all_are_told_unless_some_are_named(capsys: pytest.CaptureFixture[str]):
    tables = [entry.path for table in TABLES for entry in table_keys(table).values()]
    assert told(capsys, "-q").split() == [*catalogue(), *tables]
    assert told(capsys, "channels", "log.level", "-q").split() == [
        "log.level",
        *(entry.path for entry in table_keys("channels").values()),
    ]


@pytest.mark.parametrize("name", [*service_names(), "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"])
def test_every_name_of_the_services_leads_to_its_setting(name: str):
    (record,) = docs.find([name])
    assert name in record["service"]


def test_what_is_not_there_is_told_with_the_nearest_name(capsys: pytest.CaptureFixture[str]):
    assert "no setting server.prot; the nearest name is server.port" in told(capsys, "server.prot", status=3)
    assert "the nearest name is WS_PORT" in told(capsys, "WS_PROT", status=3)


def test_every_name_that_is_completed_is_known():
    for name in docs.names():
        assert docs.find([name])
