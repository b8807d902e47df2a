"""Which shards this node sees to: claimed, kept while it lives, and given back where another node is to have them."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import Refused
from notifyd.redislink.scripts import load_script
from notifyd.store.memory.doorbell import Doorbell
from notifyd.store.ports import Lane
from notifyd.store.redis.queue.lanes import LANES
from notifyd.store.redis.queue.shard import Shard
from notifyd.store.redis.queue.sights import Sight
from notifyd.store.redis.shards import answer_to, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.redis.queue.room import Room
    from notifyd.store.redis.shards import Shards

log = structlog.get_logger("notifyd.store")

_SCRIPTS: Final = "notifyd.store.redis.queue"
_CLAIM: Final = load_script(_SCRIPTS, "claim")
_GIVE_BACK: Final = load_script(_SCRIPTS, "give_back")

#: Where nobody has asked for work for so long, others are to do it; and so many ticks besides, for a node that stood
#: still finds the time gone by before its dispatcher had a chance to ask.
_IDLE_SECONDS: Final = 3.0
_IDLE_TICKS: Final = 3


class _Known(NamedTuple):
    """What was known of a shard when a question about it was asked."""

    #: See `Sight.rings`, by lane.
    rings: Sequence[int]
    #: See `Room.told`.
    told: int


class Ownership:
    """The shards of this node, and the bells of their lanes."""

    def __init__(self, shards: Shards, room: Room, *, timeout_seconds: float) -> None:
        self._shards = shards
        self._room = room
        #: A node that does not tell for so long that it sees to a shard has lost it.
        self.lease_ms = int(timeout_seconds * 1000)
        self.paused = False
        self.bells = {lane: Doorbell() for lane in LANES}
        self._all = [Shard(number) for number in range(shards.count)]
        self._wanted: tuple[Shard, ...] = ()
        self._wanted_for: tuple[str, ...] | None = None
        #: Owned and not wanted any more.
        self._surplus: list[Shard] = []
        #: When this node's dispatcher asked last; None: it has not begun.
        self._worked_at: float | None = None
        #: How many ticks came since.
        self._ticks = 0

    def of(self, number: int) -> Shard:
        """One shard, this node's or not."""
        return self._all[number]

    def wanted(self) -> tuple[Shard, ...]:
        """Those that this node is to see to, as the nodes are that take work now."""
        nodes = tuple(sorted(self._shards.working_nodes()))
        if nodes != self._wanted_for:
            self._wanted_for = nodes
            node = self._shards.node
            share = share_of(node, nodes, self._shards.count) if node in nodes else []
            self._wanted = tuple([self._all[number] for number in share])
            self._surplus = [shard for shard in self._all if shard.owned and shard not in self._wanted]
        return self._wanted

    def working(self) -> bool:
        """Whether the dispatcher of this node, once it has begun, is still at it; it ends before a node that drains."""
        if self._worked_at is None or self.bells[Lane.LIVE].waiting:
            return True
        return self._ticks < _IDLE_TICKS or trio.current_time() < self._worked_at + _IDLE_SECONDS

    def works(self) -> None:
        """The dispatcher asks for work."""
        self._worked_at = trio.current_time()
        self._ticks = 0

    def ran_out(self, since: int, now: int) -> int:
        """How many leases of this node ended between two instants."""
        return sum([since < held.until <= now for shard in self._all for held in shard.held.values()])

    def owned(self) -> list[int]:
        """The numbers of those that this node sees to at this moment."""
        return [shard.number for shard in self._all if shard.owned]

    def rung(self, number: int, lane: Lane, at: int = 0) -> None:
        """Something in a shard comes up at the instant *at*; 0: it is ready."""
        shard = self._all[number]
        if shard in self.wanted():
            shard.lanes[lane].comes_up(at)
            self.bells[lane].ring()

    def due_at(self, lane: Lane, now: int) -> int | None:
        """When a lane has something for this node; None: not before a bell rings.

        A shard that another node has, though it should be this one's, has nothing for it.
        """
        if self.paused:
            return None
        working = self.working()
        shards = [shard for shard in self.wanted() if shard.owned or (working and not shard.asked)]
        moments = [shard.due_at(lane, now) for shard in shards]
        return min([moment for moment in moments if moment is not None], default=None)

    def set_paused(self, *, paused: bool) -> None:
        """The queue is paused, or goes on."""
        was, self.paused = self.paused, paused
        if was and not paused:
            for bell in self.bells.values():
                bell.ring()

    def follow(self) -> None:
        """Follow the bells of the wanted shards, and no others."""
        wanted = self.wanted()
        for shard in self._all:
            if shard in wanted and shard.following is None:
                topic = self._shards.keys.bell(shard.number)
                shard.following = self._shards.listener.follow(
                    topic, partial(self._heard, shard), partial(self._claim_soon, shard)
                )
            elif shard not in wanted and shard.following is not None:
                shard.following.stop()
                shard.following = None

    def stop_following(self) -> None:
        """Follow no bells any more."""
        for shard in self._all:
            if shard.following is not None:
                shard.following.stop()
                shard.following = None

    async def claim(self, shards: Sequence[Shard]) -> list[Shard]:
        """Claim these, or tell that they are still this node's; the answers say what waits in them.

        Answers those that could not be asked about, where others could.

        Raises:
            StoreUnavailable: Redis is away; of a cluster the nodes of all of them.
        """
        asked = [(shard, self._known(shard), self._ask(shard)) for shard in shards]
        failure: StoreUnavailable | None = None
        away: list[Shard] = []
        for shard, known, reply in asked:
            try:
                self._learn(shard, known, await answer_to(reply))
            except StoreUnavailable as exc:
                failure = exc
                away.append(shard)
        if failure is not None and len(away) == len(asked):
            raise failure
        return away

    async def keep(self, *, now: int) -> None:
        """Claim and keep the wanted shards, and give the others back that nothing is held of: once in each tick.

        Raises:
            StoreUnavailable: Redis is away.
        """
        self._ticks += 1
        wanted = self.wanted() if self.working() else ()
        self.follow()
        self.give_back([shard for shard in self._all if shard not in wanted], now=now)
        await self.claim(wanted)

    def hand_over(self, *, now: int) -> None:
        """Give back what was this node's, as soon as it has nothing in hand: until then it stands still."""
        if self._surplus:
            # where it fails the next tick does it
            with suppress(StoreUnavailable):
                self.give_back(self._surplus, now=now)
            self._surplus = [shard for shard in self._surplus if shard.owned]

    def give_back(self, shards: Sequence[Shard], *, now: int) -> list[Reply]:
        """Let others see to those of *shards* that this node has nothing in hand of; the others wait for that.

        Raises:
            StoreUnavailable: Redis is away.
        """
        return [self._let_go(shard) for shard in shards if shard.owned and not shard.in_hand(now)]

    def give_all_back(self, *, now: int) -> list[Reply]:
        """As `give_back`, for good; raises as it does. Where leases are in force, silence gives them back sooner.

        A claim whose answer is still to come may have made any of the others this node's.
        """
        return [self._let_go(shard) for shard in self._all if not shard.asking and not shard.holds(now)]

    def lost(self, shard: Shard) -> None:
        """Another node sees to it, or nobody does."""
        shard.owned = shard.asked = False
        shard.lanes = {lane: Sight() for lane in LANES}

    def _let_go(self, shard: Shard) -> Reply:
        reply = self._shards.call(_GIVE_BACK, shard.number, (self._shards.node,))
        self.lost(shard)
        return reply

    def _ask(self, shard: Shard) -> Reply:
        return self._shards.call(_CLAIM, shard.number, (self._shards.node, self.lease_ms))

    def _known(self, shard: Shard) -> _Known:
        return _Known(shard.rings(), self._room.told(shard.number))

    def _learn(self, shard: Shard, known: _Known, answer: Any) -> None:
        shard.wake()
        if not answer[0]:
            if shard.owned:
                log.warning("shard_lost", shard=shard.number, owner=answer[1].decode(errors="replace"))
                self.lost(shard)
            shard.asked = True
            return
        _, fence, paused, count, size_bytes, *lanes = answer
        shard.owned = shard.asked = True
        shard.fence = fence
        self._room.learn_unless_told(known.told, shard.number, count, size_bytes)
        for place, lane in enumerate(LANES):
            sight = shard.lanes[lane]
            before = sight.ready
            ready, next_due_at, lease_ends_at = lanes[3 * place : 3 * place + 3]
            sight.learn(known.rings[place], ready, next_due_at, lease_ends_at, sight.heads)
            if sight.ready and not before:
                self.bells[lane].ring()
        self.set_paused(paused=bool(paused))
        if shard not in self.wanted():
            # others took work before the answer came, and a look at what is to be given back passed it over
            self._surplus.append(shard)
            self.hand_over(now=0)

    def _heard(self, shard: Shard, payload: bytes) -> None:
        word, _, at = payload.decode().partition(" ")
        if word in ("paused", "resumed"):
            self.set_paused(paused=word == "paused")
        elif word != "free":
            self.rung(shard.number, Lane(word), int(at))
        else:
            self._claim_soon(shard)

    def _claim_soon(self, shard: Shard) -> None:
        """It was given back, or may have been before its bell was followed; other bells the next tick makes up for."""
        if shard.owned or shard not in self.wanted():
            return
        known = self._known(shard)
        # where it fails the next tick does it
        with suppress(StoreUnavailable):
            self._ask(shard).then(lambda reply: self._claimed(shard, known, reply))

    def _claimed(self, shard: Shard, known: _Known, reply: Reply) -> None:
        try:
            answer = reply.result()
        except (StoreUnavailable, Refused):
            # the next tick tells the same
            return
        self._learn(shard, known, answer)
        if shard.owned:
            for bell in self.bells.values():
                bell.ring()
