from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.graph import ENCODERS
from notifyd.app.presence import CHANGE_ENCODERS, configure_presence
from tests.app.composed import composed, loaded_with

if TYPE_CHECKING:
    from pathlib import Path

    import trio

ROOMS = '[[channels]]\npattern = "room.*"\npresence = true\njoin_leave = true\n'


def test_every_kind_of_connection_but_streams_over_grpc_is_told() -> None:
    assert set(CHANGE_ENCODERS) == set(ENCODERS) - {"rpc"}


async def test_the_rules_of_channels_say_where_and_may_change(tmp_path: Path, nursery: trio.Nursery) -> None:
    graph = await composed(loaded_with(tmp_path), nursery)
    assert graph.hub.observers == ()
    settings = loaded_with(tmp_path, text=ROOMS + "[presence]\nmax_notified = 7\n").settings
    configure_presence(graph.presence, graph.presence_news, settings)
    assert graph.presence in graph.hub.observers
    assert graph.presence.rules.of("room.1").join_leave
    assert graph.presence_news.rules.max_notified == 7
