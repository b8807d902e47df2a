"""Publishing over WebSocket, one connection for each message that may be under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyctl.benching.connections.link import Link, open_link
from notifyctl.benching.connections.place import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.benching.connections.marks import Mark
    from notifyctl.benching.connections.place import Door


class Sayer:
    """Publishes over one connection, which it makes when it needs it and makes anew when it was lost."""

    def __init__(self, door: Door, key: str, mark: Mark) -> None:
        self._door = door
        self._key = key
        self._mark = mark
        self._link: Link | None = None
        self._received_before = 0
        self.sent_bytes = 0

    @property
    def received_bytes(self) -> int:
        """What came back."""
        return self._received_before + (self._link.received_bytes if self._link is not None else 0)

    async def publish(self, channel: str, datas: Sequence[str]) -> None:
        """Publish *datas*, JSON texts, to *channel* in one message after the other, and wait for all answers.

        Raises:
            Failed: one was not accepted, or nobody knows.
        """
        try:
            if self._link is None:
                self._link = await open_link(self._door, self._mark)
                await self._link.authenticate(self._key)
            for data in datas:
                self.sent_bytes += len(data)
                await self._link.ask({"type": "publish", "channel": channel, "data": msgspec.Raw(data)}, "published")
        except Failed as failed:
            if failed.gone:
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next message makes another."""
        if self._link is not None:
            self._received_before = self.received_bytes
            self._link.leave()
            self._link = None
