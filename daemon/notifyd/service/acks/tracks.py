"""How far a receiver is with what it reads from: what it acked, what was given up, and where that is kept.

Several connections of one durable subscription, and of one user, share a track: an ack by any of them counts for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog
import trio
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import Exhausted, StoreUnavailable
from notifyd.model.dead_letter import Stage
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import ClientId, ConnectionId, UserId
from notifyd.model.position import StreamPosition
from notifyd.policy.receiving.settled import Settled

if TYPE_CHECKING:
    from notifyd.model.publication import Publication
    from notifyd.service.acks.receiver import AckReceiver
    from notifyd.store.delivery_ports import DurableStore, Written
    from notifyd.store.history_ports import History, HistoryStore
    from notifyd.store.inbox_ports import InboxStore


log = structlog.get_logger("notifyd.acks")


class NotWritten:
    """A `Written` of what was not taken."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def done(self) -> bool:
        """See `Written.done`."""
        return False

    async def wait(self) -> None:
        """See `Written.wait`."""
        await trio.lowlevel.checkpoint()
        raise StoreUnavailable(self._problem)


class Whose(msgspec.Struct, frozen=True):
    """Who has to ack, as a dead letter and a timeline tell it."""

    stage: Stage
    client_id: ClientId
    #: "" for an inbox.
    channel: str = ""
    user_id: UserId = UserId("")
    owner: str = ""
    durable: str = ""
    #: Of a subscription without a name.
    connection_id: ConnectionId = ConnectionId("")

    @property
    def label(self) -> str:
        """What a timeline calls it."""
        return self.durable or self.connection_id

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it different from every other one of its stage."""
        return (self.client_id, self.channel, self.user_id, self.owner, self.durable, self.connection_id)


class Track(Protocol):
    """What a receiver reads, and what is known of how far it is. Offsets are of what it reads."""

    whose: Whose
    epoch: str
    settled: Settled
    #: Offset -> tries that failed, of what is not settled.
    attempts: dict[int, int]
    receivers: list[AckReceiver]

    def sync(self) -> None:
        """Take over what was settled elsewhere."""
        ...

    def read(self, after: int, limit: int) -> History:
        """What comes after an offset; `recovered` is False where it cannot be continued."""
        ...

    def place(self, publication: Publication) -> int:
        """The offset of a publication that was read."""
        ...

    def ack(self, offset: int) -> int:
        """It has arrived; answers how many have that had not before."""
        ...

    def give_up(self, offset: int, *, expired: bool = False) -> None:
        """It is not tried again: the tries have run out, or its time."""
        ...

    def failed(self, offset: int, attempts: int) -> None:
        """So many tries have failed."""
        ...

    def settled_position(self) -> StreamPosition:
        """Up to where everything is acked or given up."""
        ...

    def put_down(self) -> None:
        """Have written what has changed, once for many changes of one step."""
        ...

    def written(self) -> Written | None:
        """What was acked until now, on its way to disk; None where it is nobody else's business."""
        ...


class ChannelTrack:
    """Of a subscription to a channel: for a connection alone, or kept under a name."""

    def __init__(
        self,
        history: HistoryStore,
        whose: Whose,
        position: StreamPosition,
        *,
        durables: DurableStore | None = None,
        state: DurableState | None = None,
    ) -> None:
        """*durables* keeps what changes; *state* is what it knew before, and *position* is where its epoch is."""
        self._history = history
        self._durables = durables
        self.whose = whose
        self.epoch = position.epoch
        self.receivers: list[AckReceiver] = []
        self.settled = Settled(position.offset)
        self.attempts: dict[int, int] = {}
        if state is not None:
            self.attempts = {offset: count for offset, count in state.attempts if count}
            reopened = tuple(offset for offset, _ in state.attempts if offset <= state.floor)
            self.settled = Settled(state.floor, state.settled, reopened)
        self._written: Written | None = None
        self._changed = False

    @property
    def key(self) -> DurableKey:
        """Under which it is kept."""
        whose = self.whose
        return DurableKey(whose.client_id, whose.channel, whose.owner, whose.durable)

    def sync(self) -> None:
        """See `Track.sync`: whoever settles something of it has it."""

    def read(self, after: int, limit: int) -> History:
        """See `Track.read`."""
        whose, position = self.whose, StreamPosition(self.epoch, after)
        return self._history.since(whose.client_id, whose.channel, position, now=now_ms(), limit=limit)

    def place(self, publication: Publication) -> int:
        """See `Track.place`."""
        return publication.offset

    def ack(self, offset: int) -> int:
        """See `Track.ack`."""
        return int(self._settle(offset))

    def give_up(self, offset: int, *, expired: bool = False) -> None:
        """See `Track.give_up`."""
        self._settle(offset)

    def failed(self, offset: int, attempts: int) -> None:
        """See `Track.failed`."""
        self.attempts[offset] = attempts
        self._changed = True

    def settled_position(self) -> StreamPosition:
        """See `Track.settled_position`."""
        return StreamPosition(self.epoch, self.settled.floor)

    def written(self) -> Written | None:
        """See `Track.written`."""
        self.put_down()
        return self._written

    def reopen(self, offset: int) -> None:
        """Deliver it once more."""
        self.settled.reopen(offset)
        self.keep()

    def take_over(self, state: DurableState) -> None:
        """What other nodes have settled is settled, and what one of them has put back is delivered once more."""
        if state.epoch != self.epoch:
            return
        put_back = {offset for offset, _ in state.attempts if offset <= state.floor}
        self.settled.add_up_to(state.floor)
        for offset in (*state.settled, *(self.settled.reopened - put_back)):
            self.settled.add(offset)
        self.attempts = {offset: count for offset, count in self.attempts.items() if offset not in self.settled}
        new = [offset for offset in sorted(put_back) if offset in self.settled]
        for offset in new:
            self.settled.reopen(offset)
        for receiver in list(self.receivers):
            receiver.forget_settled()
            for offset in new:
                receiver.again(offset)
            receiver.offer()

    def state(self) -> DurableState:
        """What is kept of it. Reopened offsets stand among the attempts: they are below the floor and not settled."""
        open_ = dict.fromkeys(self.settled.reopened, 0) | self.attempts
        return DurableState(
            self.key, self.epoch, self.settled.floor, self.settled.above(), tuple(sorted(open_.items())), now_ms()
        )

    def keep(self) -> None:
        """Have it written as it is now, where it has a name; raises as `DurableStore.put` does."""
        self._changed = False
        if self._durables is not None:
            self._written = self._durables.put(self.state(), now=now_ms())

    def note_use(self) -> None:
        """As `keep`, amid what must go on: who waits for `written` is told that it was not kept."""
        try:
            self.keep()
        except (Exhausted, StoreUnavailable) as exc:
            log.warning("durable_not_kept", channel=self.whose.channel, durable=self.whose.durable, problem=exc.message)
            self._written = NotWritten(exc.message)

    def put_down(self) -> None:
        """See `Track.put_down`: the whole state is written, which may be large."""
        if self._changed:
            self.note_use()

    def _settle(self, offset: int) -> bool:
        new = self.settled.add(offset)
        if new:
            self.attempts.pop(offset, None)
            self._changed = True
            for receiver in self.receivers:
                receiver.forget(offset)
        return new


class InboxTrack:
    """Of a user whose connections ack the inbox. An ack counts for everything before it, as the cursor does."""

    def __init__(self, store: InboxStore, whose: Whose, position: StreamPosition) -> None:
        """*position* is that of the cursor."""
        self._store = store
        self.whose = whose
        self.epoch = position.epoch
        self.receivers: list[AckReceiver] = []
        self.settled = Settled(position.offset)
        self.attempts: dict[int, int] = {}

    def sync(self) -> None:
        """See `Track.sync`: what a connection without acks has proven, or one that has gone."""
        info = self._store.info(self.whose.client_id, self.whose.user_id)
        if info is not None and info.position.epoch == self.epoch and self.settled.add_up_to(info.cursor):
            self._forget_settled()

    def read(self, after: int, limit: int) -> History:
        """See `Track.read`."""
        whose = self.whose
        position = StreamPosition(self.epoch, after)
        found = self._store.since(whose.client_id, whose.user_id, position, now=now_ms(), limit=limit)
        if found.recovered or found.position.epoch != self.epoch:
            return found
        # a bound pushed out what comes next, which the receipts tell: what is left goes on
        left = [publication for publication in found.publications if self.place(publication) > after]
        return replace(found, publications=left, recovered=True)

    def place(self, publication: Publication) -> int:
        """See `Track.place`."""
        assert publication.inbox is not None, "what is read from an inbox has a place there"
        return publication.inbox.offset

    def ack(self, offset: int) -> int:
        """See `Track.ack`."""
        self.settled.add_up_to(offset)
        return self._advance()

    def give_up(self, offset: int, *, expired: bool = False) -> None:
        """See `Track.give_up`. The cursor passes it when everything before it is settled too."""
        whose = self.whose
        position = StreamPosition(self.epoch, offset)
        self._store.give_up(whose.client_id, whose.user_id, position, expired=expired)
        self.settled.add(offset)
        self._advance()

    def failed(self, offset: int, attempts: int) -> None:
        """See `Track.failed`: counted while a connection is there."""
        self.attempts[offset] = attempts

    def settled_position(self) -> StreamPosition:
        """See `Track.settled_position`."""
        return StreamPosition(self.epoch, self.settled.floor)

    def put_down(self) -> None:
        """See `Track.put_down`: the inbox does."""

    def written(self) -> Written | None:
        """See `Track.written`."""
        return self._store.written()

    def _advance(self) -> int:
        whose, floor = self.whose, self.settled.floor
        position = StreamPosition(self.epoch, floor)
        new = self._store.advance(whose.client_id, whose.user_id, position, now=now_ms())
        self.attempts = {offset: count for offset, count in self.attempts.items() if offset > floor}
        self._forget_settled()
        return new

    def _forget_settled(self) -> None:
        for receiver in self.receivers:
            receiver.forget_settled()
