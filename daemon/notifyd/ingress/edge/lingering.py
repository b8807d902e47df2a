"""The end of a connection, slow enough for the peer to see what was written last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox


async def linger(link: Link, outbox: Outbox, *, max_bytes: int = 1_048_576) -> None:
    """Flush, say that nothing more comes, and read until the peer has left.

    A socket that is closed while bytes of the peer are unread sends a reset, which may overtake the last answer.
    The caller bounds the time with a deadline that breaks the outbox off.
    """
    if not await outbox.drained():
        return
    link.end()
    discarded = 0
    while discarded <= max_bytes and not outbox.broken:
        try:
            await link.readable()
            data = link.receive()
        except trio.ClosedResourceError:
            continue
        except OSError:
            return
        if data == b"":
            return
        discarded += len(data or b"")
