"""Puts a local broker together, with what its journal still knows."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Final

from notifyd.bridge.worker import OwnThread, ThreadWorker
from notifyd.store.batch import Commit
from notifyd.store.local.broker import LocalBroker
from notifyd.store.local.state import LocalState, recent_count
from notifyd.store.local.upkeep import Upkeep
from notifyd.store.memory.channel import Channel
from notifyd.store.memory.history import MemoryHistory
from notifyd.store.memory.idempotency import IdempotencyKeys
from notifyd.store.memory.journal import NoJournal
from notifyd.store.memory.queue import MemoryQueue
from notifyd.store.memory.receipts import RecentReceipts
from notifyd.store.sqlite.archive import SqliteArchive
from notifyd.store.sqlite.connection import connect, errors_of, open_database
from notifyd.store.sqlite.folding import LogFolder
from notifyd.store.sqlite.journal import SqliteJournal
from notifyd.store.sqlite.purge import SqlitePurge
from notifyd.store.sqlite.restore import Numbering, Restored, begin, boot_id
from notifyd.store.sqlite.writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from notifyd.store.options import BrokerLimits, BrokerOptions
    from notifyd.telemetry.metrics import Counters

#: The scripts that lead broker.db from each version to the next.
BROKER_SCRIPTS: Final = ("broker.sql",)


def open_volatile(options: BrokerOptions, counters: Counters, clock: Callable[[], int]) -> LocalBroker:
    """A broker that forgets everything with the process."""
    state = _empty(options.limits, Numbering(secrets.token_hex(5), 0, paused=False), archived=False)
    state.counters = counters
    journal = NoJournal(state)
    upkeep = Upkeep(state, journal, None, options.limits.receipts, clock=clock)
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
        connection, state = await thread.run(_restore, path, options.limits, clock())
    except BaseException:
        thread.close()
        raise
    state.counters = counters
    writer = Writer(
        partial(open_database, path, BROKER_SCRIPTS), fsync=options.durability == "fsync", connection=connection
    )
    folder = LogFolder(partial(connect, path), OwnThread("notifyd-folder", errors=errors))
    journal = SqliteJournal(state, writer, thread, folder)
    reader = ThreadWorker("notifyd-archive", errors=errors)
    archive = SqliteArchive(partial(connect, path, read_only=True), reader, epoch=state.history.epoch)
    state.archive = archive
    purge = SqlitePurge(archive, journal, state.history)
    upkeep = Upkeep(state, journal, purge, options.limits.receipts, clock=clock)
    return LocalBroker(state, journal, upkeep, durability=options.durability)


def _restore(path: Path, limits: BrokerLimits, now: int) -> tuple[sqlite3.Connection, LocalState]:
    connection = open_database(path, BROKER_SCRIPTS)
    try:
        numbering = begin(connection, boot=boot_id())
        return connection, _remembered(Restored(connection), limits, numbering, now)
    except BaseException:
        connection.close()
        raise


def _empty(limits: BrokerLimits, numbering: Numbering, *, archived: bool, first_seq: int = 1) -> LocalState:
    queue = MemoryQueue(limits.queue, first_seq=first_seq)
    queue.paused = numbering.paused
    return LocalState(
        queue,
        MemoryHistory(limits.history, base_epoch=numbering.base_epoch, generation=numbering.generation),
        RecentReceipts(
            max_count=recent_count(limits, archived=archived), max_age_ms=int(limits.receipts.max_age_seconds * 1000)
        ),
        IdempotencyKeys(max_count=limits.max_idempotency_keys),
    )


def _remembered(restored: Restored, limits: BrokerLimits, numbering: Numbering, now: int) -> LocalState:
    state = _empty(limits, numbering, archived=True, first_seq=restored.last_seq() + 1)
    kept = Commit()
    kept.finish()
    for key, notification_id in restored.idempotency_keys():
        state.keys.add(key, notification_id, kept)
    channels = _channels(restored, state, limits, now)
    places = restored.carried_over()
    for entries in restored.entries():
        for entry in entries:
            place = places.get(entry.seq)
            if place is not None and place.channel_id in channels:
                state.history.carry_over(entry, channels[place.channel_id], place.offset, place.number)
        state.queue.readmit(entries)
    state.history.trim(now=now)
    return state


def _channels(restored: Restored, state: LocalState, limits: BrokerLimits, now: int) -> dict[int, Channel]:
    """Put the channels and their publications into the history."""
    heads = restored.heads()
    channels: dict[int, Channel] = {}
    for channel_id, name, generation, head in restored.channels(heads):
        epoch = state.history.epoch(generation)
        channels[channel_id] = channel = Channel(channel_id, name, epoch=epoch, generation=generation)
        channel.head = head
        state.history.adopt(channel)
    publications = restored.publications(channels, max_bytes=limits.history.max_bytes, now=now)
    for channel in channels.values():
        state.history.restore(channel, publications[channel.id])
    state.history.restored(after_channel_id=max(heads, default=0))
    return channels
