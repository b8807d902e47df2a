"""What is too late to be handed on, on whichever bus it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.publication import Publication

#: From the look of the dispatcher to the hub, where no disk holds a commit up and no node is cut off.
_UNDER_WAY_MS: Final = 1000


def without_late(publications: Sequence[Publication]) -> list[Publication]:
    """*publications* but for those that expired a second ago or before: what holds them up is no excuse."""
    then = now_ms() - _UNDER_WAY_MS
    return [publication for publication in publications if not publication.notification.expired(then)]
