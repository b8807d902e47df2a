"""Settings of what comes after the dispatch: acks, dead letters, events for webhooks, presence."""

from pathlib import Path
from typing import Annotated, Final

from msgspec import Struct

from notifyd.config.setting import Setting

#: What a webhook may ask to be told of.
EVENT_TYPES: Final = (
    "notification.unreached",
    "notification.dead",
    "user.connected",
    "user.disconnected",
    "channel.occupied",
    "channel.vacated",
)


class SubscriptionSettings(Struct, frozen=True):
    """Subscriptions and inboxes with acks; retries are those of [delivery]."""

    ack_seconds: Annotated[
        float, Setting("A delivery that is not acked in this time has failed.", low=0.1, high=86_400, reload=True)
    ] = 30.0
    max_unacked: Annotated[
        int,
        Setting(
            "Deliveries that one subscription may have open; the next waits for an ack.",
            low=1,
            high=10_000,
            reload=True,
        ),
    ] = 100
    max_durable: Annotated[
        int, Setting("Durable subscriptions remembered; a new one beyond that is refused.", low=1, reload=True)
    ] = 10_000
    max_durable_per_user: Annotated[
        int,
        Setting("Durable subscriptions that one user may have; a new one beyond that is refused.", low=1, reload=True),
    ] = 20
    durable_max_age_seconds: Annotated[
        float, Setting("A durable subscription that nobody used for so long is forgotten.", low=1, reload=True)
    ] = 604_800.0


class DeadLetterSettings(Struct, frozen=True):
    """What was given up, kept for an operator to look at and to retry."""

    max_count: Annotated[int, Setting("Dead letters kept; beyond that the oldest go.", low=1, reload=True)] = 10_000
    max_bytes: Annotated[
        int, Setting("Bytes of dead letters kept; beyond that the oldest go.", low=1024, reload=True)
    ] = 67_108_864
    max_age_seconds: Annotated[float, Setting("Dead letters older than this are dropped.", low=1, reload=True)] = (
        604_800.0
    )


class PresenceSettings(Struct, frozen=True):
    """Who is in a channel, where its rule in [[channels]] tells it."""

    max_members: Annotated[int, Setting("Members named in one answer; the count tells all.", low=1, reload=True)] = 1000
    max_notified: Annotated[
        int,
        Setting("Joins and leaves are told to the subscribers of channels with at most so many.", low=1, reload=True),
    ] = 1000
    max_waiting: Annotated[
        int,
        Setting(
            "Joins and leaves that may wait to be told; beyond that new ones are not told, and counted.",
            low=1,
            reload=True,
        ),
    ] = 10_000


class EventSettings(Struct, frozen=True):
    """Events that webhooks are told of, and how they are called."""

    grace_seconds: Annotated[
        float,
        Setting(
            "A user who comes back in this time was not gone, nor was the last subscriber of a channel.",
            high=3600,
            reload=True,
        ),
    ] = 10.0
    timeout_seconds: Annotated[
        float, Setting("A call of a webhook that takes longer has failed.", low=0.1, high=300, reload=True)
    ] = 10.0
    max_attempts: Annotated[int, Setting("Tries before an event is dead-lettered.", low=1, high=1000, reload=True)] = 8
    retry_delay_seconds: Annotated[
        float, Setting("Wait before the second try; it doubles from try to try.", low=0.001, reload=True)
    ] = 2.0
    retry_max_seconds: Annotated[float, Setting("Longest wait between two tries.", low=0.001, reload=True)] = 600.0
    expiry_seconds: Annotated[
        float, Setting("An event that could not be told for so long expires.", low=1, reload=True)
    ] = 86_400.0
    max_waiting: Annotated[
        int,
        Setting("Events that may wait to be told; beyond that new ones are dropped and counted.", low=1, reload=True),
    ] = 1000
    batch_size: Annotated[int, Setting("Calls on the way at once.", low=1, high=1000, reload=True)] = 16
    with_data: Annotated[
        bool, Setting("Whether an event carries the data of the notification that it is about.", reload=True)
    ] = False


class WebhookTable(Struct, frozen=True):
    """An address that is told of events by signed POST requests, as Standard Webhooks describes them."""

    name: Annotated[
        str, Setting("What it is called here; its secret and its dead letters go by it.", form="name", reload=True)
    ]
    url: Annotated[str, Setting("Where it is called; certificates are verified.", form="url", reload=True)]
    events: Annotated[
        tuple[str, ...],
        Setting("What it is told of; an empty list means everything.", choices=EVENT_TYPES, reload=True),
    ] = ()
    client: Annotated[str, Setting("Only events of this client; empty means of all.", reload=True)] = ""
    secret_file: Annotated[
        Path | None,
        Setting(
            "File with the secret that signs, readable by the daemon's user alone; made where missing.",
            reload=True,
            follows="webhooks/NAME.secret in the state folder",
        ),
    ] = None
