"""Which node of a cluster has which slot. For one thread, and blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.url import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyd.redislink.servers.pipe import Pipe

#: How many nodes are asked for the map before it is given up for now.
_ASKED: Final = 5


def slot_of(key: str | bytes) -> int:
    """The slot of a key or topic: of its tag, where it has one."""
    return key_slot(key.encode() if isinstance(key, str) else key)


class SlotMap:
    """The masters by slot, as some node has told them."""

    def __init__(self, seeds: Iterable[Endpoint], *, seconds: float) -> None:
        """*seeds*: nodes to ask at first; *seconds*: how long an answer may take."""
        self._seeds = tuple(seeds)
        self._seconds = seconds
        self._owners: list[Endpoint | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._known: list[Endpoint] = []
        #: Whether it is to be asked for before it is used.
        self.stale = True

    def owner(self, slot: int) -> Endpoint | None:
        """The master that has *slot*; None: nobody has it."""
        return self._owners[slot]

    @property
    def masters(self) -> list[Endpoint]:
        """Every node that has slots."""
        return self._known

    def moved(self, slot: int, owner: Endpoint) -> None:
        """A node has said who has *slot* now."""
        self._owners[slot] = owner
        self.stale = True

    def refresh(self, reach: Callable[[Endpoint], Pipe]) -> None:
        """Ask a node for the map. *reach* gives the pipe to a node.

        Raises:
            StoreUnavailable: no node answered.
        """
        reasons = []
        for endpoint in tuple(dict.fromkeys([*self._known, *self._seeds]))[:_ASKED]:
            try:
                answer = reach(endpoint).ask("CLUSTER", "SLOTS", seconds=self._seconds)
            except StoreUnavailable as exc:
                reasons.append(exc.message)
                continue
            if isinstance(answer, ErrorReply):
                reasons.append(f"Redis at {endpoint} tells no slots: {answer}")
                continue
            self._take(answer, endpoint)
            return
        raise unavailable("; ".join(reasons))

    def _take(self, ranges: list[Any], told_by: Endpoint) -> None:
        owners: list[Endpoint | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for first, last, master, *_ in ranges:
            # without a name it is the one that was asked
            host = master[0].decode() if master[0] else told_by.host
            owner = Endpoint(host, int(master[1]))
            owners[first : last + 1] = [owner] * (last + 1 - first)
        self._owners = owners
        self._known = list(dict.fromkeys([owner for owner in owners if owner is not None]))
        self.stale = False


def moved_to(reply: ErrorReply, told_by: Endpoint) -> tuple[int, Endpoint]:
    """What a MOVED or ASK reply says: the slot, and who has it."""
    slot, _, place = str(reply).partition(" ")[2].partition(" ")
    host, _, port = place.rpartition(":")
    return int(slot), Endpoint(host.strip("[]") or told_by.host, int(port))
