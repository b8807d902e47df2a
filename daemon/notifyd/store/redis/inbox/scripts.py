"""The inboxes in Redis, by the scripts that read and change them."""

from __future__ import annotations

import secrets
from importlib import resources
from itertools import count
from typing import TYPE_CHECKING, Final

from notifyd.redislink.scripts import script_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.keys import InboxKeys
    from notifyd.redislink.link import Link
    from notifyd.redislink.resp import Word
    from notifyd.redislink.scripts import Script
    from notifyd.store.options import InboxLimits

    UserKey = tuple[ClientId, UserId]


def _script(name: str) -> Script:
    """A script of one inbox, behind the functions that all of them share."""
    folder = resources.files("notifyd.store.redis.inbox")
    return script_of(name, (folder / "lib.lua").read_bytes() + (folder / f"{name}.lua").read_bytes())


_PLACE: Final = _script("place")
_READ: Final = _script("read")
_ADVANCE: Final = _script("advance")
_MARK: Final = _script("mark")
_WITHHOLD: Final = _script("withhold")
_TRIM: Final = _script("trim")
_FORGET: Final = _script("forget")

_DAY_SECONDS: Final = 86_400
#: An inbox that gets nothing keeps its epoch and its cursor for so long beyond what it may keep.
_EMPTY_SECONDS: Final = 30 * _DAY_SECONDS
#: The time of what is kept in it is said anew when that was so long ago.
_RENEW_MS: Final = _DAY_SECONDS * 1000 // 2
#: What was placed in an inbox before its user was removed is not placed in the next one: no lease lasts as long.
_GONE_SECONDS: Final = 3600
#: The one who opens a connection waits for a page.
_PAGE: Final = 200
_PAGE_BYTES: Final = 1 << 20


#: Users whose keys are remembered: to make them up takes longer than to look them up.
_KNOWN_KEYS: Final = 10_000


class InboxScripts:
    """Every call is handed in at once and answered by a `Reply`; all raise StoreUnavailable where Redis is away."""

    def __init__(self, link: Link, limits: InboxLimits) -> None:
        self.limits = limits
        self._names = link.keys
        self._base_epoch = secrets.token_hex(5)
        self._epochs = count(1)
        self._keys: dict[UserKey, InboxKeys] = {}
        #: What is placed goes by it.
        self.line: Line = link.line("inbox")
        self._upkeep: Line = link.line("upkeep")
        self._mirrors: Line = link.line("mirrors")

    def keys(self, key: UserKey) -> InboxKeys:
        """The keys of the inbox of one user."""
        keys = self._keys.get(key)
        if keys is None:
            if len(self._keys) >= _KNOWN_KEYS:
                self._keys.clear()
            keys = self._keys[key] = self._names.inbox(*key)
        return keys

    def tag(self, key: UserKey) -> str:
        """What all of them begin with."""
        return self._names.user(*key)

    def place(self, key: UserKey, items: Sequence[Word], *, now: int) -> Reply:
        """Place notifications, six words each; see `form.placed_in`."""
        limits = self.limits
        kept = int(limits.max_age_seconds) + 2 * _DAY_SECONDS
        bounds = (limits.max_notifications, limits.max_user_bytes, kept + _EMPTY_SECONDS, kept, _RENEW_MS)
        return self.line.script(_PLACE, self.keys(key), (now, self._new_epoch(), *bounds, *items))

    def read(self, key: UserKey, *, epoch: str, after: int) -> Reply:
        """Read what comes after a place; see `form.page_in`."""
        kept = int(self.limits.max_age_seconds) + _DAY_SECONDS
        args = (self._new_epoch(), kept, epoch, after, _PAGE, _PAGE_BYTES)
        return self._mirrors.script(_READ, self.keys(key), args)

    def advance(self, key: UserKey, epoch: str, offset: int) -> Reply:
        """Move the cursor; answers where it was and where it is, or nothing."""
        return self.line.script(_ADVANCE, self.keys(key), (epoch, offset))

    def mark(self, key: UserKey, epoch: str, ends: Sequence[tuple[int, str]]) -> Reply:
        """Say how some ended; answers how many were changed."""
        return self.line.script(_MARK, self.keys(key), (epoch, *[word for end in ends for word in end]))

    def withhold(self, key: UserKey, notification_ids: Sequence[NotificationId]) -> Reply:
        """Leave some out of every read; answers how many were there."""
        return self.line.script(_WITHHOLD, self.keys(key), notification_ids)

    def trim(self, key: UserKey, *, age: int = -1, free_bytes: int = 0, free_until: int = -1) -> Reply:
        """Let go of what is over the bounds of one user or was placed up to *age*; see `form.trimmed_in`.

        And of so many bytes of what was placed up to *free_until*.
        """
        limits = self.limits
        args = (limits.max_notifications, limits.max_user_bytes, age, free_bytes, free_until)
        return self._upkeep.script(_TRIM, self.keys(key), args)

    def forget(self, key: UserKey, *, erase: bool) -> Reply:
        """Drop all of it; see `form.forgotten_in`. With *erase* nothing is told of it any more."""
        args = (self._new_epoch(), 2 * _DAY_SECONDS, "erase" if erase else "", _GONE_SECONDS)
        return self.line.script(_FORGET, self.keys(key), args)

    def meta(self, key: UserKey) -> Reply:
        """The fields of `META_FIELDS`."""
        return self._upkeep.send("HMGET", self.keys(key).meta, *META_FIELDS)

    def _new_epoch(self) -> str:
        """One that no inbox has had."""
        return f"{self._base_epoch}.{next(self._epochs):x}"


#: What `inboxes` tells of each.
META_FIELDS: Final = ("epoch", "head", "floor", "cursor", "bytes", "newest")
