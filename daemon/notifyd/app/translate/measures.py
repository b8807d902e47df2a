"""Measures by which more than one part of the daemon goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notifyd.config import Settings

#: Of its outbox, what a replay may fill before it waits for the peer.
_PAGE_SHARE: Final = 4


def page_bytes(settings: Settings) -> int:
    """How much of a replay a connection is given at once, and may leave unacked."""
    return settings.websocket.outbox_bytes // _PAGE_SHARE


def milliseconds(seconds: float) -> int:
    """*seconds* in whole milliseconds."""
    return round(seconds * 1000)
