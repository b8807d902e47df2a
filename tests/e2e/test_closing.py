"""Every way in which the daemon itself ends a connection, with its close code, while others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import connect, join
from tests.e2e.raw import raw
from tests.e2e.witness import undisturbed

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

SETTINGS = ("keys.max_connections_per_key=2",)


@within(30)
async def test_a_wrong_key_is_told_so_and_closed(service: Daemon) -> None:
    async with undisturbed(service), connect(service.ws_url) as peer:
        assert (await peer.hear())["type"] == "connected"
        answer = await peer.ask("authenticate", api_key="not-a-key")
        assert (answer["type"], answer["code"]) == ("error", "invalid_api_key")
        assert (await peer.ended()).code == 4003


@within(30)
async def test_one_connection_more_than_a_key_may_have(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service), join(service.ws_url, key, "c") as first, join(service.ws_url, key, "c"):
        async with connect(service.ws_url) as third:
            await third.hear()
            assert (await third.ask("authenticate", api_key=key))["code"] == "too_many_connections"
            assert (await third.ended()).code == 4006
        assert (await first.ask("ping"))["type"] == "pong"


@within(30)
async def test_a_place_that_became_free_can_be_taken(service: Daemon) -> None:
    key = await service.key()
    async with join(service.ws_url, key, "c"):
        for _ in range(5):
            async with join(service.ws_url, key, "c") as peer:
                assert (await peer.ask("ping"))["type"] == "pong"


@within(30)
async def test_revoking_a_key_ends_its_connections_in_time(service: Daemon) -> None:
    made = await service.new_key()
    async with undisturbed(service), join(service.ws_url, made["apiKey"], "c") as peer, service.rest() as client:
        assert (await client.call("DELETE", f"/api/keys/{made['keyId']}")).status == 200
        with trio.fail_after(5 * PATIENCE):
            assert (await peer.ended()).code == 4004


@within(30)
async def test_a_key_that_expires_ends_its_connections(service: Daemon) -> None:
    made = await service.ctl("keys", "create", "--name", "brief", "--expires-in", "1s", "-q")
    assert made.status == 0, made
    async with undisturbed(service), join(service.ws_url, made.out.strip(), "c") as peer:
        with trio.fail_after(6 * PATIENCE):
            assert (await peer.ended()).code == 4004


@within(30)
async def test_a_kick_ends_one_connection(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service), connect(service.ws_url) as peer, join(service.ws_url, key, "c") as other:
        identifier = (await peer.hear())["connectionId"]
        await peer.ask("authenticate", api_key=key)
        kicked = await service.ctl("connections", "kick", identifier, "--reason", "testing", "--yes", "-o", "json")
        assert kicked.json["kicked"] == [identifier]
        end = await peer.ended()
        assert (end.code, end.reason) == (4005, "testing")
        assert (await other.ask("ping"))["type"] == "pong"


@pytest.mark.slow
@within(30)
async def test_a_dead_link_is_closed_and_a_live_one_stays(start: Starter) -> None:
    daemon = await start("websocket.heartbeat_interval_seconds=0.5", "websocket.connection_timeout_seconds=1")
    key = await daemon.key()
    async with undisturbed(daemon), raw(daemon.ws) as dead, join(daemon.ws_url, key, "c") as live:
        await dead.subscribe(key, "c")
        dead.answers = False
        assert (await dead.ended()).code == 4009
        assert dead.pings
        assert (await live.ask("ping"))["type"] == "pong"


@pytest.mark.slow  # test_lifecycle.py is the quick round
@within(30)
async def test_draining_tells_everybody_to_come_back(daemon: Daemon) -> None:
    key = await daemon.key()
    async with join(daemon.ws_url, key, "c") as one, connect(daemon.ws_url) as two:
        assert (await daemon.ctl("drain", "--yes")).status == 0
        assert (await one.ended()).code == 1012
        assert (await two.ended()).code == 1012
    assert await daemon.ended() == 0
