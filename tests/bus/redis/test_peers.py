"""Nodes that share a Redis hear of each other, tell and ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
import trio

from notifyd.bus.ports import Replies
from notifyd.errors import StoreUnavailable
from tests.bus.redis.conftest import HASTY, RULES, Node
from tests.redislink.waiting import until

if TYPE_CHECKING:
    from notifyd.bus.open import PeerRules

Start = Callable[..., Awaitable[Node]]


async def two(start_node: Start, rules: PeerRules = RULES) -> tuple[Node, Node]:
    one, other = await start_node("one", rules), await start_node("other", rules)
    await until(lambda: len(one.peers.live()) == 2 and len(other.peers.live()) == 2)
    return one, other


class Watcher:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def node_came(self, node: str) -> None:
        self.seen.append(f"came {node}")

    def node_went(self, node: str) -> None:
        self.seen.append(f"went {node}")

    def missed(self) -> None:
        self.seen.append("missed")


async def test_nodes_hear_of_each_other(start_node: Start) -> None:
    one, other = await two(start_node)
    assert [node.name for node in one.peers.nodes()] == ["one", "other"]
    assert [node.name for node in other.peers.nodes()] == ["one", "other"]


async def test_one_that_leaves_is_gone_at_once(start_node: Start) -> None:
    watcher = Watcher()
    one, other = await two(start_node)
    one.peers.watch(watcher)
    other.scope.cancel()
    await until(lambda: f"went {other.id}" in watcher.seen)
    assert list(one.peers.live()) == [one.id]


async def test_one_that_goes_down_is_alive_and_takes_no_work_at_once(start_node: Start) -> None:
    one, other = await two(start_node)
    changed: list[list[str]] = []
    for node in (one, other):
        # no heartbeat helps from here on
        node.peers._roll._heartbeat_seconds = 3600
        node.peers.follow_working(lambda node=node: changed.append([node.id, *node.peers.working()]))  # type: ignore[misc]
        node.peers.announce()
    describe = other.peers._roll._describe
    other.peers._roll._describe = lambda: msgspec.structs.replace(describe(), state="draining")
    other.peers.announce()
    await until(lambda: len(changed) == 2)
    assert sorted(changed) == [[one.id, one.id], [other.id, one.id]]
    assert len(one.peers.live()) == 2


async def test_one_that_falls_silent_is_dead(start_node: Start) -> None:
    one, other = await two(start_node, HASTY)

    async def silent(**_: object) -> None:
        await trio.lowlevel.checkpoint()

    other.peers._roll.beat = silent  # type: ignore[method-assign]
    await until(lambda: list(one.peers.live()) == [one.id])


async def test_nobody_has_gone_because_redis_was_away(start_node: Start) -> None:
    one, other = await two(start_node)
    watcher = Watcher()
    one.peers.watch(watcher)
    line, roll = one.peers._line, one.peers._roll
    beat, roll._line = roll.beat, FailingLine()  # type: ignore[assignment]
    await roll._try_to_beat()
    await line.send("DEL", roll._key).wait()
    roll._line = line
    await beat()
    assert f"went {other.id}" not in watcher.seen
    assert set(one.peers.live()) == {one.id, other.id}


class FailingLine:
    def script(self, *_: object) -> object:
        raise StoreUnavailable("away")


async def test_what_one_tells_all_others_hear(start_node: Start) -> None:
    one, other = await two(start_node)
    heard: list[tuple[str, bytes]] = []
    for node in (one, other):
        node.peers.hear("news", lambda sender, body: heard.append((sender, bytes(body))))
    one.peers.tell("news", b'{"a":1}')
    await until(lambda: bool(heard))
    one.peers.tell("news", b"2", node=other.id)
    await until(lambda: len(heard) > 1)
    assert heard == [(one.id, b'{"a":1}'), (one.id, b"2")]


async def test_an_ask_gathers_the_answers_of_all_others(start_node: Start) -> None:
    one, other = await two(start_node)

    async def twice(body: msgspec.Raw) -> bytes:
        return msgspec.json.encode(2 * msgspec.json.decode(body))

    other.peers.answer("twice", twice)
    replies = await one.peers.ask("twice", b"21")
    assert {node: bytes(body) for node, body in replies.answers.items()} == {other.id: b"42"}
    assert not replies.missing
    assert await one.peers.ask("twice", b"1", node=other.id) == Replies({other.id: msgspec.Raw(b"2")})


async def test_who_does_not_answer_in_time_is_missing(start_node: Start) -> None:
    one, other = await two(start_node, HASTY)

    async def never(_body: msgspec.Raw) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    async def broken(_body: msgspec.Raw) -> bytes:
        raise ValueError("a fault of ours")

    other.peers.answer("never", never)
    other.peers.answer("broken", broken)
    for subject in ("never", "broken", "unknown"):
        assert await one.peers.ask(subject, b"1") == Replies({}, (other.id,))


async def test_what_is_no_message_is_passed_over(start_node: Start) -> None:
    one, other = await two(start_node)
    heard: list[bytes] = []
    other.peers.hear("news", lambda _, body: heard.append(bytes(body)))
    line = one.peers._link.line("test")
    for payload in (b"", b"[]", b'[2,"x","tell","news",0,1]', b'[1,"x","shout","news",0,1]'):
        await line.send("SPUBLISH", one.peers._link.keys.bus, payload).wait()
    one.peers.tell("news", b"7")
    await until(lambda: bool(heard))
    assert heard == [b"7"]
