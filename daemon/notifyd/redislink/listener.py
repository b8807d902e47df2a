"""What is published on topics (sharded pub/sub), brought into trio."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.backlog import Backlog
from notifyd.redislink.topics import Following, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.subscriber import Subscriber

_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0


class Listener:
    """Follows topics on one connection, in one thread, and calls their followers in trio, in order.

    After a lost connection it follows everything anew by itself, and says so by `on_live`. A daemon that does not keep
    up is treated the same way: at 64 MiB that wait the connection is no longer read, and when that lasts longer than
    the timeout, it is given up. What was published until the next `on_live` may then be lost, and memory is bounded.
    """

    def __init__(self, subscriber: Callable[[Backlog], Subscriber], *, patience_seconds: float) -> None:
        """*subscriber* makes the thread's side."""
        self._token = trio.lowlevel.current_trio_token()
        self._patience_seconds = patience_seconds
        self._topics: dict[str, Topic] = {}
        self._backlog = Backlog(self._token)
        self._subscriber = subscriber(self._backlog)
        self._ended = trio.Event()
        self._started = False
        self._closing = threading.Event()
        self._failing_since: float | None = None

    @property
    def failing_since(self) -> float | None:
        """When the connection was lost, on the monotonic clock; None while it stands."""
        return self._failing_since

    def follow(self, topic: str, on_message: Callable[[bytes], None], on_live: Callable[[], None]) -> Following:
        """Call *on_message* in trio with all that is published on *topic*, in order.

        *on_live* is called each time that the server has confirmed the subscription: at first, and after each
        reconnection. What was published before may have been missed, everything after arrives. Neither may raise.
        """
        entry = self._topics.get(topic)
        fresh = entry is None
        if entry is None:
            entry = self._topics[topic] = Topic(topic.encode())
        following = Following(entry, on_message, on_live, stop=self._stop, patience_seconds=self._patience_seconds)
        entry.followings.append(following)
        if fresh:
            self._change(entry, wanted=True)
        elif entry.live:
            # not from here: the caller has nothing in its hands yet
            self._token.run_sync_soon(self._confirm_late, following)
        return following

    async def close(self) -> None:
        """End the thread and its connection."""
        self._closing.set()
        if not self._started:
            self._subscriber.end()
            return
        self._subscriber.wake()
        with trio.move_on_after(self._patience_seconds):
            await self._ended.wait()

    def _confirm_late(self, following: Following) -> None:
        if following.topic.live and not following.live and following in following.topic.followings:
            following.confirm()

    def _stop(self, following: Following) -> None:
        entry = following.topic
        if following not in entry.followings:
            return
        entry.followings.remove(following)
        following.live = False
        name = entry.name.decode()
        if not entry.followings and self._topics.get(name) is entry:
            del self._topics[name]
            self._change(entry, wanted=False)

    def _change(self, entry: Topic, *, wanted: bool) -> None:
        self._subscriber.change(entry, wanted=wanted)
        if not self._started:
            self._started = True
            threading.Thread(target=self._serve, name="redis-listener", daemon=True).start()

    # in the thread

    def _serve(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._closing.is_set():
            try:
                self._subscriber.connect()
                self._failing_since = None
                pause = _FIRST_PAUSE_SECONDS
                while not self._closing.is_set():
                    self._subscriber.turn()
            except StoreUnavailable:
                self._failing_since = self._failing_since or time.monotonic()
                self._backlog.interrupted(self._subscriber.topics())
                self._closing.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        self._subscriber.end()
        try:
            self._token.run_sync_soon(self._ended.set)
        except trio.RunFinishedError:
            return
