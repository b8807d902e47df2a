"""A flight through a cluster: each command to the node that has its slot. For one thread, and blocking.

redis-py's own pipeline for clusters refuses EVALSHA.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from notifyd.errors import StoreUnavailable
from notifyd.redislink.commands.route import exchange, receive, send
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.resp import pack
from notifyd.redislink.servers.nodes import Nodes
from notifyd.redislink.servers.slots import SlotMap, moved_to, slot_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.commands.route import Command
    from notifyd.redislink.servers.dial import Dialer
    from notifyd.redislink.servers.pipe import Pipe
    from notifyd.redislink.url import Endpoint

#: How often a command is sent after its slot, which may be there in a moment.
_ROUNDS: Final = 8
_ROUND_PAUSE_SECONDS: Final = 0.01
_ASKING: Final = pack(("ASKING",))


class ClusterRoute:
    """To all masters of a cluster."""

    def __init__(self, dialer: Dialer, seeds: Sequence[Endpoint], *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._nodes = Nodes(dialer)
        self._map = SlotMap(seeds, seconds=timeout_seconds)
        #: Slots that are on their way for longer than that: nobody is to wait for them.
        self._on_their_way: set[int] = set()

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """See `Route`. What is of one slot stays in order."""
        deadline = time.monotonic() + self._timeout_seconds
        answers: list[Any] = [None] * len(commands)
        left = list(range(len(commands)))
        self._look_for_lost()
        for turn in range(_ROUNDS):
            if self._map.stale:
                self._refresh()
            if turn:
                time.sleep(_ROUND_PAUSE_SECONDS)
            self._round(commands, left, answers, deadline)
            left = [number for number in left if self._goes_on(commands[number], answers[number])]
            if not left or time.monotonic() > deadline:
                break
        if left or self._on_their_way:
            self._look_at_slots(commands, answers)
        return answers

    @property
    def impaired(self) -> bool:
        """See `Route`."""
        return bool(self._nodes.away())

    def probe(self) -> None:
        """See `Route`."""
        self._refresh()

    def close(self) -> None:
        """See `Route`."""
        self._nodes.keep(())

    def _refresh(self) -> None:
        self._map.refresh(self._nodes.reach)
        self._nodes.keep(self._map.masters)

    def _round(self, commands: Sequence[Command], left: list[int], answers: list[Any], deadline: float) -> None:
        """Send all that is left to its nodes, and read from one after the other."""
        sent: list[tuple[Pipe, list[int], int]] = []
        for endpoint, numbers in self._by_node(commands, left, answers).items():
            try:
                pipe = self._nodes.reach(endpoint)
                sent.append((pipe, numbers, send(pipe, [commands[number] for number in numbers], deadline)))
            except StoreUnavailable as exc:
                self._lost(endpoint, numbers, answers, exc)
        asks: list[tuple[int, int, Endpoint]] = []
        for pipe, numbers, before in sent:
            try:
                got = receive(pipe, [commands[number] for number in numbers], before, deadline)
            except StoreUnavailable as exc:
                self._lost(pipe.endpoint, numbers, answers, exc)
                continue
            for number, answer in zip(numbers, got, strict=True):
                answers[number] = answer
                if isinstance(answer, ErrorReply):
                    if answer.code == "ASK":
                        asks.append((number, *moved_to(answer, pipe.endpoint)))
                    else:
                        self._learn(answer, pipe.endpoint)
        # only now: the nodes that are asked may have had other answers to give first
        stuck: dict[int, Any] = {}
        for number, slot, endpoint in asks:
            # none goes before one of the same slot that was handed in earlier
            answers[number] = stuck.get(slot) or self._ask(commands[number], endpoint, deadline)
            if _tries_again(answers[number]):
                stuck[slot] = answers[number]

    def _by_node(self, commands: Sequence[Command], left: list[int], answers: list[Any]) -> dict[Endpoint, list[int]]:
        groups: dict[Endpoint, list[int]] = {}
        for number in left:
            key = commands[number].key
            owner = self._anybody() if key is None else self._map.owner(slot_of(key))
            if owner is None:
                answers[number] = unavailable("nobody in the Redis cluster has the slot")
                self._map.stale = True
                continue
            groups.setdefault(owner, []).append(number)
        return groups

    def _anybody(self) -> Endpoint | None:
        away = self._nodes.away()
        masters = self._map.masters
        return next((master for master in masters if master not in away), masters[0] if masters else None)

    def _learn(self, reply: ErrorReply, told_by: Endpoint) -> None:
        """What an error reply says about the cluster."""
        if reply.code == "MOVED":
            self._map.moved(*moved_to(reply, told_by))
        elif reply.moves_on or reply.code == "CLUSTERDOWN":
            self._map.stale = True
            self._nodes.drop(told_by)

    def _ask(self, command: Command, endpoint: Endpoint, deadline: float) -> Any:
        """The answer of the node that is taking the slot over."""
        try:
            pipe = self._nodes.reach(endpoint)
            return exchange(pipe, [command], deadline, prelude=_ASKING)[0]
        except StoreUnavailable as exc:
            self._lost(endpoint, [], [], exc)
            return exc

    def _goes_on(self, command: Command, answer: object) -> bool:
        if _tries_again(answer):
            return command.key is not None and slot_of(command.key) not in self._on_their_way
        return isinstance(answer, ErrorReply) and answer.code == "MOVED"

    def _look_at_slots(self, commands: Sequence[Command], answers: list[Any]) -> None:
        """Which slots are on their way, as the answers tell."""
        asked = [
            (slot_of(one.key), answer) for one, answer in zip(commands, answers, strict=True) if one.key is not None
        ]
        self._on_their_way.difference_update([slot for slot, _ in asked])
        self._on_their_way.update([slot for slot, answer in asked if _tries_again(answer)])

    def _look_for_lost(self) -> None:
        """Try those again that could not be reached, when it is time to."""
        for endpoint in self._nodes.away():
            try:
                self._nodes.reach(endpoint)
            except StoreUnavailable:
                self._map.stale = True

    def _lost(self, endpoint: Endpoint, numbers: list[int], answers: list[Any], why: StoreUnavailable) -> None:
        self._nodes.drop(endpoint)
        self._map.stale = True
        for number in numbers:
            answers[number] = why


def _tries_again(answer: object) -> bool:
    """Whether the slot is being moved, and what was asked for is not wholly at either end."""
    return isinstance(answer, ErrorReply) and answer.code == "TRYAGAIN"
