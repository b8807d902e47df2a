"""Stock socket.io-client: the callback of a delivery acks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.interop.applications import register, socketio

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("transports", [["polling"], ["websocket"]])
@within(30)
async def test_what_was_not_acked_comes_with_the_next_connection(
    service: Daemon, tmp_path: Path, transports: list[str]
) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        await remote.connect(application, transports=transports, auth=application.auth(ack=True))
        first, second = [await application.send("alice", n=n) for n in range(2)]
        assert [(await remote.notification())["notificationId"] for _ in range(2)] == [first, second]
        await remote.do("callback", id=first)
        # events are answered in order: this one after the ack
        assert (await remote.ask("ack", {"id": first})) == {"success": True, "acked": 0}
        await remote.do("drop")
        await remote.hear("disconnect")
        assert (await remote.notification())["notificationId"] == second
        assert remote.notifications().count(first) == 1


@within(30)
async def test_a_channel_with_acks_goes_on_under_its_name(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    token = application.token("alice", channels=["orders"])
    async with socketio(tmp_path) as remote:
        await remote.connect(application, auth={**application.auth(), "token": token})
        wish = {"channel": "orders", "ack": True, "durable": "app"}
        assert (await remote.ask("subscribe", wish))["ack"] is True
        for n in range(2):
            await service.ctl("send", "--client", application.id, "--channel", "orders", "--data", f'{{"n":{n}}}')
        told = [await remote.notification() for _ in range(2)]
        await remote.do("callback", id=told[1]["notificationId"])
        await remote.ask("ack", {"id": told[1]["notificationId"]})
        await remote.do("drop")
        await remote.hear("disconnect")
        await remote.hear("connect")
        answer = await remote.ask("subscribe", wish)
        assert (answer["recovered"], answer["replayed"]) == (True, 1)
        assert (await remote.notification())["n"] == 0
