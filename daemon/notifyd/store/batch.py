"""What goes into one transaction of the journal, and how it went."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import StoreUnavailable
from notifyd.store.inbox_changes import InboxChanges
from notifyd.store.note_changes import NoteChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import ClientId, DeadLetterId, NotificationId
    from notifyd.store.memory.entry import Entry
    from notifyd.store.ports import IdempotencyKey

    #: seq, state, settled_at, channel id or None, offset, delivered, attempts, reason
    OutcomeRow = tuple[int, str, int, int | None, int, int, int, str]
    #: channel id, client, name, generation
    ChannelRow = tuple[int, ClientId, str, int]

#: A transaction is closed to more notifications from here on, so that neither it nor its memory grows without bound.
FULL_ROWS: Final = 4096
FULL_BYTES: Final = 16 << 20


class Commit:
    """How one transaction went, for everybody who waits for it."""

    __slots__ = ("_event", "done", "failure")

    def __init__(self) -> None:
        self.done = False
        #: Why nothing of it was kept, or None.
        self.failure: str | None = None
        self._event: trio.Event | None = None

    def finish(self, failure: str | None = None) -> None:
        """Tell everybody how it went."""
        self.done = True
        self.failure = failure
        if self._event is not None:
            self._event.set()

    def give_up(self, failure: str) -> None:
        """Tell everybody who waits that it takes too long; `finish` still comes, and counts for who asks then."""
        self.finish(failure)
        self._event = None
        self.done = False

    async def wait(self) -> None:
        """Return when the transaction is committed.

        Raises:
            StoreUnavailable: it failed, and nothing of it was kept; or the disk does not answer.
        """
        if self._event is None:
            self._event = trio.Event()
            if self.done:
                self._event.set()
        await self._event.wait()
        self.check()

    async def ended(self) -> None:
        """As `wait`, for who has to know the end of it however long that takes."""
        while not self.done:
            with suppress(StoreUnavailable):
                await self.wait()
        self.check()

    def check(self) -> None:
        """Do nothing when it is committed.

        Raises:
            StoreUnavailable: it failed, and nothing of it was kept.
        """
        if self.failure is not None:
            problem = StoreUnavailable(self.failure, retry_after_seconds=1)
            # it was given up, and quotes nobody: whoever handed it in has to know that it may yet be kept
            problem.open = not self.done
            raise problem


def ended(failure: str | None = None) -> Commit:
    """A transaction that is over."""
    commit = Commit()
    commit.finish(failure)
    return commit


class Batch:
    """Changes that are committed together.

    What is in `entries`, `keys`, `channels`, `decided` and `taken_letters` was asked for and fails with the
    transaction. The rest has happened in memory already and moves on to the next transaction when this one fails.
    """

    __slots__ = (
        "_inbox",
        "_notes",
        "again",
        "arrivals",
        "channels",
        "commit",
        "decided",
        "durables",
        "entries",
        "followers",
        "forgotten_channels",
        "forgotten_keys",
        "heads",
        "keys",
        "letters",
        "meta",
        "purged",
        "purged_events",
        "settled",
        "size_bytes",
        "synced",
        "taken_letters",
        "took_seconds",
    )

    def __init__(self) -> None:
        self.commit = Commit()
        #: New notifications.
        self.entries: list[Entry] = []
        self.size_bytes = 0
        #: Idempotency keys with the id of their notification.
        self.keys: list[tuple[IdempotencyKey, NotificationId]] = []
        self.channels: list[ChannelRow] = []
        self.decided: list[OutcomeRow] = []
        #: Told whether it was committed, before anybody who waits goes on.
        self.followers: list[Callable[[bool], None]] = []
        #: It must be on the disk before the answer, where the operator asked for that.
        self.synced = False
        self.settled: list[OutcomeRow] = []
        self.meta: dict[str, str] = {}
        #: Channel id to newest offset, for channels of which rows are purged.
        self.heads: dict[int, int] = {}
        self.forgotten_channels: list[int] = []
        self.forgotten_keys: list[tuple[str, str]] = []
        #: seq of rows that nobody needs any more.
        self.purged: list[int] = []
        #: Events of timelines that are over the bound: whose they are, and their numbers.
        self.purged_events: list[tuple[NotificationId, int]] = []
        #: What is known of durable subscriptions; None: forgotten.
        self.durables: dict[DurableKey, DurableState | None] = {}
        #: Dead letters to keep, and to let go of where it is None.
        self.letters: dict[DeadLetterId, DeadLetter | None] = {}
        #: Dead letters that are put back or dropped, as soon as this is committed.
        self.taken_letters: dict[DeadLetterId, None] = {}
        #: How many of `entries` were accepted once before.
        self.again = 0
        #: When `entries` were handed in (monotonic seconds), and how many at a time.
        self.arrivals: list[tuple[float, int]] = []
        #: How long the transaction took; 0 where there is none.
        self.took_seconds = 0.0
        self._inbox: InboxChanges | None = None
        self._notes: NoteChanges | None = None

    @property
    def inbox(self) -> InboxChanges:
        """What it changes about inboxes; made when it is asked for, because most change nothing."""
        if self._inbox is None:
            self._inbox = InboxChanges()
        return self._inbox

    def inbox_rows(self) -> int:
        """How many rows of inboxes it writes."""
        return 0 if self._inbox is None else self._inbox.rows()

    @property
    def notes(self) -> NoteChanges:
        """What it adds to acks and timelines; made when it is asked for."""
        if self._notes is None:
            self._notes = NoteChanges()
        return self._notes

    def note_rows(self) -> int:
        """How many acks and events of timelines it writes."""
        return 0 if self._notes is None else self._notes.rows()

    def keep_letter(self, letter: DeadLetter) -> None:
        """Write *letter*, also where one with its id was to be taken."""
        self.letters[letter.id] = letter
        self.taken_letters.pop(letter.id, None)

    def evict_letters(self, letter_ids: Sequence[DeadLetterId]) -> None:
        """Let go of these, which have left memory."""
        self.letters.update(dict.fromkeys(letter_ids))

    def take(self, entries: Sequence[Entry]) -> None:
        """Add new notifications, which have to be as safe as the operator wants them before anybody is answered."""
        self.entries += entries
        for entry in entries:
            self.size_bytes += entry.size
        self.synced = True

    def full(self) -> bool:
        """Whether further notifications belong into another transaction."""
        return len(self.entries) >= FULL_ROWS or self.size_bytes >= FULL_BYTES

    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.entries
            or self.decided
            or self.settled
            or self.meta
            or self.purged
            or self.purged_events
            or self.durables
            or self.channels
            or self.followers
            or self.forgotten_channels
            or self.forgotten_keys
            or self.heads
            or self.keys
            or self.inbox_rows()
            or self.letters
            or self.taken_letters
            or self.note_rows()
        )

    def inherit(self, failed: Batch) -> None:
        """Take over from *failed* what has happened in memory and must yet be written."""
        self.settled = failed.settled + self.settled
        self.meta = failed.meta | self.meta
        self.heads = failed.heads | self.heads
        self.forgotten_channels = failed.forgotten_channels + self.forgotten_channels
        self.forgotten_keys = failed.forgotten_keys + self.forgotten_keys
        self.purged = failed.purged + self.purged
        self.durables = failed.durables | self.durables
        self.letters = failed.letters | self.letters
        if failed.note_rows():
            self.notes.inherit(failed.notes)
        if failed.inbox_rows():
            self.inbox.inherit(failed.inbox)
