"""Settings of delivery: the queue, retries, history, receipts, and the rules of single channels."""

from typing import Annotated

from msgspec import Struct

from notifyd.config.setting import Setting


class DeliverySettings(Struct, frozen=True):
    """The queue of accepted notifications, and how they are tried."""

    max_queue_size: Annotated[
        int,
        Setting(
            "Notifications that may wait; more are refused with 429.", low=1, service="MAX_QUEUE_SIZE", reload=True
        ),
    ] = 10_000
    max_queue_bytes: Annotated[
        int, Setting("Bytes of data that may wait; more are refused with 429.", low=1024, reload=True)
    ] = 268_435_456
    batch_size: Annotated[
        int, Setting("Notifications dispatched together.", low=1, high=10_000, service="BATCH_SIZE", reload=True)
    ] = 100
    retry_attempts: Annotated[
        int,
        Setting(
            "Tries before a notification is dead-lettered.", low=1, high=1000, service="RETRY_ATTEMPTS", reload=True
        ),
    ] = 3
    retry_delay_seconds: Annotated[
        float,
        Setting(
            "Wait before the second try; it doubles from try to try.",
            low=0.001,
            service="RETRY_DELAY",
            milliseconds=True,
            reload=True,
        ),
    ] = 1.0
    retry_max_seconds: Annotated[
        float,
        Setting(
            "Longest wait between two tries.",
            low=0.001,
            reload=True,
            follows="300, at least retry_delay_seconds",
        ),
    ] = 300.0
    message_expiry_seconds: Annotated[
        float,
        Setting(
            "A notification without a time to live of its own expires after this.",
            low=0.001,
            service="MESSAGE_EXPIRY",
            milliseconds=True,
            reload=True,
        ),
    ] = 86_400.0
    ageing_seconds: Annotated[
        float, Setting("Head start that one step of priority is worth; 0 orders strictly by priority.", high=86_400)
    ] = 60.0
    max_data_bytes: Annotated[int, Setting("Largest data of one notification, as JSON.", low=64, reload=True)] = 262_144
    max_data_depth: Annotated[
        int, Setting("Deepest nesting of a notification's data.", low=1, high=500, reload=True)
    ] = 64
    max_batch: Annotated[int, Setting("Most notifications in one batch request.", low=1, high=100_000, reload=True)] = (
        1000
    )
    max_schedule_seconds: Annotated[
        float, Setting("Farthest that a notification may be scheduled ahead.", reload=True)
    ] = 2_592_000.0
    idempotency_seconds: Annotated[float, Setting("How long an idempotency key is remembered.", low=1, reload=True)] = (
        86_400.0
    )
    max_idempotency_keys: Annotated[
        int, Setting("Idempotency keys remembered; beyond that the oldest are forgotten.", low=1, reload=True)
    ] = 1_000_000
    lease_seconds: Annotated[
        float, Setting("A dispatch that has not settled after this is done again.", low=1, high=3600)
    ] = 30.0


class HistorySettings(Struct, frozen=True):
    """Publications kept for subscribers that come back."""

    max_publications: Annotated[int, Setting("Publications kept of one channel; 0 keeps none.", reload=True)] = 10_000
    max_age_seconds: Annotated[float, Setting("Publications older than this are dropped.", low=1, reload=True)] = (
        86_400.0
    )
    max_bytes: Annotated[
        int, Setting("Bytes kept over all channels; beyond that the oldest publications go.", low=1024, reload=True)
    ] = 268_435_456
    max_channels: Annotated[int, Setting("Channels that may have a history at once.", low=1, reload=True)] = 100_000


class ChannelRule(Struct, frozen=True):
    """What differs from [history] for the channels whose names fit a pattern; the first rule that fits counts."""

    pattern: Annotated[
        str,
        Setting(
            "Channels that the rule is for: a name, in which * stands for any characters.", form="pattern", reload=True
        ),
    ]
    max_publications: Annotated[
        int | None,
        Setting("Publications kept of each such channel; 0 keeps none.", reload=True, follows="as in [history]"),
    ] = None
    max_age_seconds: Annotated[
        float | None,
        Setting("Their publications older than this are dropped.", low=1, reload=True, follows="as in [history]"),
    ] = None
    users_subscribe: Annotated[
        bool,
        Setting("Every user of a client may subscribe to them, whatever the token's channels claim says.", reload=True),
    ] = False
    users_publish: Annotated[
        bool,
        Setting("Every user of a client may publish to them, whatever the token's channels claim says.", reload=True),
    ] = False
    presence: Annotated[bool, Setting("Who may subscribe to them may ask who is in them.", reload=True)] = False
    join_leave: Annotated[
        bool, Setting("Their subscribers are told who joins and who leaves; needs presence.", reload=True)
    ] = False


class ReceiptSettings(Struct, frozen=True):
    """How long the outcome of a notification can be asked for."""

    max_age_seconds: Annotated[float, Setting("Receipts older than this are dropped.", low=1, reload=True)] = 86_400.0
    max_count: Annotated[int, Setting("Receipts kept; beyond that the oldest go.", low=1, reload=True)] = 1_000_000
    max_events: Annotated[
        int, Setting("Events kept in the timeline of one notification; later ones are dropped.", reload=True)
    ] = 50
    max_all_events: Annotated[
        int, Setting("Events kept over all timelines; beyond that the oldest go.", low=1, reload=True)
    ] = 1_000_000
    max_waiters: Annotated[
        int, Setting("Calls that may wait for an ack at once; more get 429.", low=1, reload=True)
    ] = 1000
