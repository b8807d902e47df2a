"""New notifications on their way into the queue: what comes in while a call is on its way goes with the next one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from notifyd.clock import monotonic
from notifyd.errors import Conflict, NotifydError, StoreUnavailable
from notifyd.redislink.errors import Refused
from notifyd.redislink.scripts import load_script
from notifyd.store.redis.queue.lanes import LANES, lane_word, place_of
from notifyd.store.redis.queue.room import Load
from notifyd.store.redis.ticket import Ticket
from notifyd.wire.stored import encode_notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.notification import Notification
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.redis.queue.ownership import Ownership
    from notifyd.store.redis.queue.room import Room
    from notifyd.store.redis.shards import Shards
    from notifyd.telemetry.metrics import Counters

_ENQUEUE: Final = load_script("notifyd.store.redis.queue", "enqueue")
_WITHDRAW: Final = load_script("notifyd.store.redis.queue", "withdraw")

#: What goes in one call, unless a single group is more.
_MOST: Final = 500
_MOST_BYTES: Final = 1 << 20

#: How a group is taken in; the letters are those of the script.
NEW: Final = "n"
ONCE: Final = "o"
AGAIN: Final = "a"
_FORCED: Final = "f"


class Arrival(Ticket):
    """Notifications that are taken in together, all or none."""

    __slots__ = ("at", "live", "load", "mode", "parts", "said", "unsaid")

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.at = monotonic()
        self.mode = mode
        self.load = Load()
        #: How many of them are for the lane LIVE.
        self.live = 0
        #: What goes to each shard.
        self.parts: dict[int, Part] = {}
        #: By shard how that went, in the word of the script; and how many words are still to come.
        self.said: dict[int, str] = {}
        self.unsaid = 0


class Part:
    """What of an arrival goes to one shard."""

    __slots__ = ("arrival", "count", "ids", "lanes", "mode", "size_bytes", "words")

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.mode = arrival.mode
        self.count = 0
        self.size_bytes = 0
        self.words: list[Word] = []
        self.ids: list[str] = []
        #: By the place of the lane when the first one comes up, 0: at once.
        self.lanes: dict[int, int] = {}

    def add(self, notification: Notification) -> bool:
        """Take one more in; answers whether it is for the lane LIVE."""
        lane = place_of(notification.kind)
        scheduled = notification.due_at > notification.accepted_at
        wakes_at = min(notification.due_at, notification.expires_at) if scheduled else 0
        size = notification.size()
        self.words += (
            notification.id,
            encode_notification(notification),
            lane_word(lane, notification.priority),
            notification.order_key,
            size,
            wakes_at,
            notification.accepted_at,
        )
        self.ids.append(notification.id)
        self.count += 1
        self.size_bytes += size
        self.lanes[lane] = min(self.lanes.get(lane, wakes_at), wakes_at)
        return lane == 0


class Gate:
    """The way into one shard."""

    __slots__ = ("busy", "waiting")

    def __init__(self) -> None:
        #: A call is on its way.
        self.busy = False
        self.waiting: deque[Part] = deque()


class Intake:
    """Everything that is on its way into the queue."""

    def __init__(self, shards: Shards, ownership: Ownership, room: Room, counters: Counters) -> None:
        self._shards = shards
        self._ownership = ownership
        self._room = room
        self._counters = counters
        self._gates = [Gate() for _ in range(shards.count)]

    def take(self, notifications: Sequence[Notification], mode: str = NEW) -> Arrival:
        """Have *notifications* taken in, all or none; the answer tells how that went.

        Raises:
            QueueFull: they do not fit beside what is known to be there.
        """
        arrival = Arrival(mode)
        parts = arrival.parts
        for notification in notifications:
            number = self._shards.of(notification.client_id, notification.stream)
            part = parts.get(number)
            if part is None:
                part = parts[number] = Part(arrival)
            arrival.live += part.add(notification)
        arrival.load = load = Load(len(notifications), sum([part.size_bytes for part in parts.values()]))
        if mode != ONCE:
            # what was taken in before is answered though there is no room
            self._room.check(load)
        self._room.set_out(load)
        arrival.unsaid = len(parts)
        if not parts:
            self._end(arrival, None)
        for number, part in parts.items():
            self._send(number, part)
        return arrival

    def _send(self, number: int, part: Part) -> None:
        gate = self._gates[number]
        gate.waiting.append(part)
        if not gate.busy:
            self._fly(number)

    def _fly(self, number: int) -> None:
        """Hand in what waits for the shard, up to what goes in one call; while Redis is away all of it fails."""
        gate = self._gates[number]
        while not gate.busy and gate.waiting:
            self._hand_in(number, gate)

    def _hand_in(self, number: int, gate: Gate) -> None:
        parts: list[Part] = []
        count = size = 0
        while gate.waiting and (not parts or (count + gate.waiting[0].count <= _MOST and size < _MOST_BYTES)):
            part = gate.waiting.popleft()
            parts.append(part)
            count += part.count
            size += part.size_bytes
        left = self._room.left_to(number)
        args: list[Word] = [self._shards.node, left.number, left.size_bytes, len(parts)]
        args += [f"{part.mode}{part.count}" for part in parts]
        for part in parts:
            args += part.words
        try:
            reply = self._shards.take_in(_ENQUEUE, number, args)
        except StoreUnavailable as exc:
            self._fail(parts, exc)
            return
        gate.busy = True
        reply.then(lambda reply: self._landed(number, parts, reply))

    def _landed(self, number: int, parts: Sequence[Part], reply: Reply) -> None:
        try:
            answer: Any = reply.result()
        except StoreUnavailable as exc:
            self._failed(number, parts, exc)
            return
        except Refused as exc:
            self._failed(number, parts, StoreUnavailable(f"Redis refused it: {exc}", retry_after_seconds=1))
            return
        count, size_bytes, *words = answer
        self._room.learn(number, count, size_bytes)
        first: dict[int, int] = {}
        for part, word in zip(parts, words, strict=True):
            if word == b"ok":
                for lane, at in part.lanes.items():
                    first[lane] = min(first.get(lane, at), at)
            self._answered(number, part, word.decode())
        for lane, at in first.items():
            self._ownership.rung(number, LANES[lane], at)
        self._next(number)

    def _failed(self, number: int, parts: Sequence[Part], failure: StoreUnavailable) -> None:
        self._fail(parts, failure)
        self._next(number)

    def _fail(self, parts: Sequence[Part], failure: StoreUnavailable) -> None:
        for part in parts:
            self._end(part.arrival, failure)

    def _next(self, number: int) -> None:
        self._gates[number].busy = False
        self._fly(number)

    def _answered(self, number: int, part: Part, word: str) -> None:
        arrival = part.arrival
        arrival.said[number] = word
        arrival.unsaid -= 1
        if arrival.done or arrival.unsaid:
            return
        said = set(arrival.said.values())
        if said <= {"ok", "known"}:
            self._end(arrival, None)
        elif "conflict" in said:
            self._take_back([each for each, word in arrival.said.items() if word == "ok"], arrival)
            self._end(arrival, Conflict("a notification with this id is waiting"))
        elif said == {"full"}:
            self._end(arrival, self._room.full())
        else:
            # The rest is in and may be leased already: over the bound by a part of one batch, but all of it.
            again = [each for each, word in arrival.said.items() if word == "full"]
            arrival.unsaid = len(again)
            for each in again:
                arrival.parts[each].mode = _FORCED
                self._send(each, arrival.parts[each])

    def _take_back(self, numbers: Sequence[int], arrival: Arrival) -> None:
        """All or none: what other shards took in leaves without a trace, unless it is leased already."""
        for number in numbers:
            args: list[Word] = [0, 0]
            for notification_id in arrival.parts[number].ids:
                args += (notification_id, "", "")
            try:
                self._shards.take_in(_WITHDRAW, number, args)
            except StoreUnavailable:
                return

    def _end(self, arrival: Arrival, failure: NotifydError | None) -> None:
        if arrival.done:
            return
        self._room.arrived(arrival.load)
        if failure is not None:
            self._counters.rejected += arrival.live
        elif arrival.mode == NEW or (arrival.mode == ONCE and "ok" in arrival.said.values()):
            self._counters.accepted += arrival.live
            self._counters.times.accept.observe(monotonic() - arrival.at, arrival.load.number)
        arrival.finish(failure)
