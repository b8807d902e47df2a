"""Where others hand in what webhooks may want to be told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from notifyd.model.notification import State
from notifyd.policy.publishing.dead_letters import letter_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.notification import Notification
    from notifyd.store.ports import Outcome


class EventDesk(Protocol):
    """Takes in what happened. Nothing here waits or raises; who is configured to hear of it is the desk's to know.

    An event is committed together with, or after, what its caller commits next: told at least once after a crash.
    """

    def unreached(self, notification: Notification, state: State, stored: int) -> None:
        """*notification* was DISPATCHED or has EXPIRED and nobody has it; it waits in the inboxes of *stored* users."""
        ...

    def dead(self, letter: DeadLetter) -> None:
        """*letter* was kept. Those of webhooks themselves are not told."""
        ...


def tell_dead(desk: EventDesk | None, outcomes: Sequence[Outcome], *, now: int) -> None:
    """Tell *desk*, if there is one, of those of *outcomes* that became dead letters at *now* (milliseconds)."""
    if desk is None:
        return
    for outcome in outcomes:
        if outcome.state is State.DEAD:
            lease = outcome.lease
            attempts = lease.attempts + 1
            desk.dead(
                letter_of(lease.notification, reason=outcome.reason, error=outcome.error, attempts=attempts, now=now)
            )
