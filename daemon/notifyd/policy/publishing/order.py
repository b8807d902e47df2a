"""The order of the queue: urgent ones overtake, nothing starves, one priority is first in, first out."""

from __future__ import annotations

from typing import Final

from notifyd.model.notification import MAX_PRIORITY

#: More milliseconds than any instant has, so that in strict order no wait outweighs a step of priority.
STRICT_STEP: Final = 1 << 48


def order_key(due_at: int, priority: int, ageing_ms: int) -> int:
    """The key by which a notification is dispatched; smaller goes first, equal keys in the order of acceptance.

    Each step of priority is worth a head start of *ageing_ms* milliseconds. 0 means strict: a more urgent notification
    always goes first, and the due time decides within a priority.
    """
    if ageing_ms:
        return due_at - priority * ageing_ms
    return (MAX_PRIORITY - priority) * STRICT_STEP + due_at
