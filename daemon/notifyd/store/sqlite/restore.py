"""What a journal still knows after a restart."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from notifyd.model.dead_letter import DeadLetter
from notifyd.model.notification import Kind, State
from notifyd.model.publication import Publication
from notifyd.store.memory.channel import Stamped, withheld
from notifyd.store.memory.entry import Entry
from notifyd.store.ports import IdempotencyKey
from notifyd.store.sqlite import queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.store.memory.channel import Channel

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

#: Rows fetched from SQLite at once.
_FETCH_ROWS: Final = 500

_LETTER: Final = msgspec.json.Decoder(DeadLetter)

#: seq, channel id, offset, time and state.
_StampRow = tuple[int, int, int, int, str]


class Numbering(msgspec.Struct, frozen=True):
    """What epochs are made of, and whether leasing was paused."""

    base_epoch: str
    generation: int = 0
    inbox_generation: int = 0
    #: The last flush of notes.
    noted: int = 0
    paused: bool = False


class Place(NamedTuple):
    """Where in a stream something was stamped."""

    channel_id: int
    offset: int
    #: Its number among all of these, in which each channel's offsets rise.
    number: int


def boot_id() -> str:
    """Tells one boot of the machine from another; "" where it cannot be known."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def begin(connection: sqlite3.Connection, *, boot: str) -> Numbering:
    """Take the journal into use and say which epoch it is in.

    After a power loss stamps that were handed out may be missing, and their offsets would be given to others: the
    epoch changes. A killed process loses none, as what it committed is in the kernel's hands.
    """
    meta: dict[str, str] = dict(connection.execute(queries.META).fetchall())
    vouched = meta.get("clean") == "yes" or (boot != "" and meta.get("boot_id") == boot)
    base_epoch = meta.get("base_epoch", "") if vouched else ""
    base_epoch = base_epoch or secrets.token_hex(5)
    # the mark has to be on the disk before anything that it warns of
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES ('base_epoch', ?), ('boot_id', ?), ('clean', 'no')", (base_epoch, boot)
    )
    generations = int(meta.get("generation", "0")), int(meta.get("inbox_generation", "0"))
    noted = int(meta.get("noted", "0"))
    return Numbering(base_epoch, *generations, noted=noted, paused=meta.get("paused") == "yes")


class Restored:
    """Reads what memory needs, part by part, so that never more than one part is held twice."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        #: What several inboxes and a stream keep is held once.
        self._shared: dict[int, Notification] = {}

    def last_seq(self) -> int:
        """The highest number given to a notification."""
        return int(self._connection.execute(queries.LAST_SEQ).fetchone()[0])

    def entries(self) -> Iterator[list[Entry]]:
        """What waits, in the order of acceptance, part by part."""
        waiting = sorted([row[0] for row in self._connection.execute(queries.UNSETTLED)])
        for first in range(0, len(waiting), _FETCH_ROWS):
            part = self.notifications(waiting[first : first + _FETCH_ROWS])
            yield [Entry.of(seq, notification) for seq, notification in part.items()]

    def carried_over(self) -> dict[int, Place]:
        """By seq, the places of what waits and was stamped before a stop."""
        rows = self._connection.execute(queries.CARRIED_OVER)
        return {seq: Place(channel_id, offset, n) for n, (seq, channel_id, offset) in enumerate(rows, start=1)}

    def idempotency_keys(self) -> Iterator[tuple[IdempotencyKey, NotificationId]]:
        """Idempotency keys, soonest to expire first."""
        for credential, key, fingerprint, notification, expires_at in self._connection.execute(queries.IDEMPOTENCY):
            yield IdempotencyKey(credential, key, fingerprint, expires_at), notification

    def dead_letters(self) -> Iterator[DeadLetter]:
        """What was given up, in the order of death."""
        for (letter,) in self._connection.execute(queries.DEAD_LETTERS):
            yield _LETTER.decode(letter)

    def heads(self) -> dict[int, int]:
        """Newest offset by channel id, of forgotten channels too."""
        heads: dict[int, int] = {}
        for channel_id, offset in self._connection.execute(queries.HEADS):
            if offset > heads.get(channel_id, 0):
                heads[channel_id] = offset
        return heads

    def channels(self, heads: dict[int, int]) -> Iterator[tuple[int, tuple[ClientId, str], int, int]]:
        """Id, client and name, generation and newest offset of every channel that has a history."""
        for channel_id, client, name, generation, head in self._connection.execute(queries.CHANNELS):
            yield channel_id, (client, name), generation, max(head, heads.get(channel_id, 0))

    def publications(self, channels: dict[int, Channel], *, max_bytes: int, now: int) -> dict[int, list[Stamped]]:
        """By channel id, the publications that lead up to each head without a gap, as many as the bounds let in."""
        found: dict[int, list[Stamped]] = {channel_id: [] for channel_id in channels}
        for rows in self._kept_places(channels, now):
            notifications = self.notifications([row[0] for row in rows])
            for seq, channel_id, offset, stamped_at, state in rows:
                notification = notifications.get(seq)
                if notification is not None:
                    size = notification.size()
                    max_bytes -= size
                    publication = Publication(notification, channels[channel_id].epoch, offset)
                    if state == State.DEAD.value:
                        publication = withheld(publication)
                    found[channel_id].append(Stamped(publication, size, stamped_at))
            if max_bytes < 0:
                break
        return {channel_id: _run_up_to(channels[channel_id].head, stamped) for channel_id, stamped in found.items()}

    def _kept_places(self, channels: dict[int, Channel], now: int) -> Iterator[list[_StampRow]]:
        """The rows of the stamps within the bounds of their channels, newest first."""
        first = {i: channel.head - channel.bounds.max_publications for i, channel in channels.items()}
        oldest = {i: now - channel.bounds.max_age_ms for i, channel in channels.items()}
        part: list[_StampRow] = []
        # the small rows alone: those of the notifications are read only where they are wanted
        for row in self._connection.execute(queries.STAMPS):
            channel_id = row[1]
            if channel_id in first and row[2] > first[channel_id] and row[3] > oldest[channel_id]:
                part.append(row)
                if len(part) == _FETCH_ROWS:
                    yield part
                    part = []
        if part:
            yield part

    def notifications(self, seqs: list[int]) -> dict[int, Notification]:
        """The notifications with these numbers, by number."""
        found = {seq: self._shared[seq] for seq in seqs if seq in self._shared}
        unread = [seq for seq in seqs if seq not in found]
        for row in self._connection.execute(queries.notifications(len(unread)), unread):
            found[row[14]] = notification = queries.notification_of(row)
            if notification.kind is Kind.USERS:
                self._shared[row[14]] = notification
        return {seq: found[seq] for seq in seqs if seq in found}


def _run_up_to(head: int, stamped: list[Stamped]) -> list[Stamped]:
    """Those that lead up to *head* without a gap, in their order. What is older was evicted before.

    What was settled late has the time of that: it was stamped no later than what follows it.
    """
    stamped.sort(key=lambda item: item.publication.offset, reverse=True)
    run: list[Stamped] = []
    for item in stamped:
        if item.publication.offset != head - len(run):
            break
        if run and item.stamped_at > run[-1].stamped_at:
            item = item._replace(stamped_at=run[-1].stamped_at)
        run.append(item)
    run.reverse()
    return run
