"""The rows of a receipt: what became of a notification for each of its users. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notifyd.model.ids import UserId
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState, UserReceipt
from notifyd.store.redis.receipts.arrivals import state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.store.redis.receipts.arrivals import Arrivals

#: The fields of a row are these letters, each before the user.
PLACE: Final = "o"
CONNECTIONS: Final = "c"
ENDED: Final = "e"
PUSHED: Final = "p"
FAILED: Final = "f"
REASON: Final = "w"


class Row(NamedTuple):
    """One user."""

    nth: int
    user_id: UserId
    place: StreamPosition
    connections: int
    #: What the inbox said of its end, or None.
    ended: InboxState | None
    pushed: int
    failed: int
    reason: str

    def receipt(self, arrivals: Arrivals, *, expires_at: int, now: int) -> UserReceipt | None:
        """What is told of it; None: nothing, the user was removed."""
        place = self.place
        state = state_of(
            arrivals, epoch=place.epoch, offset=place.offset, ended=self.ended, expires_at=expires_at, now=now
        )
        if state is None:
            return None
        return UserReceipt(self.user_id, state, place.offset, self.connections, self.pushed, self.failed, self.reason)


def place_word(nth: int, place: StreamPosition) -> str:
    """The field PLACE."""
    return f"{nth} {place.offset} {place.epoch}"


def rows_in(fields: Sequence[bytes]) -> list[Row]:
    """The rows in names and values by turns, in the order of the users. What has no place is none."""
    known = {name.decode(): value.decode() for name, value in zip(fields[::2], fields[1::2], strict=True)}
    rows: list[Row] = []
    for name, value in known.items():
        if name[0] != PLACE:
            continue
        user = name[1:]
        nth, offset, epoch = value.split(" ")
        ended = known.get(ENDED + user)
        rows.append(
            Row(
                int(nth),
                UserId(user),
                StreamPosition(epoch, int(offset)),
                int(known.get(CONNECTIONS + user, 0)),
                None if ended is None else InboxState(ended),
                int(known.get(PUSHED + user, 0)),
                int(known.get(FAILED + user, 0)),
                known.get(REASON + user, ""),
            )
        )
    rows.sort()
    return rows
