"""What is kept in inboxes, what nodes tell each other of them, and what the scripts answer, as values. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from notifyd.model.ids import NotificationId
from notifyd.model.publication import Publication
from notifyd.wire.stored import decode_notification, encode_notification

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notifyd.model.ids import UserId
    from notifyd.model.notification import Notification

_VERSION: Final = 1
#: One for more users is kept for each without the names of the others: they would be kept as often as they are many.
_MOST_NAMED: Final = 16
_FRAME_BYTES: Final = 200


def size_in_inbox(notification: Notification) -> int:
    """What it counts against the bounds of an inbox: what its user receives, whoever else it is for."""
    return len(notification.data) + len(notification.metadata) + _FRAME_BYTES


def body_for(notification: Notification, user_id: UserId) -> bytes | None:
    """The JSON of *notification* for one of many users; None where all of its users have the same."""
    if len(notification.users) <= _MOST_NAMED:
        return None
    return encode_notification(replace(notification, users=(user_id,), connections=()))


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One notification in an inbox."""

    placed_at: int
    #: Connections of the user that were there for it.
    connections: int
    #: Its place in the client's own stream.
    epoch: str
    offset: int
    notification: msgspec.Raw

    def publication(self) -> Publication:
        """With that place.

        Raises:
            msgspec.DecodeError: it is of a version that is not known here.
        """
        return Publication(decode_notification(self.notification), self.epoch, self.offset)


class InboxNews(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message of an inbox's topic: where it stands now, and what is new."""

    version: int
    epoch: str
    head: int
    floor: int
    cursor: int
    #: Offset, and how it ended.
    ends: tuple[tuple[int, str], ...]
    #: The newest; the last of them is at `head`.
    entries: tuple[Entry, ...]


_decode: Final = msgspec.json.Decoder(InboxNews).decode


def decode_news(line: bytes) -> InboxNews | None:
    """The message, or None for one of a version that is not known here."""
    try:
        news = _decode(line)
    except msgspec.DecodeError:
        return None
    return news if news.version == _VERSION else None


class Figures(NamedTuple):
    """How much one inbox keeps."""

    head: int
    floor: int
    size_bytes: int
    #: When the oldest and the newest of it were placed, 0 for none.
    oldest: int
    newest: int

    @property
    def kept(self) -> int:
        """Notifications kept."""
        return self.head - self.floor


class Left(NamedTuple):
    """What a bound pushed out before it had arrived."""

    notification_id: NotificationId
    offset: int
    expires_at: int


class Placed(NamedTuple):
    """What `place.lua` answers."""

    epoch: str
    before: Figures
    after: Figures
    #: Node and connections, as HGETALL has them.
    nodes: Sequence[bytes]
    left: Sequence[Left]
    #: Of each; 0 where the user was removed after it had been placed.
    offsets: Sequence[int]


class Page(NamedTuple):
    """What `read.lua` answers."""

    epoch: str
    head: int
    floor: int
    cursor: int
    ends: Sequence[tuple[int, str]]
    #: Offset and entry of each.
    entries: Sequence[tuple[int, Entry]]


class Trimmed(NamedTuple):
    """What `trim.lua` and, with nothing kept then, `forget.lua` answer."""

    epoch: str
    before: Figures
    after: Figures
    left: Sequence[Left]
    #: Of an inbox that was dropped, the epoch of the next one.
    next_epoch: str = ""


def placed_in(answer: Sequence[Any]) -> Placed:
    """From the script's answer."""
    epoch, before, after, nodes, left, *offsets = answer
    return Placed(epoch.decode(), _figures(before), _figures(after), nodes, _left(left), offsets)


def page_in(answer: Sequence[Any]) -> Page:
    """From the script's answer."""
    epoch, head, floor, cursor, ends, *fields = answer
    found = [(int(offset), word.decode()) for offset, word in zip(ends[::2], ends[1::2], strict=True)]
    return Page(epoch.decode(), head, floor, cursor, found, list(_entries(fields)))


def trimmed_in(answer: Sequence[Any]) -> Trimmed:
    """From the script's answer."""
    epoch, before, after, left = answer
    return Trimmed(epoch.decode(), _figures(before), _figures(after), _left(left))


def forgotten_in(answer: Sequence[Any]) -> Trimmed:
    """From the script's answer."""
    epoch, before, left, next_epoch = answer
    return Trimmed(epoch.decode(), _figures(before), Figures(0, 0, 0, 0, 0), _left(left), next_epoch.decode())


def _figures(words: Sequence[Any]) -> Figures:
    return Figures(*map(int, words))


def _left(words: Sequence[Any]) -> Sequence[Left]:
    if not words:
        return ()
    return [
        Left(NotificationId(notification_id.decode()), int(offset), int(expires_at))
        for notification_id, offset, expires_at in zip(words[::3], words[1::3], words[2::3], strict=True)
    ]


def _entries(fields: Sequence[Any]) -> Iterator[tuple[int, Entry]]:
    for first in range(0, len(fields), 6):
        offset, placed_at, connections, epoch, own_offset, body = fields[first : first + 6]
        entry = Entry(int(placed_at), int(connections), epoch.decode(), int(own_offset), msgspec.Raw(body))
        yield int(offset), entry
