"""One durable subscription in this node's memory, and what this node has yet to tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import trio
from msgspec.structs import replace

from notifyd.model.durable import DurableState
from notifyd.policy.receiving.durable_changes import DurableChange, change_between, merged
from notifyd.store.redis.durables.knowledge import Knowledge
from notifyd.store.redis.mirrors.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.durable import DurableKey
    from notifyd.store.redis.durables.durables import RedisDurables
    from notifyd.store.redis.mirrors.mirror import Mirrors

_VERSION: Final = 1
_SETTLED: Final = b"x"
#: Somebody who uses it says so at least this often.
_USED_SECONDS: Final = 9000.0
#: Answers of Redis that may wait for messages of what comes before them; beyond that it is read.
_MOST_GAPS: Final = 64


class _Changed(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """Made by `put.lua`."""

    version: int
    number: int
    node: str
    change: DurableChange
    #: Nothing was known before.
    began: bool = False


class _Removed(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """Made by `remove.lua`."""

    version: int
    node: str
    #: 0 from an earlier version of the daemon.
    number: int = 0


_decode: Final = msgspec.json.Decoder(_Changed | _Removed).decode


class DurableMirror(Mirror):
    """What is known of it in Redis, with what this node has changed and not told yet."""

    def __init__(self, mirrors: Mirrors, durables: RedisDurables, key: DurableKey, names: tuple[str, str]) -> None:
        self.key = key
        self.name, self.topic = names
        #: In force: what Redis knows, and this node's changes.
        self.state: DurableState | None = None
        #: Whether Redis is to forget it before anything else.
        self.removing = False
        #: When its last use was noted in the index; 0: it is not in the index.
        self.indexed_at = 0
        self._durables = durables
        self._knowledge = Knowledge(key)
        #: Redis knows nothing that a part could be added to.
        self.lost = False
        #: How often it was to be forgotten.
        self.removals = 0
        #: What its user put last, or was given.
        self._seen: DurableState | None = None
        super().__init__(mirrors, self.name, self.topic)

    @property
    def told(self) -> DurableState | None:
        """What Redis knows, as far as it is known here; None for nothing."""
        return self._knowledge.told

    @property
    def idle_seconds(self) -> float:
        """See `Mirror.idle_seconds`."""
        unused = self.state is None and not self.removing
        return self._mirrors.idle_seconds if unused else _USED_SECONDS

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
        self.removals += 1

    def untold(self) -> DurableChange | None:
        """What Redis does not know yet; None where it is to have nothing."""
        told = None if self.removing or self.lost else self.told
        return None if self.state is None else change_between(told, self.state)

    def was_told(self, number: int, change: DurableChange) -> None:
        """Redis knows *change* now, which was made by `untold`; *number* is that of the change."""
        self.lost = False
        self._knowledge.answer(number, change)
        if self._knowledge.gaps > _MOST_GAPS:
            self.look_again()

    def was_lost(self) -> None:
        """Redis knows nothing: it is to be told the whole."""
        self.lost = True
        self.indexed_at = 0
        self.look_again()

    def was_removed(self, number: int, *, removals: int) -> None:
        """Redis has forgotten it, as `remove` wanted it until then; *number* is that of this change."""
        # what its user has put since is none of what was removed
        own = None if self.state is None else change_between(None, self.state)
        if removals == self.removals:
            self.removing = False
        self.lost = False
        self._knowledge.answer(number, None)
        self._adopt(own)

    def was_trimmed(self, number: int) -> None:
        """Redis has forgotten it, because nobody used it."""
        own = self._own_change()
        self._knowledge.answer(number, None)
        self._adopt(own)

    def apply(self, message: bytes) -> bool:
        """See `Mirror.apply`."""
        try:
            news = _decode(message)
        except msgspec.DecodeError:
            return True
        if news.version != _VERSION:
            return True
        return self._apply_removed(news) if isinstance(news, _Removed) else self._apply_changed(news)

    def _apply_changed(self, news: _Changed) -> bool:
        knowledge = self._knowledge
        if knowledge.has(news.number):
            return True
        own = self._own_change()
        if not knowledge.add(news.number, news.change, began=news.began):
            return False
        if not self._is_own(news.node):
            self._adopt(own)
        return True

    def _apply_removed(self, news: _Removed) -> bool:
        if not news.number:
            return False
        if self._knowledge.has(news.number):
            return True
        own = self._own_change()
        self._knowledge.remove(news.number)
        # where this node is removing it, the answer to that tells what is in force
        if not self.removing:
            self._adopt(own)
        return True

    async def fetch(self) -> None:
        """See `Mirror.fetch`."""
        self._knowledge.begin_look()
        try:
            number, answer = await self._durables.read(self)
        except BaseException:
            self._knowledge.found_nothing_out()
            raise
        own = self._own_change()
        self._knowledge.found(number, state_in(self.key, answer))
        if not self.stopped():
            self._adopt(own)

    def dropped(self) -> None:
        """See `Mirror.dropped`."""
        self._durables.dropped(self.key)

    def _own_change(self) -> DurableChange | None:
        if self.state is None or self.removing:
            return None
        change = change_between(self.told, self.state)
        return None if change.empty() else change

    def _adopt(self, own: DurableChange | None) -> None:
        """Have in force what Redis knows now, and *own*, which this node has to add."""
        before, told = self.state, self.told
        if self.removing:
            return
        if told is None:
            # what this node has to tell of it begins it anew
            self.indexed_at = 0
            if own is None:
                self.state = self._seen = None
            return
        state = told
        if own is not None and (own.epoch == told.epoch or own.before == told.epoch):
            state = merged(self.key, told, own)
        if before is not None:
            state = replace(state, used_at=max(state.used_at, before.used_at))
        self.state = state
        if before is not None and not _same(before, state):
            self._durables.tell(self, state)

    def _is_own(self, node: str) -> bool:
        return node == self._mirrors.interest.node

    def seen(self, state: DurableState) -> None:
        """Its user was given *state*."""
        self._seen = state


def state_in(key: DurableKey, answer: Sequence[bytes]) -> DurableState | None:
    """The state that a hash tells, see `put.lua`, as HGETALL answers it; None for none."""
    fields = dict(zip(answer[::2], answer[1::2], strict=True))
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
