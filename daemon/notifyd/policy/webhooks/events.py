"""Events as webhooks are told of them: which there are, who wants which, and what each says."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import msgspec

from notifyd.clock import iso_ms
from notifyd.model.ids import ClientId
from notifyd.model.notification import Kind, Notification, State

if TYPE_CHECKING:
    from notifyd.model.dead_letter import DeadLetter


class EventType(enum.Enum):
    """What there is to tell."""

    #: Dispatched or expired, and nobody has it: no connection took it and no push was begun.
    UNREACHED = "notification.unreached"
    #: A dead letter was kept.
    DEAD = "notification.dead"
    USER_CONNECTED = "user.connected"
    USER_DISCONNECTED = "user.disconnected"
    OCCUPIED = "channel.occupied"
    VACATED = "channel.vacated"
    #: An operator tries a webhook out.
    TEST = "webhook.test"


#: Those that need an eye on comings and goings.
OF_USERS = (EventType.USER_CONNECTED, EventType.USER_DISCONNECTED)
OF_CHANNELS = (EventType.OCCUPIED, EventType.VACATED)


class Wish(msgspec.Struct, frozen=True):
    """What one webhook wants to be told of."""

    #: Their names; empty for all.
    events: tuple[str, ...] = ()
    #: Whose; None for every client's.
    client_id: ClientId | None = None

    def covers(self, event_type: EventType, client_id: ClientId | None = None) -> bool:
        """Whether it wants events of this type, of any client or of *client_id*."""
        if self.events and event_type.value not in self.events:
            return False
        return None in (client_id, self.client_id) or client_id == self.client_id


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One event as it is told. *data* is JSON-ready."""

    id: str
    type: str
    timestamp: str
    client_id: str
    data: dict[str, Any]


class EventHead(msgspec.Struct, frozen=True):
    """What calling needs of an event that was kept as JSON."""

    id: str
    type: str


_encoder = msgspec.json.Encoder()
_head = msgspec.json.Decoder(EventHead)


def event_body(event_id: str, event_type: EventType, client_id: ClientId, data: dict[str, Any], *, now: int) -> bytes:
    """The event as JSON; what is signed and sent, byte by byte."""
    return _encoder.encode(Event(f"evt_{event_id}", event_type.value, iso_ms(now), client_id, data))


def head_of(body: bytes) -> EventHead:
    """The id and the type of an event."""
    return _head.decode(body)


def unreached_data(notification: Notification, state: State, stored: int, *, with_data: bool) -> dict[str, Any]:
    """What is told of a notification that reached nobody; *stored*: users in whose inbox it waits."""
    return _about(notification, with_data=with_data) | {"state": state.value, "stored": stored}


def dead_data(letter: DeadLetter, *, with_data: bool) -> dict[str, Any]:
    """What is told of a dead letter."""
    receiver = {"userId": letter.user_id, "durable": letter.durable, "connectionId": letter.connection_id}
    return {
        "deadLetterId": letter.id,
        "stage": letter.stage.value,
        "reason": letter.reason,
        "error": letter.error,
        "attempts": letter.attempts,
        "diedAt": iso_ms(letter.died_at),
        **{name: value for name, value in receiver.items() if value},
        **_about(letter.notification, with_data=with_data),
    }


def _about(notification: Notification, *, with_data: bool) -> dict[str, Any]:
    about: dict[str, Any] = {
        "notificationId": notification.parent or notification.id,
        "kind": notification.kind.value,
        "channel": notification.channel or None,
        "priority": notification.priority,
        "acceptedAt": iso_ms(notification.accepted_at),
    }
    if notification.users:
        about["users"] = list(notification.users)
    if notification.connections:
        about["connections"] = list(notification.connections)
    if with_data:
        about["data"] = msgspec.Raw(notification.data)
        if notification.metadata:
            about["metadata"] = msgspec.Raw(notification.metadata)
    return about


def worth_telling(notification: Notification) -> bool:
    """Whether its end may be told: never that of an event itself, or one would lead to the next without end."""
    return notification.kind is not Kind.WEBHOOK
