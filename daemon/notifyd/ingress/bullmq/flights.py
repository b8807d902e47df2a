"""Many commands of BullMQ's scripts in one round trip, where its package would make one for each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from notifyd.redislink.for_asyncio.client import NO_SCRIPT, exchange

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

#: Commands in one flight at most.
_MOST: Final = 500


class _Call:
    __slots__ = ("answer", "script", "words")

    def __init__(self, script: Any, keys: Sequence[Any], args: Sequence[Any], answer: asyncio.Future[Any]) -> None:
        self.script = script
        self.words = ("EVALSHA", script.sha, len(keys), *keys, *args)
        self.answer = answer


class Flights:
    """Collects what is called in one turn of the loop, and while a flight is out; sends it in the order of calls."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._waiting: list[_Call] = []
        self._pilot: asyncio.Task[None] | None = None

    def equip(self, scripts: MutableMapping[str, Any]) -> None:
        """Put the scripts of a `RedisConnection` (its `commands`) on board."""
        for name, script in scripts.items():
            scripts[name] = self._boarding(script)

    async def close(self) -> None:
        """Let go of what waits."""
        if self._pilot is not None:
            self._pilot.cancel()
            await asyncio.gather(self._pilot, return_exceptions=True)
        # one that was cancelled before its first step has not done this
        self._let_go([])

    def _boarding(self, script: Any) -> Callable[..., asyncio.Future[Any]]:
        def call(keys: Sequence[Any] = (), args: Sequence[Any] = (), _client: Any = None) -> asyncio.Future[Any]:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Call(script, keys, args, answer))
            if self._pilot is None:
                self._pilot = asyncio.create_task(self._fly())
            return answer

        return call

    async def _fly(self) -> None:
        calls: list[_Call] = []
        try:
            while self._waiting:
                calls, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._flight(calls)
        finally:
            self._pilot = None
            self._let_go(calls)

    def _let_go(self, calls: list[_Call]) -> None:
        left, self._waiting = (*calls, *self._waiting), []
        for call in left:
            call.answer.cancel()

    async def _flight(self, calls: list[_Call]) -> None:
        try:
            answers = await exchange(self._client, [call.words for call in calls])
            lost = [place for place, answer in enumerate(answers) if isinstance(answer, NO_SCRIPT)]
            if lost:
                # the server is new, or was restarted: none of these was done
                for script in {id(calls[place].script): calls[place].script for place in lost}.values():
                    await self._client.script_load(script.script)
                again = await exchange(self._client, [calls[place].words for place in lost])
                for place, answer in zip(lost, again, strict=True):
                    answers[place] = answer
        except Exception as exc:  # noqa: BLE001  # it is raised where the answers are awaited
            answers = [exc] * len(calls)
        for call, answer in zip(calls, answers, strict=True):
            if call.answer.done():
                continue
            if isinstance(answer, Exception):
                call.answer.set_exception(answer)
            else:
                call.answer.set_result(answer)
