"""What must be true of the facts, whatever was killed when. Each rule answers the breaches that it finds.

The rules are the same for one daemon and for several. Where a node is killed, or Redis is, what one client sees on two
nodes may cross: an ack of the last connection may be heard after its notification was sent again on the next one, so
that to refuse it then is answered with `notification_not_found`; the ack holds all the same. All nodes of a round have
one clock, without which `producers_keep_their_order` would hold only as far as their clocks agree.

Pure: facts in, sentences out. `test_rules.py` shows for each of them that it can fail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tests.crash.facts import (
    Accepted,
    Acked,
    Arrived,
    Cancelled,
    Fact,
    Place,
    Published,
    Refused,
    Settled,
    Turned,
)
from tests.crash.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Both sides read one clock, the daemon in whole milliseconds.
CLOCK_SECONDS: Final = 0.005
#: What was written in time may lie in the kernel's buffers while the machine is busy.
LATE_SECONDS: Final = 4.0
#: A replay is read a little after its subscribe was answered.
REPLAY_SECONDS: Final = 0.5
#: A delivery that was under way when the ack was answered on another way.
CROSSING_SECONDS: Final = 4.0
#: What a node could not tell Redis while that was away is told so long after its return.
TELLING_SECONDS: Final = 2.0
_OUTAGE: Final = ("redis killed", "redis started")
#: A publish may be refused with these while the daemon goes up and down.
PASSING: Final = frozenset({"queue_full", "store_unavailable", "unavailable", "draining", "not_ready", "rate_limited"})


class Breach(Struct, frozen=True):
    """One rule that was broken, and how."""

    rule: str
    what: str


def accepted_is_kept(record: Record) -> Iterator[str]:
    """What was accepted reaches every subscriber, or has expired, or is a dead letter of just that subscriber."""
    for notification_id, subscriber, stream in record.missing():
        states = record.settled[notification_id, ""]
        place = record.places.get((stream, notification_id))
        if not (
            _expired(record, notification_id, subscriber, place)
            or "dead" in record.settled[notification_id, subscriber]
            or (place is not None and _was_reset(record, subscriber, place))
        ):
            token = record.accepted[notification_id].token
            told = ", ".join(sorted(states)) or "not known"
            yield f"{subscriber} never got {notification_id} ({token}): {told}, {place}"


def _expired(record: Record, notification_id: str, subscriber: str, place: Place | None) -> bool:
    """It expired before it was dispatched, or before the subscriber came back to where it stands."""
    published = record.publish_of(notification_id)
    if published is None or not published.expires_at:
        return False
    if any(gone - LATE_SECONDS < published.expires_at < back for gone, back in _outages(record)):
        # nodes heard of it after its time
        return True
    return "expired" in record.settled[notification_id, ""] or any(
        place is not None
        and began.at + REPLAY_SECONDS >= published.expires_at
        and place.offset <= began.position.offset
        # who has a name goes on where it was left, without saying so
        and (began.lasting or (began.since is not None and began.since.offset < place.offset))
        for began in record.began_by[subscriber]
    )


def _was_reset(record: Record, subscriber: str, place: Place) -> bool:
    """The subscriber was told that it has to do without: recovered was false."""
    return any(
        began.recovered is False
        and began.since is not None
        and began.position.epoch == place.epoch
        and place.offset <= began.position.offset
        and (began.since.epoch != place.epoch or began.since.offset < place.offset)
        for began in record.began_by[subscriber]
    )


def acked_stays_acked(record: Record) -> Iterator[str]:
    """What was acked, and answered, does not come again: not on that connection, and where acks last on none.

    Another node that did not hear of it before Redis was killed may send it again until Redis is back.
    """
    outages = _outages(record)
    acked: dict[tuple[str, int], dict[str, tuple[float, bool]]] = defaultdict(dict)
    for fact in record.facts:
        if isinstance(fact, Acked) and fact.answered and not fact.nack:
            began = record.connections.get((fact.subscriber, fact.connection))
            for where in {fact.connection, -1} if began is not None and began.lasting else {fact.connection}:
                for notification_id in fact.ids:
                    acked[fact.subscriber, where].setdefault(notification_id, (fact.at, fact.aside))
        elif isinstance(fact, Arrived):
            known = acked[fact.subscriber, -1].get(fact.id) or acked[fact.subscriber, fact.connection].get(fact.id)
            began = record.connections.get((fact.subscriber, fact.connection))
            if known is not None and began is not None and _unheard(outages, known[0], began.asked_at):
                continue
            if known is not None and (not known[1] or fact.at > known[0] + CROSSING_SECONDS):
                after = fact.at - known[0]
                yield f"{fact.subscriber}#{fact.connection} got {fact.id} again {after:.3f} s after its ack"


def _unheard(outages: Sequence[tuple[float, float]], acked_at: float, asked_at: float) -> bool:
    return asked_at > acked_at and any(gone - CROSSING_SECONDS < acked_at < back > asked_at for gone, back in outages)


def unacked_comes_again(record: Record) -> Iterator[str]:
    """Who acks everything that comes again has acked everything in the end, but what expired or was given up."""
    acked = {(fact.subscriber, i) for fact in record.all(Acked) if not fact.nack for i in fact.ids}
    arrivals: dict[str, dict[str, Arrived]] = defaultdict(dict)
    for arrival in record.arrived:
        arrivals[arrival.subscriber].setdefault(arrival.id, arrival)
    for subscriber, first_ones in arrivals.items():
        if not record.began_by[subscriber][:1] or not record.began_by[subscriber][0].acks:
            continue
        unacked = [arrival for arrival in first_ones.values() if (subscriber, arrival.id) not in acked]
        if unacked and unacked[0].stream.startswith("inbox:"):
            # there an ack is for all that came before it as well
            last = max((n for n, i in enumerate(first_ones) if (subscriber, i) in acked), default=-1)
            unacked = [arrival for n, arrival in enumerate(first_ones.values()) if n > last]
        for arrival in unacked:
            published = record.published.get(arrival.token)
            mortal = published is not None and published.expires_at
            if not mortal and "dead" not in record.settled[arrival.id, subscriber]:
                yield f"{subscriber} got {arrival.id} ({arrival.token}), did not ack it, and never got it again"


def _outages(record: Record) -> list[tuple[float, float]]:
    """When Redis was away, and what its nodes had to tell it was not told yet."""
    turned = {what: [fact.at for fact in record.all(Turned) if fact.what == what] for what in _OUTAGE}
    return [(gone, back + TELLING_SECONDS) for gone, back in zip(*turned.values(), strict=False)]


def dead_stays_dead(record: Record) -> Iterator[str]:
    """What a subscription was given up for does not come to it again.

    Where Redis was killed, another node may not know of it yet, and gives it up anew.
    """
    outages = _outages(record)
    died = {(fact.id, fact.subscriber): fact.at for fact in record.all(Settled) if fact.state == "dead" and fact.at}
    for arrival in record.arrived:
        at = died.get((arrival.id, arrival.subscriber))
        began = record.connections.get((arrival.subscriber, arrival.connection))
        if at is None or (began is not None and any(gone < at < known > began.asked_at for gone, known in outages)):
            continue
        if arrival.at > at + CROSSING_SECONDS:
            yield f"{arrival.subscriber} got {arrival.id} {arrival.at - at:.3f} s after it was given up"


def one_id_one_place(record: Record) -> Iterator[str]:
    """An id has one place in a stream, and a place one id."""
    places: dict[tuple[str, str], Place] = {}
    ids: dict[tuple[str, Place], str] = {}
    for fact in (*record.arrived, *record.kept):
        if not fact.place.offset:
            continue
        place = places.setdefault((fact.stream, fact.id), fact.place)
        if place != fact.place:
            yield f"{fact.id} in {fact.stream} stands at {place} and at {fact.place}"
        notification_id = ids.setdefault((fact.stream, fact.place), fact.id)
        if notification_id != fact.id:
            yield f"{fact.place} of {fact.stream} is {notification_id} and {fact.id}"


def one_publish_one_id(record: Record) -> Iterator[str]:
    """A publish that was sent again under its idempotency key is one notification, answered and delivered."""
    ids: dict[str, str] = {}
    for fact in record.facts:
        if isinstance(fact, Accepted | Arrived):
            first = ids.setdefault(fact.token, fact.id)
            if first != fact.id:
                yield f"{fact.token} is {first} and {fact.id}"


def epochs_last(record: Record) -> Iterator[str]:
    """A kill costs no power: the numbering goes on where it was."""
    epochs: dict[str, set[str]] = defaultdict(set)
    for began in record.began:
        if began.position.epoch:
            epochs[began.stream].add(began.position.epoch)
    for stream, found in epochs.items():
        if len(found) > 1:
            yield f"{stream} was numbered {len(found)} times: {', '.join(sorted(found))}"


def no_gaps(record: Record) -> Iterator[str]:
    """Offsets are 1, 2, 3 and so on; one that nobody saw belongs to one that expired before anybody could."""
    offsets: dict[tuple[str, str], set[int]] = defaultdict(set)
    for fact in (*record.arrived, *record.kept):
        if fact.place.offset:
            offsets[fact.stream, fact.place.epoch].add(fact.place.offset)
    seen = {arrival.token for arrival in record.arrived}
    excuses: Counter[str] = Counter()
    for published in record.published.values():
        if published.expires_at and published.token not in seen:
            excuses.update(published.streams)
    firsts: dict[tuple[str, str], int] = {}
    for began in record.began:
        key = (began.stream, began.position.epoch)
        firsts[key] = min(firsts.get(key, began.position.offset), began.position.offset)
    for (stream, epoch), found in offsets.items():
        first = firsts.get((stream, epoch), 0) + 1
        known = found | _told_to_lack(record, stream, epoch)
        missing = [offset for offset in range(first, max(found) + 1) if offset not in known]
        if len(missing) > excuses[stream]:
            yield f"{stream} lacks {len(missing)} offsets, such as {missing[:5]}; {excuses[stream]} may have expired"


def _told_to_lack(record: Record, stream: str, epoch: str) -> set[int]:
    """Offsets that somebody was told to do without, since they are not kept: maybe nobody has seen them."""
    lacked: set[int] = set()
    for began in record.began:
        since, position = began.since, began.position
        if began.stream == stream and began.recovered is False and since is not None and since.epoch == epoch:
            lacked.update(range(since.offset + 1, position.offset + 1))
    return lacked


def expired_stays_away(record: Record) -> Iterator[str]:
    """Nothing comes after its time; what was asked for after its time does not come at all."""
    for arrival in record.arrived:
        published = record.published.get(arrival.token)
        if published is None or not published.expires_at:
            continue
        began = record.connections.get((arrival.subscriber, arrival.connection))
        late = arrival.at - published.expires_at
        replayed = began is not None and arrival.place.offset <= began.position.offset
        asked_late = began is not None and replayed and began.asked_at > published.expires_at + CLOCK_SECONDS
        if late > LATE_SECONDS or asked_late:
            yield f"{arrival.subscriber} got {arrival.id} {late:.3f} s after it expired"


def nothing_is_early(record: Record) -> Iterator[str]:
    """Nothing comes before it is due."""
    for arrival in record.arrived:
        published = record.published.get(arrival.token)
        if published is not None and arrival.at < published.due_at - CLOCK_SECONDS:
            yield f"{arrival.subscriber} got {arrival.id} {published.due_at - arrival.at:.3f} s before it was due"


def cancelled_stays_away(record: Record) -> Iterator[str]:
    """What was cancelled, and answered, does not come."""
    cancelled = {fact.id for fact in record.all(Cancelled) if fact.decided}
    for arrival in record.arrived:
        if arrival.id in cancelled:
            yield f"{arrival.subscriber} got {arrival.id}, which was cancelled"


def offsets_rise(record: Record) -> Iterator[str]:
    """On a connection first deliveries rise from where it began; what comes again says so with its attempt."""
    newest: dict[tuple[str, int, str], int] = {}
    had: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for arrival in record.arrived:
        key = (arrival.subscriber, arrival.connection, arrival.stream)
        again, where = arrival.id in had[key], f"{arrival.subscriber}#{arrival.connection}"
        had[key].add(arrival.id)
        if again and arrival.attempt < 2:
            yield f"{where} got {arrival.id} twice, and the second says nothing of an attempt"
        if again or arrival.attempt > 1 or not arrival.place.offset:
            continue
        began = record.connections.get(key[:2])
        since = began.since.offset if began is not None and began.since is not None and began.recovered else 0
        before = newest.get(key, since)
        if arrival.place.offset <= before:
            yield f"{where} got offset {arrival.place.offset} of {arrival.stream} after {before}"
        newest[key] = max(before, arrival.place.offset)


def no_part_of_a_replay(record: Record) -> Iterator[str]:
    """Where recovered is false nothing is replayed; where it is true the replay is as long as was told."""
    replays: Counter[tuple[str, int]] = Counter()
    for arrival in record.arrived:
        began = record.connections.get((arrival.subscriber, arrival.connection))
        if began is None or began.recovered is None or began.acks or arrival.place.epoch != began.position.epoch:
            continue
        if arrival.place.offset <= began.position.offset and arrival.attempt < 2:
            replays[arrival.subscriber, arrival.connection] += 1
    for key, began in record.connections.items():
        if began.recovered is False and not began.acks and (replays[key] or began.replayed):
            yield f"{key[0]}#{key[1]} was not recovered, and yet got {replays[key]} of {began.replayed}"
        elif began.recovered and replays[key] > began.replayed:
            yield f"{key[0]}#{key[1]} was promised a replay of {began.replayed} and got {replays[key]}"


def producers_keep_their_order(record: Record) -> Iterator[str]:
    """One producer's notifications of one priority that were due at once stand in the order of their publishes."""
    lines: dict[tuple[str, str, int], list[tuple[int, int]]] = defaultdict(list)
    tokens = {(arrival.stream, arrival.token): arrival.place for arrival in record.arrived}
    for (stream, token), place in tokens.items():
        published = record.published.get(token)
        if published is not None and published.in_order and not published.due_at and place.offset:
            lines[stream, published.producer, published.priority].append((place.offset, published.number))
    for (stream, producer, priority), line in lines.items():
        line.sort()
        for (_, before), (offset, number) in pairwise(line):
            if number < before:
                yield f"{producer}'s {number} of priority {priority} stands at {offset} in {stream}, behind {before}"


def nothing_is_invented(record: Record) -> Iterator[str]:
    """What arrives was published, to that stream."""
    for arrival in record.arrived:
        published = record.published.get(arrival.token)
        if published is None or arrival.stream not in published.streams:
            yield f"{arrival.subscriber} got {arrival.id} ({arrival.token}), which nobody sent to {arrival.stream}"


def refusals_are_known(record: Record) -> Iterator[str]:
    """A publish is refused for want of room or of a daemon, or sent again after its time, and for nothing else."""
    for fact in record.all(Refused):
        published = record.published.get(fact.token)
        over = published is not None and 0 < published.expires_at <= fact.at + CLOCK_SECONDS
        if fact.code not in PASSING and not over:
            yield f"{fact.token} was refused with {fact.code}"


RULES: Final[tuple[Callable[[Record], Iterator[str]], ...]] = (
    accepted_is_kept,
    acked_stays_acked,
    unacked_comes_again,
    dead_stays_dead,
    one_id_one_place,
    one_publish_one_id,
    epochs_last,
    no_gaps,
    expired_stays_away,
    nothing_is_early,
    cancelled_stays_away,
    offsets_rise,
    no_part_of_a_replay,
    producers_keep_their_order,
    nothing_is_invented,
    refusals_are_known,
)


def breaches(facts: Sequence[Fact]) -> list[Breach]:
    """Everything that is wrong with *facts*."""
    record = Record(facts)
    return [Breach(rule.__name__, what) for rule in RULES for what in rule(record)]


def missed(facts: Sequence[Fact]) -> set[str]:
    """Ids of accepted ones that a subscriber of their stream lacks: the daemon is to be asked what became of them."""
    return {notification_id for notification_id, _, _ in Record(facts).missing()}


def counts(facts: Sequence[Fact]) -> dict[str, int]:
    """The figures of a round."""
    record = Record(facts)
    acked = {(fact.subscriber, i) for fact in record.all(Acked) if fact.answered and not fact.nack for i in fact.ids}
    turned = Counter(fact.what for fact in record.all(Turned))
    return {
        "published": len(record.all(Published)),
        "accepted": len(record.accepted),
        "refused": len(record.all(Refused)),
        "cancelled": sum(fact.decided for fact in record.all(Cancelled)),
        "connections": len(record.began),
        "delivered": len(record.arrived),
        "replayed": sum(began.replayed for began in record.began),
        "skipped": sum(began.skipped for began in record.began),
        "not recovered": sum(began.recovered is False for began in record.began),
        "acked": len(acked),
        "dead letters": sum(fact.state == "dead" and bool(fact.subscriber) for fact in record.all(Settled)),
        "redelivered": sum(arrival.attempt > 1 for arrival in record.arrived),
        "kills": turned["killed"],
        "restarts": turned["started"],
        "redis kills": turned["redis killed"],
    }
