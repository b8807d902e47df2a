"""What is measured: how long things take, where an operator may have to look. Hot code adds, everything else reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifyd.telemetry.histogram import COUNTS, LONG, Histogram, HistogramFamily


def _long() -> Histogram:
    return Histogram(LONG)


@dataclass(slots=True, eq=False)
class Timings:
    """Histograms since the daemon's start, in seconds. Each costs the same however many subscribers there are."""

    #: From handing a notification in until it is as safe as was promised.
    accept: Histogram = field(default_factory=Histogram)
    #: From when a notification was due until a dispatcher had it.
    queue_wait: HistogramFamily = field(default_factory=lambda: HistogramFamily("priority", bounds=LONG))
    #: From when a notification was due until every connection that was there for it had taken it.
    delivery: Histogram = field(default_factory=_long)
    #: From the lease of a batch until its fan-out is done; and how many notifications it had.
    dispatch: Histogram = field(default_factory=Histogram)
    dispatch_batch: Histogram = field(default_factory=lambda: Histogram(COUNTS))
    #: From the last writing of a delivery until its ack.
    ack: Histogram = field(default_factory=_long)
    #: One call of the push provider, and of a webhook.
    push: Histogram = field(default_factory=_long)
    webhook: HistogramFamily = field(default_factory=lambda: HistogramFamily("result", bounds=LONG))
    #: By method, template of the path, and class of the status.
    http: HistogramFamily = field(default_factory=lambda: HistogramFamily("method", "route", "status"))
    #: Calls with one answer, by name and gRPC's status.
    rpc: HistogramFamily = field(default_factory=lambda: HistogramFamily("method", "code"))
    #: One step of an engine: a transaction of the journal, a flight of commands to Redis, a call of the records.
    engine: HistogramFamily = field(default_factory=lambda: HistogramFamily("engine"))
    #: How late the event loop comes to what was due.
    loop_lag: Histogram = field(default_factory=Histogram)
