"""What is published on topics (sharded pub/sub), brought into trio."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.redislink.topics.backlog import Backlog
from notifyd.redislink.topics.following import Following, Topic
from notifyd.redislink.topics.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.topics.places import Places

log = structlog.get_logger("notifyd.redislink")

_AFTER_FAILURE_SECONDS: Final = 0.2


class Listener:
    """Follows topics in one thread, with a connection to each server that has some, and calls their followers in trio,
    in order.

    After a lost connection it follows everything anew by itself, and says so by `on_live`. A daemon that does not keep
    up is treated the same way: when 64 MiB wait, the connections are not read, and when that lasts longer than the
    timeout, they are given up. What was published until the next `on_live` may then be lost, and memory is bounded.
    """

    def __init__(self, places: Places, *, timeout_seconds: float, patience_seconds: float) -> None:
        """*timeout_seconds*: a server that is silent for so long is gone; *patience_seconds*: what bounds a wait."""
        self._token = trio.lowlevel.current_trio_token()
        self._patience_seconds = patience_seconds
        self._topics: dict[str, Topic] = {}
        self._subscriber = Subscriber(places, Backlog(self._token), timeout_seconds=timeout_seconds)
        self._ended = trio.Event()
        self._started = False
        self._closing = False

    @property
    def failing_since(self) -> float | None:
        """Since when some topic could not be followed, on the monotonic clock; None while all are."""
        return self._subscriber.failing_since

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
        """End the thread and its connections. Nothing may be followed afterwards."""
        self._closing = True
        if not self._started:
            self._subscriber.close()
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
        if not self._started and not self._closing:
            self._started = True
            threading.Thread(target=self._serve, name="redis-listener", daemon=True).start()

    def _serve(self) -> None:
        while not self._closing:
            try:
                self._subscriber.turn()
            except Exception as exc:
                # the thread has to live on: without it nothing is heard any more
                log.exception("redis_listener_failed")
                self._subscriber.give_up(repr(exc))
                time.sleep(_AFTER_FAILURE_SECONDS)
        self._subscriber.close()
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._ended.set)
