"""What is written down while a daemon is killed and started again: nothing but what was seen from outside.

Every fact is one moment; instants are Unix seconds of this machine's clock. The rules read them when all is over.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Place(Struct, frozen=True):
    """A position in a stream. Epoch "" with offset 0 stands where a transport tells none."""

    epoch: str
    offset: int


class Published(Struct, frozen=True):
    """A producer is about to publish, for the first time or again. Its answer may never come."""

    #: Travels in the data: by it an arrival is known, whether or not its publish was answered.
    token: str
    #: `channel:NAME` or `inbox:USER`, each of them.
    streams: tuple[str, ...]
    producer: str
    #: Its place among those of the same producer.
    number: int
    priority: int
    #: The producer waits for each answer before it goes on, so that its order is known.
    in_order: bool
    at: float
    #: 0 where it may come at once, and where it never expires.
    due_at: float = 0.0
    expires_at: float = 0.0
    idempotent: bool = False


class Accepted(Struct, frozen=True):
    """It was answered: from now on it must not be lost."""

    token: str
    id: str
    at: float


class Refused(Struct, frozen=True):
    """It was answered with a refusal."""

    token: str
    code: str
    at: float


class Cancelled(Struct, frozen=True):
    """A cancel was answered with success; with *decided* false it was asked for, and the answer is not known."""

    id: str
    at: float
    decided: bool = True


class Began(Struct, frozen=True):
    """A subscriber has connected and was told where it stands."""

    subscriber: str
    #: Counts the connections of the subscriber.
    connection: int
    stream: str
    #: When the subscribe was sent.
    asked_at: float
    at: float
    position: Place
    #: From where it asked to go on.
    since: Place | None = None
    recovered: bool | None = None
    replayed: int = 0
    skipped: int = 0
    #: The subscription acks; *lasting* acks are remembered beyond the connection (durable ones and inboxes).
    acks: bool = False
    lasting: bool = False


class Arrived(Struct, frozen=True):
    """A publication arrived."""

    subscriber: str
    connection: int
    stream: str
    id: str
    token: str
    place: Place
    at: float
    attempt: int = 1


class Acked(Struct, frozen=True):
    """An ack (or with *nack* a refusal) was answered: it holds from now on. Not *answered*: it was sent, and may hold.

    *aside*: the answer came on another way than the deliveries do, so that one may have been under way.
    """

    subscriber: str
    connection: int
    ids: tuple[str, ...]
    at: float
    aside: bool = False
    nack: bool = False
    answered: bool = True


class Turned(Struct, frozen=True):
    """Daemons were killed, or are up again; or the Redis that they share."""

    what: Literal["killed", "started", "redis killed", "redis started"]
    at: float


class Kept(Struct, frozen=True):
    """At the end the history of the stream holds it."""

    stream: str
    id: str
    place: Place


class Placed(Struct, frozen=True):
    """The daemon says at the end that it stands there; it may have expired since."""

    stream: str
    id: str
    place: Place


class Settled(Struct, frozen=True):
    """What the daemon says at the end of one that somebody misses: a state of its receipt, or `dead` of a dead letter.

    With a *subscriber* it is true of that one alone.
    """

    id: str
    state: str
    subscriber: str = ""
    #: When, where that is told.
    at: float = 0.0


Fact = Published | Accepted | Refused | Cancelled | Began | Arrived | Acked | Turned | Kept | Placed | Settled
