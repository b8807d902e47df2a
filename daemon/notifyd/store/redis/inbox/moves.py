"""Cursors that moved and ends that were told on this node, on their way to Redis.

They are in force here at once and are sent in flights, one at a time: what happens during one waits for the next, and
of a cursor only the newest place goes. While Redis is away they wait, a bounded number of them. Which notifications
have newly arrived is told by the script that moves the cursor, so that of several nodes one tells it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import NotificationId
from notifyd.model.receipt import InboxState
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.redislink.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.memory.user_inbox import InboxItem
    from notifyd.store.redis.inbox.receipts import InboxReceipts
    from notifyd.store.redis.inbox.scripts import InboxScripts, UserKey

log = structlog.get_logger("notifyd.store")

#: Users whose moves may wait; beyond it the oldest are given up: what they acked is given again.
_MOST_USERS: Final = 100_000
#: Ends of one user that may wait, and notifications passed of which it is yet to be told that they arrived.
_MOST_EACH: Final = 2000
#: Handed in together.
_FLIGHT_USERS: Final = 500
#: So that moves gather under load.
_PAUSE_SECONDS: Final = 0.005
_AWAY_SECONDS: Final = 0.5


class Passed(msgspec.Struct, frozen=True, gc=False):
    """One notification that a cursor went past."""

    offset: int
    notification_id: NotificationId
    #: When it did; None where it had expired before any connection had it.
    at: int | None


class Move(msgspec.Struct, gc=False):
    """What is to be told of one user's inbox."""

    epoch: str
    cursor: int = 0
    passed: list[Passed] = msgspec.field(default_factory=list)
    ends: list[tuple[int, str]] = msgspec.field(default_factory=list)
    withheld: list[NotificationId] = msgspec.field(default_factory=list)

    def join(self, later: Move) -> None:
        """Go on with what happened *later*; of another epoch only that is left, but for what is to be withheld."""
        self.withheld = (self.withheld + later.withheld)[-_MOST_EACH:]
        if later.epoch and self.epoch and later.epoch != self.epoch:
            self.cursor, self.passed, self.ends = 0, [], []
        self.epoch = later.epoch or self.epoch
        self.cursor = max(self.cursor, later.cursor)
        self.passed = (self.passed + later.passed)[-_MOST_EACH:]
        self.ends = (self.ends + later.ends)[-_MOST_EACH:]


class Flight:
    """Moves that are sent together, and how that went."""

    def __init__(self) -> None:
        self.moves: dict[UserKey, Move] = {}
        self.failure: StoreUnavailable | None = None
        self.landed = False
        self._event = trio.Event()

    def land(self, failure: StoreUnavailable | None = None) -> None:
        """It is over."""
        self.failure, self.landed = failure, True
        self._event.set()

    def done(self) -> bool:
        """See `Written.done`."""
        return self.landed

    async def wait(self) -> None:
        """See `Written.wait`."""
        await self._event.wait()
        if self.failure is not None:
            raise StoreUnavailable(self.failure.message, retry_after_seconds=1) from self.failure


class InboxMoves:
    """Gathers moves and sends them while `run` does."""

    def __init__(self, scripts: InboxScripts, receipts: InboxReceipts) -> None:
        self._scripts = scripts
        self._receipts = receipts
        self._next = Flight()
        self._last = Flight()
        self._last.land()
        self._bell = trio.Event()
        #: There may be some to withhold that are not told yet.
        self.withholding = False
        #: Users whose moves were given up since that was logged.
        self._lost = 0
        #: Somebody waits for it.
        self._hurry = trio.Event()

    def advanced(self, key: UserKey, epoch: str, offset: int, items: Sequence[InboxItem], *, now: int) -> None:
        """The cursor moved past *items* up to *offset*."""
        move = self._move(key, epoch)
        move.cursor = max(move.cursor, offset)
        for item in items:
            if item.ended is None:
                at = None if item.expired(now) and not item.connections else now
                move.passed.append(Passed(item.offset, item.publication.notification.id, at))

    def ended(self, key: UserKey, epoch: str, offset: int, state: InboxState) -> None:
        """One was given up, or has arrived after it had been."""
        self._move(key, epoch).ends.append((offset, state.value))

    def withhold(self, key: UserKey, notification_id: NotificationId) -> None:
        """One was given up as a whole."""
        self._move(key, "").withheld.append(notification_id)
        self.withholding = True

    def cursor(self, key: UserKey, epoch: str) -> int:
        """Up to where the inbox has arrived as far as this node has yet to tell; 0 for nothing."""
        cursor = 0
        for flight in (self._next, self._last):
            move = flight.moves.get(key)
            if move is not None and move.epoch == epoch and move.cursor > cursor:
                cursor = move.cursor
        return cursor

    def settled(self, key: UserKey, epoch: str, offset: int) -> bool:
        """Whether it is yet to be told that one has arrived or ended."""
        return any(
            offset <= move.cursor or any(offset == ended for ended, _ in move.ends) for move in self._untold(key, epoch)
        )

    def written(self) -> Flight:
        """How what has happened until now is told; it goes at once."""
        if not self._next.moves:
            return self._last
        self._hurry.set()
        return self._next

    async def tell(self) -> None:
        """Return when all that has happened until now is told, or cannot be."""
        flight = self.written()
        if not flight.done():
            with suppress(StoreUnavailable):
                await flight.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._bell.wait()
            with trio.move_on_after(_PAUSE_SECONDS):
                await self._hurry.wait()
            if not await self.flush():
                await trio.sleep(_AWAY_SECONDS)

    async def flush(self) -> bool:
        """Send what has gathered; False where that failed: it waits for the next time. `run` calls it, or nobody."""
        if self._lost:
            log.warning("inbox_moves_lost", users=self._lost)
            self._lost = 0
        flight, self._next = self._next, Flight()
        self._last = flight
        self._bell, self._hurry = trio.Event(), trio.Event()
        try:
            await self._fly(flight)
        except StoreUnavailable as exc:
            self._take_back(flight)
            flight.land(exc)
            return False
        except trio.Cancelled:
            self._take_back(flight)
            flight.land(StoreUnavailable("the store was closed meanwhile"))
            raise
        flight.land()
        flight.moves = {}
        self.withholding = any(move.withheld for move in self._next.moves.values())
        return True

    async def _fly(self, flight: Flight) -> None:
        moves = list(flight.moves.items())
        for first in range(0, len(moves), _FLIGHT_USERS):
            share = moves[first : first + _FLIGHT_USERS]
            replies = [(key, move, self._hand_in(key, move)) for key, move in share]
            for key, move, handed_in in replies:
                try:
                    await self._land(key, move, *handed_in)
                except Refused as exc:
                    # nothing that comes again would help, and others wait behind it
                    log.error("inbox_move_refused", client_id=key[0], problem=str(exc))  # noqa: TRY400 - a sentence

    async def _land(self, key: UserKey, move: Move, cursor: Reply | None, others: Sequence[Reply]) -> None:
        for reply in others:
            await reply.wait()
        if cursor is not None and (answer := await cursor.wait()):
            self._tell_passed(key, move, after=int(answer[0]))

    def _hand_in(self, key: UserKey, move: Move) -> tuple[Reply | None, list[Reply]]:
        others = [self._scripts.withhold(key, move.withheld)] if move.withheld else []
        # before the cursor: what it goes past cannot be given up any more
        others += [self._scripts.mark(key, move.epoch, move.ends)] if move.ends else []
        return self._scripts.advance(key, move.epoch, move.cursor) if move.cursor else None, others

    def _tell_passed(self, key: UserKey, move: Move, *, after: int) -> None:
        for passed in move.passed:
            if passed.offset <= after:
                continue  # another node told it
            if passed.at is None:
                self._receipts.ended(passed.notification_id, *key, InboxState.EXPIRED)
            else:
                self._receipts.note(passed.notification_id, TimelineEvent(passed.at, Happening.ARRIVED, key[1]))

    def _untold(self, key: UserKey, epoch: str) -> list[Move]:
        moves = [flight.moves[key] for flight in (self._next, self._last) if key in flight.moves]
        return [move for move in moves if move.epoch == epoch]

    def _take_back(self, flight: Flight) -> None:
        later, self._next.moves = self._next.moves, flight.moves
        for key, move in later.items():
            self._move(key, move.epoch).join(move)
        if self._next.moves:
            self._bell.set()

    def _move(self, key: UserKey, epoch: str) -> Move:
        moves = self._next.moves
        move = moves.get(key)
        if move is None:
            if len(moves) >= _MOST_USERS:
                del moves[next(iter(moves))]
                self._lost += 1
            move = moves[key] = Move(epoch)
        elif epoch and move.epoch != epoch:
            move.join(Move(epoch))
        self._bell.set()
        return move
