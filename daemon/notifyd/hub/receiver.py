"""Someone who acks: fed from what is kept and not from the fan-out, which only tells that there is something new."""

from __future__ import annotations

from typing import Protocol


class Receiver(Protocol):
    """One connection's subscription with acks, or its user's inbox with acks. Nothing here waits."""

    def offer(self) -> tuple[int, int]:
        """Write what is new, as far as what is not acked leaves room.

        Answers two offsets: what lies above the first and not above the second was written by this call.
        """
        ...

    def close(self) -> None:
        """It ends: of its subscription or of its connection. Calling it again changes nothing."""
        ...
