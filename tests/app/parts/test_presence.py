from __future__ import annotations

from typing import TYPE_CHECKING

import trio.testing

from notifyd.app.parts.graph import ENCODERS
from notifyd.app.parts.presence import CHANGE_ENCODERS, configure_presence
from notifyd.model.ids import DEFAULT_CLIENT, KeyId
from notifyd.model.principal import ALL_GRANTS, Principal
from tests.app.composed import composed, loaded_with
from tests.service.node import RecordingLink

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = '[[channels]]\npattern = "room.*"\npresence = true\njoin_leave = true\n'


def test_every_kind_of_connection_but_streams_over_grpc_is_told() -> None:
    assert set(CHANGE_ENCODERS) == set(ENCODERS) - {"rpc"}


async def test_each_is_told_in_its_own_words(tmp_path: Path, nursery: trio.Nursery) -> None:
    graph = await composed(loaded_with(tmp_path, text=ROOMS), nursery)
    nursery.start_soon(graph.presence_news.run)
    for number, format_ in enumerate(("native", "sse", "dialect", "socketio", "rpc")):
        connection = graph.connector.admit(RecordingLink(encoding=format_))
        graph.connector.enter(connection, Principal(DEFAULT_CLIENT, KeyId(f"key_{number}"), ALL_GRANTS))
        graph.hub.subscribe(connection, "room.1", offset=0)
    await trio.testing.wait_all_tasks_blocked()
    told = [b"".join(connection.link.writes) for connection in graph.hub.connections()]
    words = (b'{"type":"join"', b"event: join\n", b'{"event":"join"', b'42/client-default,["join"')
    assert [told[number].count(word) for number, word in enumerate(words)] == [4, 4, 4, 4]
    assert told[4] == b""


async def test_the_rules_of_channels_say_where_and_may_change(tmp_path: Path, nursery: trio.Nursery) -> None:
    graph = await composed(loaded_with(tmp_path), nursery)
    assert graph.hub.observers == ()
    settings = loaded_with(tmp_path, text=ROOMS + "[presence]\nmax_notified = 7\n").settings
    configure_presence(graph.presence, graph.presence_news, settings)
    assert graph.presence in graph.hub.observers
    assert graph.presence.rules.of("room.1").join_leave
    assert graph.presence_news.rules.max_notified == 7
