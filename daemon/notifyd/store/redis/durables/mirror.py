"""One durable subscription in this node's memory, and what this node has yet to tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import trio
from msgspec.structs import replace

from notifyd.model.durable import DurableState
from notifyd.policy.receiving.durable_changes import DurableChange, change_between, merged
from notifyd.store.redis.mirrors.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyd.model.durable import DurableKey
    from notifyd.store.redis.durables.durables import RedisDurables
    from notifyd.store.redis.mirrors.mirror import Mirrors

_VERSION: Final = 1
_SETTLED: Final = b"x"
#: Somebody who uses it says so at least this often.
_USED_SECONDS: Final = 9000.0


class _Changed(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """Made by `put.lua`."""

    version: int
    number: int
    node: str
    change: DurableChange


class _Removed(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """Made by `remove.lua`."""

    version: int
    node: str


_decode: Final = msgspec.json.Decoder(_Changed | _Removed).decode


class DurableMirror(Mirror):
    """What is known of it in Redis, with what this node has changed and not told yet."""

    def __init__(self, mirrors: Mirrors, durables: RedisDurables, key: DurableKey, names: tuple[str, str]) -> None:
        self.key = key
        self.name, self.topic = names
        #: In force: what Redis knows, and this node's changes.
        self.state: DurableState | None = None
        #: What Redis knows; None for nothing.
        self.told: DurableState | None = None
        #: Whether Redis is to forget it before anything else.
        self.removing = False
        #: When its last use was noted in the index; 0: it is not in the index.
        self.indexed_at = 0
        self._durables = durables
        #: What its user put last, or was given.
        self._seen: DurableState | None = None
        self._number = 0
        #: What Redis was told while it is being read, with the numbers; None while it is not being read.
        self._told_meanwhile: list[tuple[int, DurableChange]] | None = None
        self._removed_meanwhile = False
        super().__init__(mirrors, self.name, self.topic)

    @property
    def idle_seconds(self) -> float:
        """See `Mirror.idle_seconds`."""
        return self._mirrors.idle_seconds if self.state is None else _USED_SECONDS

    def find(self) -> DurableState | None:
        """What is in force, for somebody who goes on from there."""
        self.used_at = trio.current_time()
        self._seen = self.state
        return self.state

    def put(self, state: DurableState) -> None:
        """Have in force what its user changed from what it saw last."""
        self.used_at = trio.current_time()
        change = change_between(self._seen, state)
        self._seen = state
        self.state = merged(self.key, self.state, change)

    def remove(self) -> None:
        """Forget it."""
        self.state = self._seen = None
        self.removing = True

    def untold(self) -> DurableChange | None:
        """What Redis does not know yet; None where it is to have nothing."""
        told = None if self.removing else self.told
        return None if self.state is None else change_between(told, self.state)

    def was_told(self, change: DurableChange | None, *, number: int = 0, removed: bool) -> None:
        """Redis knows *change* now, which was made by `untold`, and where it was *removed* before that nothing else.

        *number* is that of the change, as Redis counts them.
        """
        if removed:
            self.removing, self.told = False, None
            if self._told_meanwhile is not None:
                self._told_meanwhile, self._removed_meanwhile = [], True
        if change is not None:
            self.told = merged(self.key, self.told, change)
            if self._told_meanwhile is not None:
                self._told_meanwhile.append((number, change))

    def forgotten(self) -> None:
        """Redis knows nothing of it any more; what this node has to tell of it begins it anew."""
        own = self._own_change()
        self.told, self.indexed_at = None, 0
        if own is None:
            self.state = self._seen = None

    def apply(self, message: bytes) -> bool:
        """See `Mirror.apply`."""
        try:
            news = _decode(message)
        except msgspec.DecodeError:
            return True
        if news.version != _VERSION:
            return True
        if isinstance(news, _Removed):
            self._number = 0
            if news.node != self._mirrors.interest.node:
                self.forgotten()
            return True
        if news.number != self._number + 1:
            # one that is known already, or one after a gap
            return bool(news.number <= self._number)
        change, told = news.change, self.told
        if told is not None and told.epoch != change.epoch and not (change.whole and change.before == told.epoch):
            return False
        self._number = news.number
        own = self._own_change()
        if news.node == self._mirrors.interest.node:
            self.told = merged(self.key, told, change)
        else:
            self._adopt(merged(self.key, told, change), own)
        return True

    async def fetch(self) -> None:
        """See `Mirror.fetch`."""
        self._told_meanwhile, self._removed_meanwhile = [], False
        try:
            answer = await self._durables.read(self)
        finally:
            meanwhile, self._told_meanwhile = self._told_meanwhile, None
        own = self._own_change()
        fields: Mapping[bytes, bytes] = dict(zip(answer[::2], answer[1::2], strict=True))
        if self._removed_meanwhile:
            fields = {}
        self._number = int(fields.get(b"v", 0))
        told = state_in(self.key, fields)
        # the answer may be older than what Redis has been told since, which would seem to be taken back
        for number, change in meanwhile or ():
            if number > self._number:
                told = merged(self.key, told, change)
        if told is None:
            self.forgotten()
        else:
            self._adopt(told, own)

    def dropped(self) -> None:
        """See `Mirror.dropped`."""
        self._durables.dropped(self.key)

    def _own_change(self) -> DurableChange | None:
        if self.state is None or self.removing:
            return None
        change = change_between(self.told, self.state)
        return None if change.empty() else change

    def _adopt(self, told: DurableState, own: DurableChange | None) -> None:
        """Redis knows *told*, and this node has *own* to add."""
        before, self.told = self.state, told
        if self.removing:
            return
        state = told
        if own is not None and (own.epoch == told.epoch or own.before == told.epoch):
            state = merged(self.key, told, own)
        if before is not None:
            state = replace(state, used_at=max(state.used_at, before.used_at))
        self.state = state
        if before is not None and not _same(before, state):
            self._durables.tell(self, state)

    def seen(self, state: DurableState) -> None:
        """Its user was given *state*."""
        self._seen = state


def state_in(key: DurableKey, fields: Mapping[bytes, bytes]) -> DurableState | None:
    """The state that a hash tells, see `put.lua`; None for none."""
    epoch = fields.get(b"e")
    if epoch is None:
        return None
    offsets = {int(name): value for name, value in fields.items() if name.isdigit()}
    settled = sorted(offset for offset, value in offsets.items() if value == _SETTLED)
    attempts = sorted((offset, int(value)) for offset, value in offsets.items() if value != _SETTLED)
    return DurableState(
        key, epoch.decode(), int(fields[b"f"]), tuple(settled), tuple(attempts), int(fields.get(b"u", 0))
    )


def _same(one: DurableState, other: DurableState) -> bool:
    return replace(one, used_at=0) == replace(other, used_at=0)
