"""What the parts of a local broker share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notifyd.clock import monotonic
from notifyd.model.dead_letter import Stage
from notifyd.model.notification import Kind, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.dead_letters import letter_of
from notifyd.store.local.receipts import LocalReceipts
from notifyd.store.memory.channel import withheld
from notifyd.store.memory.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import DeadLetterId, NotificationId
    from notifyd.store.batch import Batch, OutcomeRow
    from notifyd.store.memory.dead_letters import DeadLetters
    from notifyd.store.memory.durables import MemoryDurables
    from notifyd.store.memory.history import MemoryHistory, Stamping
    from notifyd.store.memory.idempotency import IdempotencyKeys
    from notifyd.store.memory.inbox import MemoryInbox, Placing
    from notifyd.store.memory.notes import Notes
    from notifyd.store.memory.queue import MemoryQueue
    from notifyd.store.memory.receipts import RecentReceipts
    from notifyd.store.options import BrokerLimits
    from notifyd.store.ports import Outcome
    from notifyd.telemetry.metrics import Counters


#: With an archive behind it, memory remembers as many receipts as may be asked for before they are committed.
_RECENT_RECEIPTS: Final = 10_000

#: No more than this is stamped on arrival: what is stamped cannot be overtaken by what is more urgent.
_STAMPED_ON_ARRIVAL: Final = 64


#: Bound here because to look a member up in its enum takes longer than what is done with it.
_CHANNEL: Final = Kind.CHANNEL


class Memory(NamedTuple):
    """Everything that a local broker holds in memory."""

    queue: MemoryQueue
    history: MemoryHistory
    inbox: MemoryInbox
    receipts: RecentReceipts
    keys: IdempotencyKeys
    durables: MemoryDurables
    dead_letters: DeadLetters
    notes: Notes


class LocalState:
    """The memory of a local broker; as the ledger of its journal it takes in what was committed."""

    def __init__(self, memory: Memory, counters: Counters, *, clock: Callable[[], int], archived: bool) -> None:
        self.queue = memory.queue
        self.history = memory.history
        self.inbox = memory.inbox
        self.recent = memory.receipts
        self.keys = memory.keys
        self.durables = memory.durables
        self.dead_letters = memory.dead_letters
        self.notes = memory.notes
        self.receipts = LocalReceipts(memory.queue, memory.receipts, memory.inbox, memory.notes, clock=clock)
        self.bells = self.receipts.bells
        self.inbox.note = self.receipts.note
        self.inbox.changed = self.bells.ring
        if not archived:
            # they are kept nowhere else
            self.recent.forgotten = self.notes.forget
        self.clock = clock
        #: Where what became of new notifications is counted.
        self.counters = counters
        #: Outcomes that differ from what the stamps said in how many they reached.
        self.counts: list[OutcomeRow] = []
        #: There are stamps on their way to the journal. Nothing else is stamped or leased before they are in force.
        self.stamping = False
        #: Dead letters that left memory, and that the journal still has.
        self.evicted_letters: list[DeadLetterId] = []
        self._forgotten_channels: list[int] = []

    def complete(self, batch: Batch) -> None:
        """See `Ledger.complete`.

        Where a dispatcher waits for just these notifications, they are stamped in the transaction that takes them in,
        in the order in which it will lease them: one commit instead of two, and half the way to the subscriber.
        """
        self._flush_forgotten(batch)
        self.inbox.unwritten.complete(batch)
        self.durables.flush(batch)
        if batch.letters:
            # that it died is told with it
            self.flush_notes(batch)
        entries = batch.entries
        if not 0 < len(entries) <= _STAMPED_ON_ARRIVAL or self.stamping or not self.queue.idle():
            return
        live = [entry for entry in entries if entry.placed()]
        if live and all(entry.due_on_arrival() for entry in live):
            now = max([entry.notification.accepted_at for entry in live])
            self.stamp(batch, sorted(live, key=Entry.rank), now)

    def stamp(self, batch: Batch, entries: list[Entry], now: int) -> None:
        """Give *entries* their places, in force when *batch* is committed."""
        if self.stamping:
            raise AssertionError("two stampings at once would count from the same newest offset")
        stamping = self.history.stamp(entries)
        placing = self.inbox.place(stamping.own, now=now) if stamping.own else None
        self.stamping = True
        batch.channels += [(c.id, *key, c.generation) for key, c in stamping.created.items()]
        dispatched, waiting = State.DISPATCHED.value, State.WAITING.value
        batch.decided += [
            (
                entry.seq,
                dispatched if entry.notification.kind is _CHANNEL else waiting,
                now,
                channel.id,
                publication.offset,
                0,
                entry.attempts,
                "",
            )
            for entry, channel, publication in stamping.stamped
        ]
        if placing is not None:
            batch.inbox.opened += [inbox.row() for inbox in placing.created.values()]
            batch.inbox.placed += [item.row() for _, items in placing.placed for item in items]
        batch.followers.append(lambda committed: self._finish_stamping(stamping, placing, now, committed=committed))

    def committed(self, batch: Batch) -> None:
        """See `Ledger.committed`."""
        for follower in batch.followers:
            follower(True)
        if batch.entries:
            # what the daemon made for a push was accepted before, as what it carries
            self.counters.accepted += self.queue.push(batch.entries) - batch.again
        if batch.note_rows():
            self.notes.written(batch.notes.number)
        self._time(batch)

    def _time(self, batch: Batch) -> None:
        times = self.counters.times
        if batch.took_seconds:
            times.engine.of("journal").observe(batch.took_seconds)
        if batch.arrivals:
            now = monotonic()
            for at, count in batch.arrivals:
                times.accept.observe(now - at, count)

    def failed(self, batch: Batch) -> None:
        """See `Ledger.failed`."""
        for follower in batch.followers:
            follower(False)
        self.counters.rejected += sum([entry.placed() for entry in batch.entries]) - batch.again
        self.queue.give_back(batch.entries)
        for key, notification_id in batch.keys:
            self.keys.forget(key, notification_id)

    def flush(self, batch: Batch) -> None:
        """Have everything journalled with *batch* that waits for company."""
        self.flush_counts(batch)
        self._flush_forgotten(batch)
        self.notes.flush(batch)
        batch.evict_letters([each for each in self.evicted_letters if not self.dead_letters.knows(each)])
        self.evicted_letters = []
        self.inbox.unwritten.flush(batch)
        self.durables.flush(batch)

    def carry_over(self, batch: Batch) -> None:
        """Have the journal say of what was stamped and not dispatched that it waits: this is a stop and no crash."""
        stamped_at = self.history.stamped_at
        # the age of a publication counts from its stamp, also where it waits for long
        batch.settled += [entry.outcome(State.WAITING, settled_at=stamped_at(entry)) for entry in self.queue.stamped()]

    def flush_notes(self, batch: Batch) -> None:
        """Have everything journalled with *batch* that was noted."""
        while self.notes.flush(batch):
            pass

    def flush_counts(self, batch: Batch) -> None:
        """Have the counts journalled with *batch*."""
        batch.settled += self.counts
        self.counts = []

    def configure(self, limits: BrokerLimits) -> None:
        """Use other bounds from now on."""
        self.queue.limits = limits.queue
        self.history.configure(limits.history)
        self.inbox.configure(limits.inbox, now=self.clock())
        self.durables.limits = limits.durables
        self.keys.max_count = limits.max_idempotency_keys
        self.notes.configure(limits.receipts)
        archived = self.receipts.archive is not None
        self.recent.max_age_ms = int(limits.receipts.max_age_seconds * 1000)
        self.recent.max_count = recent_count(limits, archived=archived)
        self.recent.max_rows = recent_rows(limits, archived=archived)

    def keep_letter(self, batch: Batch, letter: DeadLetter, *, now: int) -> None:
        """Have *letter* kept with *batch*, and let go of what is too much then."""
        batch.keep_letter(letter)
        batch.evict_letters(self.dead_letters.add(letter, now=now))

    def trim_letters(self, *, now: int) -> int:
        """Let go of dead letters that are over a bound; answers how many went. The journal is told with company."""
        evicted = self.dead_letters.trim(now=now)
        self.evicted_letters += evicted
        return len(evicted)

    def bury(self, batch: Batch, entry: Entry, outcome: Outcome, *, now: int) -> None:
        """Leave *entry*, which was given up, out of every read, and make a dead letter of it."""
        self._withhold(entry)
        attempts = entry.attempts + 1
        letter = letter_of(entry.notification, reason=outcome.reason, error=outcome.error, attempts=attempts, now=now)
        self.keep_letter(batch, letter, now=now)
        receiver = letter.notification.channel if letter.stage is Stage.WEBHOOK else ""
        event = TimelineEvent(now, Happening.DEAD, letter.user_id, receiver, attempts, outcome.reason)
        self.receipts.note(letter.notification_id, event)

    def begin_anew(self, notification_ids: Collection[NotificationId]) -> None:
        """These were settled, and wait once more."""
        for notification_id in notification_ids:
            self.recent.forget(notification_id)
            self.bells.ring(notification_id)

    def reached(self, entry: Entry, outcome: Outcome) -> int:
        """Note how many connections of each user *outcome* reached; answers how many it reached in all."""
        by_user = outcome.by_user or {}
        for item in entry.items:
            item.connections = by_user.get(item.user_id, 0)
            if item.connections:
                self.inbox.unwritten.marked(item)
        return max(outcome.delivered, sum(by_user.values()))

    def _withhold(self, entry: Entry) -> None:
        if entry.publication is not None:
            self.history.withhold(entry.publication, entry.channel_id)
            for item in entry.items:
                item.publication = withheld(item.publication)

    def _finish_stamping(self, stamping: Stamping, placing: Placing | None, now: int, *, committed: bool) -> None:
        self.stamping = False
        self.queue.ring()
        if not committed:
            return
        # journalled before any stamp of the new generation can be, as that goes into a later transaction
        self._forgotten_channels += self.history.keep(stamping, now=now)
        self.queue.stamped_now([entry for entry, _, _ in stamping.stamped])
        if placing is not None:
            self.inbox.keep(placing, now=now)

    def _flush_forgotten(self, batch: Batch) -> None:
        if self._forgotten_channels:
            batch.meta["generation"] = str(self.history.generation)
            batch.forgotten_channels += self._forgotten_channels
            self._forgotten_channels = []


def recent_count(limits: BrokerLimits, *, archived: bool) -> int:
    """How many receipts memory remembers."""
    return _RECENT_RECEIPTS if archived else limits.receipts.max_count


def recent_rows(limits: BrokerLimits, *, archived: bool) -> int:
    """How many users memory remembers with these."""
    return 10 * recent_count(limits, archived=archived) if archived else limits.receipts.max_count
