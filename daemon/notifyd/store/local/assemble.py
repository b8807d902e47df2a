"""Puts a local broker together, with what its journal still knows."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Final

from notifyd.bridge.worker import OwnThread, ThreadWorker
from notifyd.model.notification import Kind
from notifyd.store.batch import Commit
from notifyd.store.local.broker import LocalBroker
from notifyd.store.local.state import LocalState, Memory, recent_count, recent_rows
from notifyd.store.local.upkeep import Upkeep
from notifyd.store.memory.channel import Channel
from notifyd.store.memory.dead_letters import DeadLetters
from notifyd.store.memory.durables import MemoryDurables
from notifyd.store.memory.history import MemoryHistory
from notifyd.store.memory.idempotency import IdempotencyKeys
from notifyd.store.memory.inbox import MemoryInbox
from notifyd.store.memory.journal import NoJournal
from notifyd.store.memory.notes import KeptNotes, UnwrittenNotes
from notifyd.store.memory.queue import MemoryQueue
from notifyd.store.memory.receipts import RecentReceipts
from notifyd.store.sqlite.archive import SqliteArchive
from notifyd.store.sqlite.connection import connect, errors_of, open_database
from notifyd.store.sqlite.durables import durables
from notifyd.store.sqlite.folding import LogFolder
from notifyd.store.sqlite.journal import SqliteJournal
from notifyd.store.sqlite.purge import SqlitePurge
from notifyd.store.sqlite.restore import Numbering, Restored, begin, boot_id
from notifyd.store.sqlite.restore_inbox import RestoredInboxes
from notifyd.store.sqlite.writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from notifyd.store.memory.entry import Entry
    from notifyd.store.options import BrokerLimits, BrokerOptions
    from notifyd.store.sqlite.restore import Place
    from notifyd.telemetry.metrics import Counters

#: The scripts that lead broker.db from each version to the next.
BROKER_SCRIPTS: Final = ("broker.sql", "broker-2.sql", "broker-3.sql", "broker-4.sql")


def open_volatile(options: BrokerOptions, counters: Counters, clock: Callable[[], int]) -> LocalBroker:
    """A broker that forgets everything with the process."""
    memory = _empty(options.limits, Numbering(secrets.token_hex(5)), counters, archived=False)
    state = LocalState(memory, counters, clock=clock, archived=False)
    journal = NoJournal(state)
    upkeep = Upkeep(state, journal, None, options.limits.receipts)
    return LocalBroker(state, journal, upkeep, durability="memory")


async def open_journalled(
    options: BrokerOptions, path: Path, counters: Counters, clock: Callable[[], int]
) -> LocalBroker:
    """A broker over the journal at *path*, which is made where there is none.

    Raises:
        StoreUnavailable: the file cannot be used; the message names it.
    """
    errors = errors_of(path)
    thread = OwnThread("notifyd-journal", errors=errors)
    try:
        connection, memory = await thread.run(_restore, path, options.limits, counters, clock())
    except BaseException:
        thread.close()
        raise
    state = LocalState(memory, counters, clock=clock, archived=True)
    writer = Writer(
        partial(open_database, path, BROKER_SCRIPTS), fsync=options.durability == "fsync", connection=connection
    )
    folder = LogFolder(partial(connect, path), OwnThread("notifyd-folder", errors=errors))
    journal = SqliteJournal(state, writer, thread, folder)
    reader = ThreadWorker("notifyd-archive", errors=errors)
    archive = SqliteArchive(partial(connect, path, read_only=True), reader, epoch=state.history.epoch)
    state.receipts.archive = archive
    purge = SqlitePurge(archive, journal, state.history, state.inbox)
    upkeep = Upkeep(state, journal, purge, options.limits.receipts)
    return LocalBroker(state, journal, upkeep, durability=options.durability)


def _restore(path: Path, limits: BrokerLimits, counters: Counters, now: int) -> tuple[sqlite3.Connection, Memory]:
    connection = open_database(path, BROKER_SCRIPTS)
    try:
        memory = _empty(limits, begin(connection, boot=boot_id()), counters, archived=True)
        _remember(connection, memory, limits, now)
    except BaseException:
        connection.close()
        raise
    return connection, memory


def _empty(limits: BrokerLimits, numbering: Numbering, counters: Counters, *, archived: bool) -> Memory:
    queue = MemoryQueue(limits.queue)
    queue.paused = numbering.paused
    base_epoch = numbering.base_epoch
    return Memory(
        queue,
        MemoryHistory(limits.history, base_epoch=base_epoch, generation=numbering.generation),
        MemoryInbox(limits.inbox, counters, base_epoch=base_epoch, generation=numbering.inbox_generation),
        RecentReceipts(
            max_count=recent_count(limits, archived=archived),
            max_age_ms=int(limits.receipts.max_age_seconds * 1000),
            max_rows=recent_rows(limits, archived=archived),
        ),
        IdempotencyKeys(max_count=limits.max_idempotency_keys),
        MemoryDurables(limits.durables),
        DeadLetters(limits.dead_letters, counters),
        UnwrittenNotes(limits.receipts, number=numbering.noted) if archived else KeptNotes(limits.receipts),
    )


def _remember(connection: sqlite3.Connection, memory: Memory, limits: BrokerLimits, now: int) -> None:
    restored = Restored(connection)
    memory.queue.number_from(restored.last_seq() + 1)
    kept = Commit()
    kept.finish()
    for key, notification_id in restored.idempotency_keys():
        memory.keys.add(key, notification_id, kept)
    channels = _channels(restored, memory.history, limits, now)
    inboxes = RestoredInboxes(connection, restored, channels)
    # what is over a bound now is told, too
    memory.inbox.note = partial(memory.notes.add, acked=0)
    inboxes.fill(memory.inbox, now=now)
    places = restored.carried_over()
    for entries in restored.entries():
        for entry in entries:
            place = places.get(entry.seq)
            if place is not None:
                _carry_over(entry, place, memory.history, channels, inboxes)
        memory.queue.readmit(entries)
    memory.history.trim(now=now)
    memory.dead_letters.restore(restored.dead_letters())
    memory.durables.restore(durables(connection))


def _carry_over(
    entry: Entry, place: Place, history: MemoryHistory, channels: dict[int, Channel], inboxes: RestoredInboxes
) -> None:
    """Give *entry* its places back. Without its stream it is stamped anew, but never put into an inbox twice."""
    channel = channels.get(place.channel_id)
    if channel is None and entry.notification.kind is not Kind.USERS:
        return
    history.carry_over(entry, channel, place.offset, place.number)
    if entry.publication is not None and entry.notification.kind is Kind.USERS:
        entry.items = inboxes.items_of(entry.seq, entry.publication)


def _channels(restored: Restored, history: MemoryHistory, limits: BrokerLimits, now: int) -> dict[int, Channel]:
    """Put the channels and their publications into the history."""
    heads = restored.heads()
    channels: dict[int, Channel] = {}
    for channel_id, name, generation, head in restored.channels(heads):
        epoch = history.epoch(generation)
        channels[channel_id] = channel = Channel(channel_id, name, epoch=epoch, generation=generation)
        channel.head = head
        history.adopt(channel)
    publications = restored.publications(channels, max_bytes=limits.history.max_bytes, now=now)
    for channel in channels.values():
        history.restore(channel, publications[channel.id])
    history.restored(after_channel_id=max(heads, default=0))
    return channels
