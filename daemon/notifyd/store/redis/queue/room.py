"""How full the queue is, as far as this node knows: its own changes at once, those of others a second later."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notifyd.errors import QueueFull

if TYPE_CHECKING:
    from notifyd.store.options import QueueLimits


class Load(NamedTuple):
    """Notifications and their bytes."""

    number: int = 0
    size_bytes: int = 0


class Room:
    """The bounds are of all shards together; each call of a script is told what the others hold."""

    def __init__(self, shards: int, limits: QueueLimits) -> None:
        self.limits = limits
        self._loads = [Load()] * shards
        #: By shard, rises with everything that was learnt of it.
        self._told = [0] * shards
        #: What all shards hold.
        self.held = Load()
        self._arriving = self._arriving_bytes = 0

    def check(self, more: Load) -> None:
        """Pass where *more* fits beside what is there and what is on its way.

        Raises:
            QueueFull: it does not.
        """
        limits, number, size_bytes = self.limits, *self._expected()
        if number + more.number > limits.max_size:
            raise _full(f"{number} of {limits.max_size} notifications")
        if size_bytes + more.size_bytes > limits.max_bytes:
            raise _full(f"{size_bytes} of {limits.max_bytes} bytes")

    def full(self) -> QueueFull:
        """The refusal of what a script had no room for, with the bound that is nearer."""
        limits, number, size_bytes = self.limits, *self._expected()
        if number * limits.max_bytes >= size_bytes * limits.max_size:
            return _full(f"{number} of {limits.max_size} notifications")
        return _full(f"{size_bytes} of {limits.max_bytes} bytes")

    def _expected(self) -> Load:
        held = self.held
        return Load(held.number + self._arriving, held.size_bytes + self._arriving_bytes)

    def left_to(self, shard: int) -> Load:
        """How much one shard may hold, with what the others do."""
        held, own = self.held, self._loads[shard]
        return Load(
            self.limits.max_size - held.number + own.number, self.limits.max_bytes - held.size_bytes + own.size_bytes
        )

    def told(self, shard: int) -> int:
        """How often something was learnt of *shard*: to be taken before a question, for `learn_unless_told`."""
        return self._told[shard]

    def learn_unless_told(self, told: int, shard: int, number: int, size_bytes: int) -> None:
        """As `learn`, of a question that was asked at *told*: what was learnt meanwhile may be newer, and holds."""
        if told == self._told[shard]:
            self.learn(shard, number, size_bytes)

    def learn(self, shard: int, number: int, size_bytes: int) -> None:
        """A script has told what *shard* holds."""
        self._told[shard] += 1
        held, before = self.held, self._loads[shard]
        self._loads[shard] = Load(number, size_bytes)
        self.held = Load(held.number - before.number + number, held.size_bytes - before.size_bytes + size_bytes)

    def set_out(self, more: Load) -> None:
        """*more* is on its way."""
        self._arriving += more.number
        self._arriving_bytes += more.size_bytes

    def arrived(self, more: Load) -> None:
        """*more* is there, or will not be."""
        self._arriving -= more.number
        self._arriving_bytes -= more.size_bytes


def _full(how: str) -> QueueFull:
    return QueueFull(f"the queue holds {how}", retry_after_seconds=1)
