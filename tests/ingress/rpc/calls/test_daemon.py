"""The daemon itself over the admin socket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notifyd.clock import now_ms
from notifyd.errors import Invalid
from notifyd.service.daemon import Changed, ConfigChange, ConfigEntry, Drain, Listener, Reloaded
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.ingress.rpc.house import House


async def test_the_status_is_whole(house: House) -> None:
    house.services.daemon.ready = True
    house.services.daemon.listeners = [Listener("http", "http://127.0.0.1:3000")]
    status = await house.ask("GetStatus", pb.GetStatusRequest())
    assert status.state == "ready"
    assert [(listener.name, listener.url) for listener in status.listeners] == [("http", "http://127.0.0.1:3000")]
    assert {engine.healthy for engine in status.engines} == {True}
    assert status.state_dir == str(house.path.parent)
    assert status.config_file == ""
    assert abs(status.started_at.ToMilliseconds() - now_ms()) < 20_000


async def test_a_drain_is_passed_on(house: House) -> None:
    asked: list[float | None] = []

    def drain(seconds: float | None) -> Drain:
        asked.append(seconds)
        return Drain(3, 7.0)

    house.services.daemon.on_drain = drain
    answer = await house.ask("Drain", pb.DrainRequest())
    assert (answer.connections, answer.seconds) == (3, 7.0)
    await house.ask("Drain", pb.DrainRequest(seconds=0))
    assert asked == [None, 0.0]


@pytest.mark.parametrize("seconds", [-1, 3601, float("nan")])
async def test_a_drain_out_of_range_is_refused(house: House, seconds: float) -> None:
    assert (await house.refusal("Drain", pb.DrainRequest(seconds=seconds))).status == "INVALID_ARGUMENT"


async def test_the_configuration_is_shown(house: House) -> None:
    house.services.daemon.on_show = lambda: [ConfigEntry("server.port", "3000", "default", reloadable=False)]
    answer = await house.ask("GetConfig", pb.GetConfigRequest())
    assert [(value.key, value.value, value.origin, value.reloadable) for value in answer.values] == [
        ("server.port", "3000", "default", False)
    ]


async def test_a_reload_tells_what_it_did(house: House) -> None:
    house.services.daemon.on_reload = lambda: Reloaded(["log.level"], ["server.port"])
    answer = await house.ask("ReloadConfig", pb.ReloadConfigRequest())
    assert (list(answer.applied), list(answer.need_restart)) == (["log.level"], ["server.port"])


async def test_a_bad_configuration_is_refused(house: House) -> None:
    def fail() -> Reloaded:
        raise Invalid("server.port: 99999 is over 65535", code="config_invalid")

    house.services.daemon.on_reload = fail
    refusal = await house.refusal("ReloadConfig", pb.ReloadConfigRequest())
    assert (refusal.status, refusal.code) == ("INVALID_ARGUMENT", "config_invalid")


async def test_a_starting_daemon_says_so(house: House) -> None:
    for method in ("Drain", "ReloadConfig", "GetConfig"):
        refusal = await house.refusal(method, pb.DrainRequest())
        assert (refusal.status, refusal.metadata["notifyd-retry-after"]) == ("UNAVAILABLE", "1.000")


async def test_the_admin_token_is_told(house: House) -> None:
    assert (await house.ask("GetAdminToken", pb.GetAdminTokenRequest())).token == "the-admin-token"


async def test_changes_of_the_configuration_are_passed_on(house: House) -> None:
    asked: list[tuple[list[ConfigChange], bool]] = []

    def change(changes: Sequence[ConfigChange], dry_run: bool) -> Changed:
        asked.append((list(changes), dry_run))
        return Changed(Path("/etc/o.toml"), ["channels"], ["log.level"])

    house.services.daemon.on_change = change
    changes = [pb.ConfigChange(key="channels", value="[]", expected=""), pb.ConfigChange(key="log.level")]
    answer = await house.ask("ChangeConfig", pb.ChangeConfigRequest(changes=changes, dry_run=True))
    assert (answer.overlay, list(answer.applied), list(answer.overridden)) == (
        "/etc/o.toml",
        ["channels"],
        ["log.level"],
    )
    assert asked == [([ConfigChange("channels", "[]", expected=""), ConfigChange("log.level", "")], True)]


async def test_while_it_starts_nothing_is_changed(house: House) -> None:
    assert (await house.refusal("ChangeConfig", pb.ChangeConfigRequest())).status == "UNAVAILABLE"
