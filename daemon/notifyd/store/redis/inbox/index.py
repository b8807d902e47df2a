"""Which inboxes there are, and how much all of them keep: in parts, each under a tag of its own.

The index follows the inboxes within a second; a new inbox is in it before its first notification counts as placed, so
that none is ever without an end. Entries say how much there is and not what was added, so that one that was lost or
came twice does no harm: the next puts it right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote
from zlib import crc32

from notifyd.model.ids import ClientId, UserId
from notifyd.redislink.keys import escaped
from notifyd.redislink.scripts import load_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.link import Link
    from notifyd.redislink.resp import Word
    from notifyd.store.redis.inbox.form import Figures
    from notifyd.store.redis.inbox.scripts import UserKey

_ENTER: Final = load_script("notifyd.store.redis.inbox", "index")
_SCAN: Final = 1000
_ENTER_AT_ONCE: Final = 500
#: So many new notifications of one node in one millisecond keep their order.
_RANKS: Final = 1000


class _Fresh(NamedTuple):
    """What one inbox keeps now."""

    figures: Figures
    #: By which inboxes are ordered by their newest notification; None where that has not changed.
    rank: int | None

    def words(self) -> tuple[Word, ...]:
        figures = self.figures
        rank = figures.newest * _RANKS if self.rank is None else self.rank
        keep = "keep" if self.rank is None else ""
        return (figures.kept, figures.size_bytes, figures.oldest, rank if figures.head else 0, keep)


class InboxIndex:
    """All inboxes by member `CLIENT/USER`. What waits raises StoreUnavailable where Redis is away."""

    def __init__(self, link: Link, parts: int) -> None:
        self._line: Line = link.line("upkeep")
        self._keys = [link.keys.inbox_index(part) for part in range(parts)]
        self._totals = [(0, 0, 0)] * parts
        #: What is to be entered, and how it differs from what was entered last, as far as this node knows.
        self._fresh: dict[UserKey, _Fresh] = {}
        self._grown = [0, 0, 0]
        self._number = 0

    @property
    def parts(self) -> range:
        """The numbers of the parts."""
        return range(len(self._keys))

    def usage(self) -> tuple[int, int, int]:
        """Users, notifications and bytes, as at the last look and with what this node changed since."""
        users, count, size = (sum(column) for column in zip(*self._totals, strict=True))
        return users + self._grown[0], count + self._grown[1], size + self._grown[2]

    def changed(self, key: UserKey, before: Figures, after: Figures) -> None:
        """An inbox keeps so much now; *after* is nothing where it was dropped."""
        rank = None
        if after.head > before.head:
            self._number = (self._number + 1) % _RANKS
            rank = after.newest * _RANKS + self._number
        elif key in self._fresh:
            rank = self._fresh[key].rank
        self._fresh[key] = _Fresh(after, rank)
        self._grown[0] += bool(after.head) - bool(before.head)
        self._grown[1] += after.kept - before.kept
        self._grown[2] += after.size_bytes - before.size_bytes

    async def enter(self) -> None:
        """Enter what has changed."""
        fresh, self._fresh = self._fresh, {}
        grown, self._grown = self._grown, [0, 0, 0]
        by_part: dict[int, list[tuple[UserKey, _Fresh]]] = {}
        for key, each in fresh.items():
            by_part.setdefault(self._part(key), []).append((key, each))
        try:
            replies = [
                (part, self._enter(part, share[first : first + _ENTER_AT_ONCE]))
                for part, share in by_part.items()
                for first in range(0, len(share), _ENTER_AT_ONCE)
            ]
            for part, reply in replies:
                await self._seen(part, reply)
        except BaseException:
            # what has changed since is newer
            self._fresh = fresh | self._fresh
            self._grown = [was + more for was, more in zip(grown, self._grown, strict=True)]
            raise

    async def look(self) -> None:
        """Enter what has changed, and have `usage` as it is now."""
        await self.enter()
        replies = [(part, self._enter(part, ())) for part in self.parts]
        for part, reply in replies:
            await self._seen(part, reply)

    async def oldest(self, parts: Iterable[int], limit: int, *, until: int | None = None) -> list[tuple[int, UserKey]]:
        """In each part those whose oldest notification is the oldest, with its instant; in that order over all."""
        bound = "+inf" if until is None else until
        replies = [
            self._line.send("ZRANGEBYSCORE", self._keys[part].oldest, "-inf", bound, "WITHSCORES", "LIMIT", 0, limit)
            for part in parts
        ]
        return await _scored(replies)

    async def idle(self, limit: int) -> list[tuple[int, UserKey]]:
        """In each part those that got nothing for the longest time, with their ranks; in that order over all."""
        replies = [self._line.send("ZRANGE", keys.newest, 0, limit - 1, "WITHSCORES") for keys in self._keys]
        return await _scored(replies)

    async def find(self, client_id: ClientId | None, prefix: str = "") -> set[UserKey]:
        """Those of a client, or of all, whose users begin with *prefix*."""
        client = "*" if client_id is None else _literal(escaped(client_id))
        pattern = f"{client}/{_literal(escaped(prefix))}*"
        found: set[UserKey] = set()
        for keys in self._keys:
            cursor = b"0"
            while True:
                reply = self._line.send("ZSCAN", keys.newest, cursor, "MATCH", pattern, "COUNT", _SCAN)
                cursor, pairs = await reply.wait()
                found.update([_key(member) for member in pairs[::2]])
                if cursor == b"0":
                    break
        return found

    async def sizes(self) -> list[tuple[UserKey, int, int]]:
        """How many notifications and bytes each keeps."""
        found: dict[UserKey, tuple[int, int]] = {}
        for keys in self._keys:
            cursor = b"0"
            while True:
                cursor, pairs = await self._line.send("HSCAN", keys.sizes, cursor, "COUNT", _SCAN).wait()
                for member, size in zip(pairs[::2], pairs[1::2], strict=True):
                    count, size_bytes = size.split()
                    found[_key(member)] = int(count), int(size_bytes)
                if cursor == b"0":
                    break
        return [(key, *sizes) for key, sizes in found.items()]

    def _part(self, key: UserKey) -> int:
        return crc32(_member(key).encode()) % len(self._keys)

    def _enter(self, part: int, share: Sequence[tuple[UserKey, _Fresh]]) -> Reply:
        words = [word for key, each in share for word in (_member(key), *each.words())]
        return self._line.script(_ENTER, self._keys[part], words)

    async def _seen(self, part: int, reply: Reply) -> None:
        users, count, size = await reply.wait()
        self._totals[part] = int(users), int(count), int(size)


async def _scored(replies: Sequence[Reply]) -> list[tuple[int, UserKey]]:
    found: list[tuple[int, UserKey]] = []
    for reply in replies:
        words: list[bytes] = await reply.wait()
        found += [(int(score), _key(member)) for member, score in zip(words[::2], words[1::2], strict=True)]
    return sorted(found)


def _member(key: UserKey) -> str:
    return f"{escaped(key[0])}/{escaped(key[1])}"


def _key(member: bytes) -> UserKey:
    client_id, _, user_id = member.decode().partition("/")
    return ClientId(unquote(client_id)), UserId(unquote(user_id))


def _literal(text: str) -> str:
    """*text* in a pattern that means just it."""
    return "".join([f"\\{each}" if each in "*?[]\\^" else each for each in text])
