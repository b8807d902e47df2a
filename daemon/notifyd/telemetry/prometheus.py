"""Counters, gauges and histograms in Prometheus's formats, read at the moment of the scrape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from notifyd.telemetry import process
from notifyd.telemetry.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notifyd.telemetry.histogram import HistogramFamily
    from notifyd.telemetry.metrics import Counters

#: Counter attribute -> metric name (without notifyd_ and _total) and help.
_NAMES: Final = {
    "accepted": ("notifications_accepted", "Notifications taken in for good."),
    "rejected": ("notifications_rejected", "Publishes refused."),
    "dispatched": ("notifications_dispatched", "Notifications handed to every connection that was there for them."),
    "expired": ("notifications_expired", "Notifications whose time ran out before they were dispatched."),
    "cancelled": ("notifications_cancelled", "Notifications withdrawn before their time."),
    "cleared": ("notifications_cleared", "Notifications removed by clearing the queue."),
    "dead": ("notifications_dead", "Notifications given up after the last attempt."),
    "retried": ("dispatch_retries", "Dispatches that failed and were put back."),
    "deliveries": ("deliveries", "Publications that a connection's outbox took."),
    "delivered_bytes": ("delivered_bytes", "Bytes of those publications."),
    "replayed": ("publications_replayed", "Publications sent from the history."),
    "inbox_arrived": ("inbox_arrived", "Notifications of inboxes that are proven to have arrived."),
    "inbox_evicted": ("inbox_evicted", "Notifications that a bound of an inbox pushed out before they arrived."),
    "acked": ("acks", "Deliveries that subscriptions acked."),
    "redelivered": ("redeliveries", "Deliveries that were sent again because no ack came."),
    "dead_letters_evicted": ("dead_letters_evicted", "Dead letters that a bound pushed out."),
    "requeued": ("dead_letters_requeued", "Dead letters that were put back."),
    "dropped": ("dead_letters_dropped", "Dead letters that an operator dropped."),
    "presence_dropped": ("presence_dropped", "Joins and leaves that were not told because too many waited."),
    "connections_opened": ("connections_opened", "Connections opened."),
    "connections_closed": ("connections_closed", "Connections closed."),
    "slow_consumers": ("slow_consumers", "Connections closed because they did not read."),
    "authentication_failures": ("authentication_failures", "Credentials that were wrong."),
    "rate_limited": ("rate_limited_requests", "Requests refused by a rate limit."),
    "http_requests": ("http_requests", "HTTP requests answered."),
    "rpc_calls": ("rpc_calls", "Calls over gRPC, on the admin socket and on the public port."),
    "frames_received": ("frames_received", "Messages from WebSocket peers."),
    "messages_refused": ("messages_refused", "Messages from peers that were malformed or not allowed."),
    "pushes_accepted": ("pushes_accepted", "Devices that the push provider took a push for."),
    "pushes_failed": ("pushes_failed", "Devices for which a push was given up."),
    "pushes_retried": ("pushes_retried", "Pushes put back to be tried again."),
    "devices_removed": ("devices_removed", "Devices forgotten because their push token was not good any more."),
    "webhooks_delivered": ("webhooks_delivered", "Events that webhooks took."),
    "webhooks_failed": ("webhooks_failed", "Calls of webhooks that failed."),
    "webhooks_dropped": ("webhooks_dropped", "Events that had no room to wait, or expired before they were told."),
    "bullmq_completed": ("bullmq_jobs_completed", "Jobs of a BullMQ queue that became notifications."),
    "bullmq_failed": ("bullmq_jobs_failed", "Jobs of a BullMQ queue that failed for good."),
    "bullmq_invalid": ("bullmq_jobs_invalid", "Jobs of a BullMQ queue that failed because they were invalid."),
    "bullmq_retried": ("bullmq_job_retries", "Tries of BullMQ jobs that failed and have others behind them."),
    "errors": ("errors", "Faults of the daemon itself."),
    "log_records_lost": ("log_records_lost", "Log records that could not be written."),
}

#: Attribute of `Timings` -> metric name (without notifyd_) and help.
TIMED: Final = {
    "accept": ("accept_seconds", "From handing a notification in until it is as safe as was promised."),
    "queue_wait": ("queue_wait_seconds", "From when a notification was due until a dispatcher had it, by priority."),
    "delivery": ("delivery_seconds", "From when a notification was due until its connections had taken it."),
    "dispatch": ("dispatch_seconds", "From the lease of a batch until its fan-out was done."),
    "dispatch_batch": ("dispatch_batch_size", "Notifications in one batch of the dispatcher."),
    "ack": ("ack_seconds", "From the writing of a delivery until its ack."),
    "push": ("push_seconds", "One call of the push provider."),
    "webhook": ("webhook_seconds", "One call of a webhook, by how it ended."),
    "http": ("http_request_seconds", "HTTP requests, by method, template of the path and class of the status."),
    "rpc": ("rpc_call_seconds", "gRPC calls with one answer, by name and status."),
    "engine": ("engine_call_seconds", "One transaction of the journal, flight to Redis, or call of the records."),
    "loop_lag": ("event_loop_lag_seconds", "How late the event loop came to what was due."),
}

#: A gauge's values by the values of its labels.
Labelled = Mapping[str, float] | Mapping[tuple[str, ...], float]


class Gauge(msgspec.Struct, frozen=True):
    """A value of this moment: *read* gives one number, or with *label* a number for each of its values.

    With several labels *label* names them in order, with a space between, and the keys are tuples.
    """

    #: Without the prefix notifyd_, with its unit, such as queue_bytes.
    name: str
    help: str
    read: Callable[[], float | Labelled]
    label: str = ""

    def family(self) -> GaugeMetricFamily:
        """Read it now."""
        value = self.read()
        if isinstance(value, Mapping):
            family = GaugeMetricFamily(f"notifyd_{self.name}", self.help, labels=self.label.split())
            for name, number in value.items():
                family.add_metric([name] if isinstance(name, str) else list(name), number)
            return family
        return GaugeMetricFamily(f"notifyd_{self.name}", self.help, value=value)


class Exposition(Collector):
    """Everything that Prometheus can be told, and its rendering."""

    def __init__(self, counters: Counters, gauges: Sequence[Gauge] = ()) -> None:
        self._counters = counters
        self._gauges = tuple(gauges)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """The whole exposition, and its content type: OpenMetrics where *accept* asks for it, else the text format."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterator[Metric]:
        """Counters, histograms, gauges and the process, in that order."""
        for attribute, (name, text) in _NAMES.items():
            yield CounterMetricFamily(f"notifyd_{name}", text, value=getattr(self._counters, attribute))
        for attribute, (name, text) in TIMED.items():
            yield _histograms(f"notifyd_{name}", text, getattr(self._counters.times, attribute))
        for gauge in self._gauges:
            yield gauge.family()
        yield from process.metrics()

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not read the gauges."""
        return iter(())


def _histograms(name: str, text: str, timed: Histogram | HistogramFamily) -> HistogramMetricFamily:
    if isinstance(timed, Histogram):
        return HistogramMetricFamily(name, text, buckets=timed.cumulative(), sum_value=timed.total)
    family = HistogramMetricFamily(name, text, labels=timed.labels)
    for values, histogram in timed:
        family.add_metric(values, histogram.cumulative(), histogram.total)
    return family
