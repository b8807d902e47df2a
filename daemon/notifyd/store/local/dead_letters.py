"""The dead letters of the local broker: in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.errors import Conflict, StoreUnavailable
from notifyd.store.batch import ended
from notifyd.store.pending import Enqueued
from notifyd.store.ports import Accepted
from notifyd.store.written import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import ClientId, DeadLetterId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.store.batch import Batch
    from notifyd.store.delivery_ports import DeadLetterQuery, Written
    from notifyd.store.journal import Journal
    from notifyd.store.local.state import LocalState
    from notifyd.store.memory.dead_letters import Kept
    from notifyd.store.options import DeadLetterLimits


class LocalDeadLetters:
    """A `DeadLetterStore` in memory whose changes are journalled. See the port for the guarantees."""

    def __init__(self, state: LocalState, journal: Journal) -> None:
        self._state = state
        self._letters = state.dead_letters
        self._journal = journal
        #: Notifications on their way to the journal, of which the queue does not know yet.
        self._arriving: set[NotificationId] = set()
        self.usage = state.dead_letters.usage

    def add(self, letters: Sequence[DeadLetter], *, now: int) -> Written:
        """See `DeadLetterStore.add`."""
        try:
            batch = self._journal.batch()
        except StoreUnavailable as exc:
            return Recorded(ended(exc.message))
        for letter in letters:
            self._state.keep_letter(batch, letter, now=now)
        # the memory engine is done with it when this returns
        self._journal.ring()
        return Recorded(batch.commit)

    async def find(self, client_id: ClientId | None, letter_id: DeadLetterId) -> DeadLetter | None:
        """See `DeadLetterStore.find`."""
        await trio.lowlevel.checkpoint()
        letter = self._letters.find(letter_id)
        return None if letter is None or client_id not in (None, letter.client_id) else letter

    async def letters(
        self, query: DeadLetterQuery, *, limit: int, after: DeadLetterId | None = None, oldest_first: bool = False
    ) -> list[DeadLetter]:
        """See `DeadLetterStore.letters`."""
        await trio.lowlevel.checkpoint()
        return self._letters.letters(query, limit=limit, after=after, oldest_first=oldest_first)

    async def count(self, query: DeadLetterQuery) -> int:
        """See `DeadLetterStore.count`."""
        await trio.lowlevel.checkpoint()
        return self._letters.count(query)

    async def remove(self, letter_ids: Sequence[DeadLetterId]) -> list[DeadLetterId]:
        """See `DeadLetterStore.remove`."""
        batch = self._journal.batch()
        held = self._take(batch, letter_ids)
        if not held:
            await trio.lowlevel.checkpoint()
            return []
        batch.followers.append(lambda committed: self._let_go(held, gone=committed))
        self._journal.ring()
        await batch.commit.wait()
        return [kept.letter.id for kept in held]

    def requeue(
        self, letters: Sequence[DeadLetter], notifications: Sequence[Notification], *, now: int
    ) -> Sequence[Enqueued]:
        """See `DeadLetterStore.requeue`."""
        ids = {notification.id for notification in notifications}
        letter_ids = list(dict.fromkeys([letter.id for letter in letters]))
        if any(self._letters.find(letter_id) is None for letter_id in letter_ids):
            raise Conflict("the dead letter is gone, or is being put back")
        if len(ids) < len(notifications) or not self._arriving.isdisjoint(ids):
            raise Conflict("a notification with this id is waiting")
        batch = self._journal.batch()
        entries = self._state.queue.admit(notifications)
        batch.take(entries)
        batch.again += sum([entry.placed() for entry in entries])
        held = self._take(batch, letter_ids)
        self._arriving |= ids

        def finish(committed: bool) -> None:
            self._arriving.difference_update(ids)
            if committed:
                self._state.begin_anew(ids)
            self._let_go(held, gone=committed)

        batch.followers.append(finish)
        self._journal.ring()
        return [Enqueued(batch.commit, Accepted(notification.id)) for notification in notifications]

    async def trim(self, *, now: int) -> int:
        """See `DeadLetterStore.trim`."""
        await trio.lowlevel.checkpoint()
        return self._state.trim_letters(now=now)

    def configure(self, limits: DeadLetterLimits, *, now: int) -> None:
        """Use other bounds from now on."""
        self._letters.configure(limits)
        self._state.trim_letters(now=now)

    def _take(self, batch: Batch, letter_ids: Sequence[DeadLetterId]) -> list[Kept]:
        held = self._letters.hold(letter_ids)
        batch.taken_letters |= dict.fromkeys([kept.letter.id for kept in held])
        return held

    def _let_go(self, held: Sequence[Kept], *, gone: bool) -> None:
        evicted = self._letters.let_go(held, gone=gone, now=self._state.clock())
        self._state.evicted_letters += evicted
