"""Who follows which topic: the side of the listener that lives in trio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.redislink.errors import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class Following:
    """One follower of a topic."""

    def __init__(
        self,
        topic: Topic,
        on_message: Callable[[bytes], None],
        on_live: Callable[[], None],
        *,
        stop: Callable[[Following], None],
        patience_seconds: float,
    ) -> None:
        self.topic = topic
        #: Whether the server has confirmed it, and the connection stands.
        self.live = False
        self.on_message = on_message
        self._on_live = on_live
        self._stop = stop
        self._patience_seconds = patience_seconds
        self._confirmed = trio.Event()

    async def wait_live(self) -> None:
        """Wait until everything that is published from now on arrives.

        Raises:
            StoreUnavailable: it was not so within the timeouts. It goes on trying.
        """
        with trio.move_on_after(self._patience_seconds):
            while not self.live:
                await self._confirmed.wait()
        if not self.live:
            raise unavailable(f"Redis did not confirm the subscription to {self.topic.name.decode()}")

    def stop(self) -> None:
        """No message comes after this."""
        self._stop(self)

    def confirm(self) -> None:
        """It is live now."""
        self.live = True
        self._confirmed.set()
        self._on_live()

    def interrupt(self) -> None:
        """It is not live any more."""
        if self.live:
            self.live = False
            self._confirmed = trio.Event()


class Topic:
    """A topic that somebody follows. The connection's thread reads nothing but its name."""

    __slots__ = ("followings", "live", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.live = False
        self.followings: list[Following] = []

    def confirm(self) -> None:
        """The server has confirmed it."""
        self.live = True
        for following in tuple(self.followings):
            following.confirm()

    def interrupt(self) -> None:
        """The connection is gone."""
        self.live = False
        for following in self.followings:
            following.interrupt()

    def message(self, payload: bytes) -> None:
        """Something was published."""
        followings = self.followings
        if len(followings) == 1:
            followings[0].on_message(payload)
            return
        for following in tuple(followings):
            following.on_message(payload)
