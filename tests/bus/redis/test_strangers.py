"""What somebody else writes where nodes meet: it is passed over, and nobody ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from notifyd.model.node import NodeInfo
from notifyd.wire.peers import decode_message
from tests.bus.redis.test_peers import two
from tests.redislink.waiting import until

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions
    from tests.bus.redis.test_peers import Start
    from tests.valkey import Valkey

NESTED = b"[" * 100_000 + b"]" * 100_000
MESSAGES = (
    b"", b"\xff", b"null", b"[1]", NESTED, b'[1,"\xff","tell","news",0,1]', b'[1,"x","tell","news",0,%b]' % NESTED,
    b'[1,"x","whisper","news",0,1]', b'[2,"x","tell","news",0,1]',
)  # fmt: skip


@pytest.mark.parametrize("payload", MESSAGES, ids=range(len(MESSAGES)))
def test_what_is_no_message_is_none(payload: bytes) -> None:
    assert decode_message(payload) is None


async def test_a_handler_that_cannot_read_a_message_hears_the_next(start_node: Start, valkey: Valkey) -> None:
    one, other = await two(start_node)
    heard: list[int] = []
    other.peers.hear("news", lambda _node, body: heard.append(msgspec.json.decode(body, type=int)))
    topic = other.peers._link.keys.bus
    for payload in (*MESSAGES, b'[1,"x","tell","news",0,"no number"]'):
        # both follow it
        assert valkey.call("SPUBLISH", topic, payload) == 2
    one.peers.tell("news", b"5")
    await until(lambda: heard == [5])


async def test_what_no_node_wrote_among_the_nodes_is_taken_out(
    start_node: Start, valkey: Valkey, redis_options: RedisOptions
) -> None:
    one, other = await two(start_node)
    info = msgspec.json.encode(NodeInfo("x", "x", "0", 1, 0))
    for field, value in ((b"\xff", b"?"), (b"odd", b""), (b"ever", b"9" * 15 + b" " + info)):
        valkey.call("HSET", f"{redis_options.prefix}:nodes", field, value)
    await until(lambda: valkey.call("HLEN", f"{redis_options.prefix}:nodes") == 2)
    assert {*one.peers.live()} == {*other.peers.live()} == {one.id, other.id}


async def test_a_node_that_cannot_be_read_is_alive_all_the_same(
    start_node: Start, valkey: Valkey, redis_options: RedisOptions
) -> None:
    one = await start_node("one")
    seconds, _ = valkey.call("TIME")
    until_ms = (int(seconds) + 60) * 1000
    for field, info in ((b"new", b'{"id":5}'), (b"\xff", b"\xff"), (b"other", b'{"id":"one-1"}'), (b"deep", NESTED)):
        valkey.call("HSET", f"{redis_options.prefix}:nodes", field, b"%d %b" % (until_ms, info))
    await until(lambda: len(one.peers.live()) == 5)
    assert {node.id for node in one.peers.nodes()} == {*one.peers.live()} == {one.id, "new", "\ufffd", "other", "deep"}


async def test_nodes_that_find_something_else_in_their_place_go_on_once_it_is_gone(
    start_node: Start, valkey: Valkey, redis_options: RedisOptions
) -> None:
    key = f"{redis_options.prefix}:nodes"
    one, other = await two(start_node)
    valkey.call("SET", key, "theirs")
    with trio.move_on_after(0.2):
        await until(lambda: len(one.peers.live()) != 2)
    assert len(one.peers.live()) == 2
    valkey.call("DEL", key)
    await until(lambda: valkey.call("HLEN", key) == 2)
    await until(lambda: len(one.peers.live()) == len(other.peers.live()) == 2)
