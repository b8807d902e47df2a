"""The dead letters of each shard, by the scripts that read and change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notifyd.redislink.scripts import load_script
from notifyd.store.redis.letters.form import letter_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import DeadLetterId, NotificationId
    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.link import Link
    from notifyd.redislink.resp import Word

_SCRIPTS: Final = "notifyd.store.redis.letters"
_KEEP: Final = load_script(_SCRIPTS, "keep")
_PAGE: Final = load_script(_SCRIPTS, "page")
_OLDEST: Final = load_script(_SCRIPTS, "oldest")
_TAKE: Final = load_script(_SCRIPTS, "take")
_HOLD: Final = load_script(_SCRIPTS, "hold")
_LET_GO: Final = load_script(_SCRIPTS, "let_go")

#: What one page of one shard may weigh.
_PAGE_BYTES: Final = 1 << 20


class Wanted(NamedTuple):
    """Which letters of a shard, by the instant of death; None stands for no bound."""

    oldest_first: bool
    since: int | None
    until: int | None


class Place(NamedTuple):
    """Where a letter stands among all: when it died, and its id."""

    died_at: int
    id: str


class LetterShards:
    """Every call is handed in at once and answered by a `Reply`; all raise StoreUnavailable where Redis is away."""

    def __init__(self, link: Link, shards: int) -> None:
        self.line: Line = link.line("upkeep")
        self._keys = [link.keys.letters(shard) for shard in range(shards)]
        self._tags = [link.keys.shard(shard) for shard in range(shards)]

    def __len__(self) -> int:
        """How many shards there are."""
        return len(self._keys)

    def keep(self, shard: int, letters: Sequence[DeadLetter]) -> Reply:
        """Keep *letters* of one shard; answers its number of letters and their bytes."""
        args = [word for letter in letters for word in (letter.id, letter.died_at, letter_body(letter))]
        return self.line.script(_KEEP, self._keys[shard], args)

    def find(self, letter_id: DeadLetterId) -> list[Reply]:
        """Ask every shard for a body."""
        return [self.line.send("HGET", keys.bodies, letter_id) for keys in self._keys]

    def places(self, letter_id: DeadLetterId) -> list[Reply]:
        """Ask every shard when it died."""
        return [self.line.send("ZSCORE", keys.order, letter_id) for keys in self._keys]

    def page(self, shard: int, wanted: Wanted, behind: Place | None, limit: int) -> Reply:
        """The next *limit* in that order, or fewer where they are big: id, instant and body of each."""
        order, keys = "asc" if wanted.oldest_first else "desc", self._keys[shard]
        died_at, letter_id = ("", "") if behind is None else behind
        since = "" if wanted.since is None else wanted.since
        until = "" if wanted.until is None else wanted.until
        args = (order, died_at, letter_id, since, until, limit, _PAGE_BYTES)
        return self.line.script(_PAGE, (keys.order, keys.bodies), args)

    def oldest(self, limit: int) -> list[Reply]:
        """The oldest of each shard: id, instant and size of each."""
        return [self.line.script(_OLDEST, (keys.order, keys.bodies), (limit,)) for keys in self._keys]

    def take(self, letter_ids: Sequence[DeadLetterId]) -> list[Reply]:
        """Drop these wherever they are; each shard answers the ids of those that it had."""
        return [self.line.script(_TAKE, keys[:3], letter_ids) for keys in self._keys]

    def hold(self, shard: int, pairs: Iterable[tuple[DeadLetterId, NotificationId]], *, word: str, now: int) -> Reply:
        """Put letters aside that notifications go on for; refused as CONFLICT where one is not there.

        *word* tells who did it.
        """
        return self.line.script(_HOLD, self._keys[shard], [now, word, *[each for pair in pairs for each in pair]])

    def let_go(
        self,
        shard: int,
        letter_ids: Sequence[DeadLetterId] = (),
        *,
        word: str = "",
        before: int = 0,
        gone: bool | None = None,
    ) -> Reply:
        """End that for these where *word* held them: they are *gone* or not; None: as their notifications tell.

        And for all that were put aside before *before*, by whomever. Answers the ids of those that are back.
        """
        tag = self._tags[shard]
        verdict = "" if gone is None else ("gone" if gone else "back")
        args: list[Word] = [f"{tag}:r:", before, verdict, word, *letter_ids]
        return self.line.script(_LET_GO, (*self._keys[shard], f"{tag}:n"), args)

    def figures(self) -> list[tuple[Reply, Reply]]:
        """The number of letters and the bytes of each shard."""
        return [(self.line.send("ZCARD", keys.order), self.line.send("GET", keys.size)) for keys in self._keys]
