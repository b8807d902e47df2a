from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import Kind
from notifyd.model.principal import operator
from notifyd.policy.pushing.answers import SendResult
from tests.app.composed import composed, loaded_with
from tests.store.samples import expire

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notifyd.policy.pushing.content import PushMessage


class Provider:
    """Takes everything."""

    def __init__(self) -> None:
        self.send_channel, self.sent = trio.open_memory_channel[str](10)

    async def send(self, messages: Sequence[PushMessage]) -> list[SendResult]:
        for message in messages:
            await self.send_channel.send(message.token)
        return [SendResult(200)] * len(messages)

    async def close(self) -> None:
        await trio.lowlevel.checkpoint()


async def test_who_is_away_is_pushed_and_each_by_the_own_device(tmp_path: Path, nursery: trio.Nursery) -> None:
    nursery.start_soon(expire, 20)
    provider = Provider()
    graph = await composed(loaded_with(tmp_path), nursery, push=provider)
    assert graph.pushing is not None
    nursery.start_soon(graph.dispatcher.run)
    nursery.start_soon(graph.pushing.router.run)
    for user in ("ann", "bob"):
        await graph.devices.register(DEFAULT_CLIENT, user, f"device-of-{user}")
    command = Publish(Kind.USERS, "", b"1", users=(UserId("ann"),))
    await graph.publisher.submit(operator(DEFAULT_CLIENT), command).result()
    assert await provider.sent.receive() == "device-of-ann"
    assert graph.pushing.router.paused_seconds() == 0


async def test_the_settings_reach_the_router(tmp_path: Path, nursery: trio.Nursery) -> None:
    nursery.start_soon(expire, 20)
    text = "[push]\nmax_attempts = 7\nbatch_size = 3\n[delivery]\nageing_seconds = 2"
    graph = await composed(loaded_with(tmp_path, text=text), nursery, push=Provider())
    assert graph.pushing is not None
    assert (graph.pushing.router.rules.max_attempts, graph.pushing.router.rules.batch_size) == (7, 3)
    assert graph.pushing.desk.ageing_ms == 2000
