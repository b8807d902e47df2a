"""The facts of a round, sorted for the rules."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from tests.crash.facts import Accepted, Arrived, Began, Cancelled, Fact, Kept, Place, Placed, Published, Settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")


class Record:
    """The facts, sorted for the rules."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self.published = {fact.token: fact for fact in reversed(self.all(Published))}
        self.accepted = {fact.id: fact for fact in reversed(self.all(Accepted))}
        self.began = self.all(Began)
        self.arrived = self.all(Arrived)
        self.kept = self.all(Kept)

    def all(self, kind: type[T]) -> list[T]:
        """The facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def publish_of(self, notification_id: str) -> Published | None:
        """What its producer knows of it."""
        accepted = self.accepted.get(notification_id)
        return None if accepted is None else self.published.get(accepted.token)

    def missing(self) -> Iterator[tuple[str, str, str]]:
        """Who lacks what of which stream, of all that was accepted and not withdrawn: id, subscriber, stream."""
        had = {(arrival.subscriber, arrival.id) for arrival in self.arrived}
        streams = {began.subscriber: began.stream for began in self.began}
        for notification_id in self.accepted.keys() - self.withdrawn:
            published = self.publish_of(notification_id)
            if published is not None:
                for subscriber, stream in streams.items():
                    if stream in published.streams and (subscriber, notification_id) not in had:
                        yield notification_id, subscriber, stream

    @cached_property
    def began_by(self) -> dict[str, list[Began]]:
        """The connections of each subscriber."""
        found: dict[str, list[Began]] = defaultdict(list)
        for began in self.began:
            found[began.subscriber].append(began)
        return found

    @cached_property
    def connections(self) -> dict[tuple[str, int], Began]:
        """How each connection of each subscriber began."""
        return {(fact.subscriber, fact.connection): fact for fact in self.began}

    @cached_property
    def places(self) -> dict[tuple[str, str], Place]:
        """Where each notification stands in each stream, as far as anybody was told."""
        seen = [(fact.stream, fact.id, fact.place) for fact in (*self.all(Placed), *self.arrived, *self.kept)]
        return {(stream, notification_id): place for stream, notification_id, place in seen if place.offset}

    @cached_property
    def settled(self) -> dict[tuple[str, str], set[str]]:
        """The states told of each notification, for everybody ("") or one subscriber."""
        states: dict[tuple[str, str], set[str]] = defaultdict(set)
        for fact in self.all(Settled):
            states[fact.id, fact.subscriber].add(fact.state)
        return states

    @cached_property
    def withdrawn(self) -> set[str]:
        """Ids that were or may have been cancelled."""
        return {fact.id for fact in self.all(Cancelled)}
