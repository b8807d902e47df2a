"""Publishing over the admin socket, which no rate limit counts: one gRPC stream for all that is under way."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import trio

from notifyctl.benching.connections.place import ANSWER_SECONDS, Failed, failures
from notifyctl.daemons.calling import refusals
from notifyctl.exits import Refusal
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.daemons.calling import Daemon


class _Waiting:
    """Requests of one call of `publish`."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.problem: Failed | None = None
        self.done = trio.Event()

    def settle(self, problem: Failed | None) -> None:
        self.left -= 1
        self.problem = self.problem or problem
        if not self.left:
            self.done.set()


class Streamer:
    """Publishes over the admin socket; any number of tasks may at once.

    grpc reads requests and hands over answers in threads of its own; what they find is told in trio's.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._token = trio.lowlevel.current_trio_token()
        self._requests: queue.SimpleQueue[types_pb2.PublishRequest | None] = queue.SimpleQueue()
        self._waiting: dict[int, _Waiting] = {}
        self._next = 0
        self._ended: Failed | None = None
        self.sent_bytes = 0
        self.received_bytes = 0
        self._call: Any = daemon.stream("PublishStream", iter(self._requests.get, None))
        threading.Thread(target=self._receive, daemon=True).start()

    async def publish(self, channel: str, datas: Sequence[str]) -> None:
        """Publish *datas*, JSON texts, to *channel*, and wait until they are accepted.

        Raises:
            Failed: one was not, or nobody knows.
        """
        if self._ended is not None:
            raise self._ended
        waiting = _Waiting(len(datas))
        for data in datas:
            self._waiting[self._next] = waiting
            self._next += 1
            self.sent_bytes += len(data)
            target = types_pb2.Target(channel=channel)
            self._requests.put(types_pb2.PublishRequest(target=target, data_json=data))
        with failures(), trio.fail_after(ANSWER_SECONDS):
            await waiting.done.wait()
        if waiting.problem is not None:
            raise waiting.problem

    def close(self) -> None:
        """End the stream."""
        self._requests.put(None)
        self._call.cancel()

    def _receive(self) -> None:
        problem = Failed("connection_lost")
        try:
            with refusals():
                for result in self._call:
                    self._tell(self._take, result)
        except Refusal as refusal:
            problem = Failed(refusal.code, detail=refusal.message)
        self._tell(self._end, problem)

    def _tell(self, function: Any, *what: Any) -> None:
        try:
            self._token.run_sync_soon(function, *what)
        except trio.RunFinishedError:
            self._call.cancel()

    def _take(self, result: pb.PublishResult) -> None:
        waiting = self._waiting.pop(result.index)
        waiting.settle(None if result.HasField("accepted") else _refused(result.refused))

    def _end(self, problem: Failed) -> None:
        self._ended = problem
        for waiting in self._waiting.values():
            waiting.settle(problem)
        self._waiting.clear()


def _refused(problem: pb.Problem) -> Failed:
    return Failed(problem.code, gone=False, detail=problem.message, retry_after_seconds=problem.retry_after_seconds)
