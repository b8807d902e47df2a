"""The counters, and beside them what is timed. Hot code adds to an attribute inline; everything else reads."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from notifyd.telemetry.timings import Timings


@dataclass(slots=True, eq=False)
class Counters:
    """Counts since the daemon's start, one attribute each; they only rise.

    An increment in the trio thread is exact. Threads add to `log_records_lost` alone, and through a lock of their own.
    """

    #: Notifications taken in for good; one that was submitted again under its idempotency key counts once.
    accepted: int = 0
    #: Publishes refused: malformed, not let in, invalid, limited, no room, or the store could not keep them.
    rejected: int = 0
    dispatched: int = 0
    expired: int = 0
    cancelled: int = 0
    cleared: int = 0
    #: Given up after the last attempt.
    dead: int = 0
    #: Dispatches that failed and will be tried again.
    retried: int = 0
    #: Frames of publications that an outbox took.
    deliveries: int = 0
    delivered_bytes: int = 0
    #: Publications sent from the history to subscribers that came back.
    replayed: int = 0
    #: Notifications of inboxes that are proven to have arrived, or were acked.
    inbox_arrived: int = 0
    #: Notifications that a bound of an inbox pushed out before they had arrived.
    inbox_evicted: int = 0
    #: Acks of subscriptions, each delivery counted once.
    acked: int = 0
    #: Deliveries that were sent again because no ack came.
    redelivered: int = 0
    #: Dead letters that a bound pushed out.
    dead_letters_evicted: int = 0
    #: Dead letters that an operator put back, and dropped.
    requeued: int = 0
    dropped: int = 0
    #: Joins and leaves that were not told because too many waited.
    presence_dropped: int = 0
    connections_opened: int = 0
    connections_closed: int = 0
    #: Connections closed because they did not read what they were sent.
    slow_consumers: int = 0
    authentication_failures: int = 0
    #: Requests refused by a rate limit.
    rate_limited: int = 0
    http_requests: int = 0
    #: Calls over gRPC, on the admin socket and on the public port.
    rpc_calls: int = 0
    #: Messages from WebSocket peers.
    frames_received: int = 0
    #: Messages from peers that were malformed or not allowed.
    messages_refused: int = 0
    #: Devices that the push provider took a push for, and devices for which it was given up.
    pushes_accepted: int = 0
    pushes_failed: int = 0
    #: Pushes put back to be tried again.
    pushes_retried: int = 0
    #: Devices forgotten because the push provider does not know their token any more.
    devices_removed: int = 0
    #: Events that webhooks took, calls of webhooks that failed, and events that had no room to wait or expired.
    webhooks_delivered: int = 0
    webhooks_failed: int = 0
    webhooks_dropped: int = 0
    #: Jobs of a BullMQ queue that became notifications, those that failed for good, and of these the invalid ones.
    bullmq_completed: int = 0
    bullmq_failed: int = 0
    bullmq_invalid: int = 0
    #: Tries of jobs that failed and have others behind them.
    bullmq_retried: int = 0
    #: Faults of the daemon itself; each has a traceback in the log.
    errors: int = 0
    #: Log records that a sink could not take.
    log_records_lost: int = 0
    #: How long things took.
    times: Timings = field(default_factory=Timings, repr=False)

    def snapshot(self) -> dict[str, int]:
        """Every counter by name."""
        return {name: getattr(self, name) for name in COUNTER_NAMES}


COUNTER_NAMES = tuple(each.name for each in fields(Counters) if each.name != "times")
