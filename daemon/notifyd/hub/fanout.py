"""One batch of publications to everyone who is to have them: encoded once per format, one write per connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import trio

from notifyd.model.notification import Kind
from notifyd.model.publication import Publication

if TYPE_CHECKING:
    from notifyd.hub.channel import LiveChannel
    from notifyd.hub.connection import Connection
    from notifyd.hub.slow import SlowConsumers
    from notifyd.model.ids import ClientId, ConnectionId, UserId
    from notifyd.model.notification import Notification
    from notifyd.telemetry.metrics import Counters

Encoder = Callable[[Publication], bytes]

#: Writes between two turns of everybody else. Few, because what is published meanwhile joins the next batch, and a
#: batch costs one write a connection however many it holds: 64 gave 1.8 times the deliveries per CPU-second of 512.
_WRITES_PER_TURN: Final = 64

#: Those who ack cost more: each reads for itself.
_RECEIVERS_PER_TURN: Final = 16

#: Which publications of the batch one connection is to have, as indexes in order.
_Share = tuple[int, ...]


class Rosters(Protocol):
    """Who is live. What is answered may change while a fan-out is under way."""

    def channel(self, client_id: ClientId, channel: str) -> LiveChannel | None:
        """The subscribers of a channel."""
        ...

    def user(self, client_id: ClientId, user_id: UserId) -> LiveChannel | None:
        """The connections that receive the inbox of a user."""
        ...

    def audience(self, client_id: ClientId) -> Mapping[Connection, int]:
        """The connections that a broadcast goes to, with the offset of the client's stream that each was served to."""
        ...

    def connection(self, connection_id: ConnectionId) -> Connection | None:
        """One live connection."""
        ...


class _Audience:
    """The publications of a batch that go to the same people, and who they were when the batch began."""

    __slots__ = ("departures", "indexes", "live", "members")

    def __init__(self, members: dict[Connection, int], live: LiveChannel | None) -> None:
        #: Connection -> the offset up to which the history served it.
        self.members = members
        #: None for a broadcast and for single connections.
        self.live = live
        self.departures = live.departures if live else 0
        self.indexes: list[int] = []

    def fed(self) -> bool:
        """Whether somebody acks."""
        return self.live is not None and bool(self.live.receivers)

    def changed(self) -> bool:
        return self.live is not None and self.live.departures != self.departures

    def still_wants(self, member: Connection, offset: int) -> bool:
        """Whether it neither left nor came back meanwhile (then the history served it)."""
        return self.live is None or self.live.subscribers.get(member, offset) < offset


class FanOut:
    """Writes batches."""

    def __init__(self, encoders: Mapping[str, Encoder], counters: Counters, slow: SlowConsumers) -> None:
        self._encoders = encoders
        self._counters = counters
        self._slow = slow

    async def run(self, publications: Sequence[Publication], rosters: Rosters) -> list[int]:
        """Write the batch; answers how many connections took each publication."""
        audiences = _audiences(publications, rosters)
        delivered = [0] * len(publications)
        turns = 0
        for share, members in _shares(publications, audiences).items():
            for start in range(0, len(members), _WRITES_PER_TURN):
                if turns:
                    await trio.lowlevel.checkpoint()
                turns += 1
                chunk = {share: members[start : start + _WRITES_PER_TURN]}
                if turns > 1 and any(audience.changed() for audience in audiences):
                    chunk = _recheck(publications, audiences, share, chunk[share])
                self._write(publications, chunk, delivered)
        await self._feed(publications, audiences, delivered)
        return delivered

    async def _feed(
        self, publications: Sequence[Publication], audiences: Sequence[_Audience], delivered: list[int]
    ) -> None:
        """Have those who ack take what is new; how much each takes at once is bounded by what it has not acked."""
        fed = 0
        for audience in audiences:
            if audience.live is None:
                continue
            for receiver in list(audience.live.receivers.values()):
                before, upto = receiver.offer()
                for index in audience.indexes:
                    delivered[index] += before < _place(publications[index]) <= upto
                fed += 1
                if fed % _RECEIVERS_PER_TURN == 0:
                    await trio.lowlevel.checkpoint()

    def _write(
        self, publications: Sequence[Publication], shares: Mapping[_Share, list[Connection]], delivered: list[int]
    ) -> None:
        for share, members in shares.items():
            frames = _Frames(self._encoders, [publications[index] for index in share])
            slow = [member for member in members if not member.put(frames[member.format])]
            for member in slow:
                self._slow.cut(member)
            _ask_for_proof(publications, share, members)
            took = len(members) - len(slow)
            self._counters.delivered_bytes += frames.mean_bytes() * took
            self._counters.deliveries += took * len(share)
            for index in share:
                delivered[index] += took


class _Frames(dict[str, bytes]):
    """Format -> the joined frames of some publications, made when the first connection of that format comes."""

    def __init__(self, encoders: Mapping[str, Encoder], publications: Sequence[Publication]) -> None:
        super().__init__()
        self._encoders = encoders
        self._publications = publications

    def mean_bytes(self) -> int:
        """The size of what one connection gets; formats differ little, and most batches have one."""
        return sum(map(len, self.values())) // len(self) if self else 0

    def __missing__(self, key: str) -> bytes:
        joined = self[key] = b"".join(map(self._encoders[key], self._publications))
        return joined


def _ask_for_proof(publications: Sequence[Publication], share: _Share, members: Sequence[Connection]) -> None:
    """Have those who were sent something from an inbox prove that it arrives."""
    newest = next((publications[i].inbox for i in reversed(share) if publications[i].inbox is not None), None)
    if newest is not None:
        for member in members:
            if member.inbox is not None and not member.ended:
                member.inbox.wrote(newest.epoch, newest.offset, member.link)


def _place(publication: Publication) -> int:
    """Its offset in the stream that its audience is served from."""
    return publication.offset if publication.inbox is None else publication.inbox.offset


def _audiences(publications: Sequence[Publication], rosters: Rosters) -> list[_Audience]:
    found: dict[tuple[object, ...], _Audience] = {}
    for index, publication in enumerate(publications):
        notification = publication.notification
        kind = notification.kind
        if kind is Kind.CHANNEL:
            key: tuple[object, ...] = (notification.client_id, notification.channel)
        else:
            key = (notification.client_id, kind, publication.user_id, notification.connections)
        audience = found.get(key)
        if audience is None:
            audience = found[key] = _audience(publication, rosters)
        audience.indexes.append(index)
    return [audience for audience in found.values() if audience.members or audience.fed()]


def _audience(publication: Publication, rosters: Rosters) -> _Audience:
    notification = publication.notification
    client_id = notification.client_id
    if notification.kind is Kind.BROADCAST:
        return _Audience(dict(rosters.audience(client_id)), None)
    if notification.kind is Kind.CHANNEL:
        live = rosters.channel(client_id, notification.channel)
    elif publication.user_id:
        live = rosters.user(client_id, publication.user_id)
    else:
        return _Audience(_named(notification, rosters), None)
    return _Audience(live.subscribers.copy() if live else {}, live)


def _named(notification: Notification, rosters: Rosters) -> dict[Connection, int]:
    """The connections that it names, those of its client alone. Its users have it from their inboxes."""
    audience = rosters.audience(notification.client_id)
    found = [rosters.connection(connection_id) for connection_id in notification.connections]
    return {
        connection: audience[connection]
        for connection in found
        if connection is not None
        and connection in audience
        and not (connection.principal and connection.principal.user_id in notification.users)
    }


def _shares(publications: Sequence[Publication], audiences: Sequence[_Audience]) -> dict[_Share, list[Connection]]:
    """Who is to have which publications: almost always one entry, because batches are mostly of one channel."""
    if len(audiences) == 1:
        return _split(publications, audiences[0])
    by_member: dict[Connection, list[int]] = {}
    for audience in audiences:
        for share, members in _split(publications, audience).items():
            for member in members:
                by_member.setdefault(member, []).extend(share)
    shares: dict[_Share, list[Connection]] = {}
    for member, indexes in by_member.items():
        shares.setdefault(tuple(sorted(indexes)), []).append(member)
    return shares


def _split(publications: Sequence[Publication], audience: _Audience) -> dict[_Share, list[Connection]]:
    """All members have all of it, but for those who subscribed so late that the history served them a part."""
    everything = tuple(audience.indexes)
    first = _place(publications[everything[0]])
    on_time = [member for member, served in audience.members.items() if served < first]
    shares = {everything: on_time} if on_time else {}
    if len(on_time) < len(audience.members):
        for member, served in audience.members.items():
            rest = tuple(index for index in everything if _place(publications[index]) > served)
            if rest and rest != everything:
                shares.setdefault(rest, []).append(member)
    return shares


def _recheck(
    publications: Sequence[Publication], audiences: Sequence[_Audience], share: _Share, members: Sequence[Connection]
) -> dict[_Share, list[Connection]]:
    """What is left of a share for each member, after somebody left a channel while others had their turn."""
    audience_of = {index: audience for audience in audiences for index in audience.indexes}
    shares: dict[_Share, list[Connection]] = {}
    for member in members:
        rest = tuple(index for index in share if audience_of[index].still_wants(member, _place(publications[index])))
        if rest:
            shares.setdefault(rest, []).append(member)
    return shares
