"""Where facts are written down, and what everybody in a round shares."""

from __future__ import annotations

import itertools
import random
import time
from typing import TYPE_CHECKING

import msgspec
import trio

from tests.crash.facts import Accepted, Arrived, Began, Cancelled, Place, Published, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.facts import Fact
    from tests.e2e.daemon import Daemon
    from tests.e2e.living import Live


class Log:
    """The facts in the order in which they were seen; threads may add as well."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def add(self, fact: Fact) -> None:
        """Write one down."""
        self.facts.append(fact)  # an append is one step for all threads


class World:
    """The daemons, who may do what there, and the log."""

    def __init__(self, live: Live, log: Log, *, key: str, tokens: dict[str, str], client_id: str) -> None:
        """*tokens* are those of users, by their names."""
        self.live = live
        self.log = log
        self.key = key
        self.tokens = tokens
        self.client_id = client_id

    @property
    def daemon(self) -> Daemon:
        """One that is up, another one each time. Who needs the same twice keeps it."""
        return self.live.daemon


class Composer:
    """Makes up what one producer publishes."""

    def __init__(self, world: World, name: str, seed: int, *, in_order: bool) -> None:
        self._log = world.log
        self._name = name
        self._in_order = in_order
        self._numbers = itertools.count(1)
        self.random = random.Random(f"{seed} {name}")

    def published(self, streams: Sequence[str], *, plain: bool = False) -> Published:
        """The next one for *streams*; a *plain* one has neither a time nor a key. Not written down yet."""
        number, now, chance = next(self._numbers), time.time(), self.random.random()
        due_at = now + self.random.uniform(0.1, 0.8) if streams == ("channel:later",) else 0.0
        expires_at = now + self.random.uniform(0.02, 1.5) if streams == ("channel:mortal",) else 0.0
        return Published(
            f"{self._name}-{number}",
            tuple(streams),
            self._name,
            number,
            priority=self.random.choice((2, 5, 9)),
            in_order=self._in_order,
            at=now,
            due_at=whole_ms(due_at),
            expires_at=whole_ms(expires_at),
            idempotent=not plain and chance < 0.3,
        )

    def last(self, stream: str, due_at: float) -> Published:
        """One for *stream* that comes behind all others: late, and of the least priority."""
        number, now = next(self._numbers), time.time()
        due_at = whole_ms(due_at)
        token = f"{self._name}-{number}"
        return Published(token, (stream,), self._name, number, 1, False, now, due_at=due_at, idempotent=True)

    def begin(self, published: Published) -> None:
        """It is about to be sent."""
        self._log.add(published)

    def accepted(self, published: Published, notification_id: str) -> None:
        """It was answered."""
        self._log.add(Accepted(published.token, notification_id, time.time()))

    def refused(self, published: Published, code: str) -> None:
        """It was refused."""
        self._log.add(Refused(published.token, code, time.time()))

    def cancelled(self, notification_id: str, *, decided: bool) -> None:
        """A cancel was asked for, or answered with success."""
        self._log.add(Cancelled(notification_id, time.time(), decided))


class Notes:
    """What one subscriber writes down, and how far it has come."""

    def __init__(self, world: World, name: str, stream: str) -> None:
        self._log = world.log
        self.name = name
        self.stream = stream
        self.connection = 0
        #: The newest place that it was told; None before the first answer.
        self.position: Place | None = None
        self.tokens: set[str] = set()
        self.acks = self.lasting = False
        self._asked_at = 0.0
        self._since: Place | None = None

    @property
    def channel(self) -> str:
        """The name of the channel that it is subscribed to."""
        return self.stream.removeprefix("channel:")

    def ask(self, *, resume: bool = True) -> Place | None:
        """It is about to subscribe; from where it goes on."""
        self.connection += 1
        self._asked_at = time.time()
        self._since = self.position if resume else None
        return self._since

    def began(self, position: Place, recovered: bool | None, replayed: int = 0, skipped: int = 0) -> None:
        """It was answered."""
        if self.position is None or recovered is not True:
            self.position = position
        began = Began(self.name, self.connection, self.stream, self._asked_at, time.time(), position)
        told = {"since": self._since, "recovered": recovered, "replayed": replayed, "skipped": skipped}
        told |= {"acks": self.acks, "lasting": self.lasting}
        self._log.add(msgspec.structs.replace(began, **told))

    def arrived(self, notification_id: str, token: str, place: Place, attempt: int = 1) -> None:
        """Something came."""
        if place.offset:
            self.position = place
        self._log.add(
            Arrived(self.name, self.connection, self.stream, notification_id, token, place, time.time(), attempt)
        )
        self.tokens.add(token)


class Sometimes:
    """Leaves by itself now and then, so that others publish meanwhile."""

    def __init__(self, seed: int, name: str, seconds: float) -> None:
        self._random = random.Random(f"{seed} {name} leaves")
        self._seconds = seconds

    def scope(self) -> trio.CancelScope:
        """How long it stays this time."""
        return trio.move_on_after(self._random.uniform(0.2, 2) * self._seconds)

    async def stay_away(self) -> None:
        """The pause after that."""
        await trio.sleep(self._random.uniform(0, 0.6))


def whole_ms(seconds: float) -> float:
    """The instant as the wire has it."""
    return round(seconds * 1000) / 1000
