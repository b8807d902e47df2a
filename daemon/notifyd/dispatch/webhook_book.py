"""Which webhooks there are, and how each is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.policy.webhooks.events import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notifyd.model.ids import ClientId
    from notifyd.policy.webhooks.answers import WebhookAnswer
    from notifyd.policy.webhooks.events import EventType


class Endpoint(msgspec.Struct, frozen=True):
    """A webhook as it is configured."""

    name: str
    url: str
    wish: Wish
    #: As receivers are given it; not for logs.
    secret: str
    #: What it stands for.
    key: bytes


class Figures(msgspec.Struct):
    """What became of the events of one webhook since the daemon's start."""

    delivered: int = 0
    #: Calls that failed.
    failed: int = 0
    #: Events given up, and events that there was no room for.
    dead: int = 0
    dropped: int = 0
    in_flight: int = 0
    #: The last call, in milliseconds since the Unix epoch, 0 for none; its status, 0 for none; what was wrong with it.
    last_at: int = 0
    last_status: int = 0
    last_error: str = ""
    last_reason: str = ""

    @property
    def state(self) -> str:
        """idle, delivering or failing."""
        if self.last_error:
            return "failing"
        return "delivering" if self.in_flight else "idle"

    def note(self, answer: WebhookAnswer, *, now: int) -> None:
        """How the last call ended."""
        self.last_at, self.last_status = now, answer.status
        self.last_error, self.last_reason = answer.sentence, answer.reason


class WebhookBook:
    """The webhooks by name; changes on reload."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        self._figures: dict[str, Figures] = {}

    def configure(self, endpoints: Sequence[Endpoint]) -> None:
        """These, and no others, from now on."""
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._figures = {name: self._figures.get(name, Figures()) for name in self._endpoints}

    def find(self, name: str) -> Endpoint | None:
        """The webhook of that name."""
        return self._endpoints.get(name)

    def figures(self, name: str) -> Figures:
        """How it is doing. What is not configured any more has figures that nobody keeps."""
        return self._figures.get(name) or Figures()

    def wanting(self, event_type: EventType, client_id: ClientId) -> list[str]:
        """The names of those that are to be told of such an event."""
        return [name for name, each in self._endpoints.items() if each.wish.covers(event_type, client_id)]

    def any_wants(self, *event_types: EventType) -> bool:
        """Whether one of them is to be told of one of these, whoever's it is."""
        return any(each.wish.covers(event_type) for each in self._endpoints.values() for event_type in event_types)

    def __iter__(self) -> Iterator[Endpoint]:
        """All of them, in the order of the configuration."""
        return iter(self._endpoints.values())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._endpoints)
