"""What is asked of acks, and what is answered."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from notifyd.model.durable import DurableKey
from notifyd.model.position import StreamPosition


class AckWish(msgspec.Struct, frozen=True):
    """A subscription with acks."""

    #: Continue after this; of a durable one it counts only when it is new.
    since: StreamPosition | None = None
    #: The name under which what was acked outlives the connection; "" for none.
    durable: str = ""
    #: At most so many deliveries are open at once, where the rules allow more; 0 leaves it to them.
    max_unacked: int = 0


class Opened(msgspec.Struct, frozen=True):
    """The answer. Nothing is delivered before `start`."""

    #: The newest position at this moment.
    position: StreamPosition
    #: None where there was no position to continue from.
    recovered: bool | None
    #: Kept and not acked, as far as that can be told without looking at each: what it is going to be sent.
    pending: int
    ack_seconds: float
    #: Up to where everything is acked or given up, whenever it is asked.
    settled: Callable[[], StreamPosition]
    #: Go live. Call it in the same step, right after the answer was written.
    start: Callable[[], None]


class Acked(msgspec.Struct, frozen=True):
    """What an ack or a nack did."""

    #: How many were not acked before, or not refused in this try.
    acked: int
    #: Nothing of this connection has to do with them.
    unknown: tuple[str, ...] = ()


class DurableView(msgspec.Struct, frozen=True):
    """A durable subscription, as an operator sees it."""

    key: DurableKey
    #: Everything up to here is acked, given up or expired.
    position: StreamPosition
    #: Kept and not settled, `unacked` included.
    pending: int
    #: Sent, and neither acked nor timed out.
    unacked: int
    connections: int
    #: Milliseconds since the Unix epoch.
    used_at: int
