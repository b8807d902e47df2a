"""What comes of Redis when a test lets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.scripts import Script
    from notifyd.redislink.topics.following import Following
    from notifyd.redislink.topics.listener import Listener


class Gate:
    """Open, or shut until it is opened; what comes meanwhile waits, in its order."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []
        self._shut = False

    def __len__(self) -> int:
        return len(self._waiting)

    def shut(self) -> None:
        self._shut = True

    def open(self) -> None:
        self._shut = False
        while self._waiting:
            self.let_one()

    def let_one(self) -> None:
        self._waiting.pop(0)()

    def pass_on(self, callback: Callable[[], None]) -> None:
        if self._shut:
            self._waiting.append(callback)
        else:
            callback()

    async def go_through(self) -> None:
        passed = trio.Event()
        self.pass_on(passed.set)
        await passed.wait()


class SlowReply:
    """A reply whose answer comes through a gate."""

    def __init__(self, reply: Reply, gate: Gate) -> None:
        self._reply = reply
        self._gate = gate
        self._came = trio.Event()
        self._callbacks: list[Callable[[Any], None]] = []
        reply.then(lambda _: gate.pass_on(self._come))

    def _come(self) -> None:
        self._came.set()
        for callback in self._callbacks:
            callback(self)

    def result(self) -> Any:
        return self._reply.result()

    async def wait(self) -> Any:
        await self._came.wait()
        return self.result()

    def then(self, callback: Callable[[Any], None]) -> None:
        if self._came.is_set():
            callback(self)
        else:
            self._callbacks.append(callback)


def slow_down(line: Line, names: Collection[str], gate: Gate) -> None:
    """Have what the scripts of these names answer on *line* come through *gate*."""
    call = line.script

    def script(script: Script, *args: Any) -> Any:
        reply = call(script, *args)
        return SlowReply(reply, gate) if script.name in names else reply

    line.script = script  # type: ignore[method-assign]


def hold_back(listener: Listener, gate: Gate, heard: list[bytes] | None = None) -> list[Callable[[], None]]:
    """Have what is published come through *gate*; *heard* has all that came to it.

    Answers what was called because a topic was live.
    """
    follow = listener.follow
    lives: list[Callable[[], None]] = []

    def slow_follow(topic: str, on_message: Callable[[bytes], None], on_live: Callable[[], None]) -> Following:
        return follow(topic, lambda message: hear(on_message, message), lambda: live(on_live))

    def hear(on_message: Callable[[bytes], None], message: bytes) -> None:
        if heard is not None:
            heard.append(message)
        gate.pass_on(lambda: on_message(message))

    def live(on_live: Callable[[], None]) -> None:
        lives.append(on_live)
        on_live()

    listener.follow = slow_follow  # type: ignore[method-assign]
    return lives
