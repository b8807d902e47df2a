"""What the notifications of a run carry, so that they are known among others and tell when they were begun. Pure."""

from __future__ import annotations

import json
from typing import Final

import msgspec

_TICKS: Final = 1_000_000


class _Data(msgspec.Struct):
    bench: str = ""
    at: int = 0


class Notification(msgspec.Struct):
    """A publication as far as a run looks at it."""

    data: _Data
    epoch: str = ""
    offset: int = 0


class _Message(msgspec.Struct):
    type: str = ""
    notification: Notification | None = None


class Mark:
    """The mark of one run."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._decoder = msgspec.json.Decoder(_Message)
        self._least = len(self._text(0, ""))

    def data(self, at: float, size_bytes: int) -> str:
        """The JSON `data` of a notification begun at *at*, a reading of this process's clock.

        It has *size_bytes*, or as many as the mark takes where that is more.
        """
        ticks = int(at * _TICKS)
        room = size_bytes - self._least - len(str(ticks)) + 1
        return self._text(ticks, "." * max(0, room))

    def _text(self, ticks: int, pad: str) -> str:
        return json.dumps({"bench": self.run_id, "at": ticks, "pad": pad}, separators=(",", ":"))

    def read(self, payload: bytes) -> Notification | None:
        """The publication of this run that a WebSocket message holds; None for anything else."""
        try:
            message = self._decoder.decode(payload)
        except msgspec.DecodeError:
            return None
        found = message.notification
        return found if found is not None and found.data.bench == self.run_id else None


def begun_at(notification: Notification) -> float:
    """When *notification* was begun, on the clock of the process that made it."""
    return notification.data.at / _TICKS
