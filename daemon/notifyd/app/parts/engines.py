"""What a daemon stands on."""

from __future__ import annotations

import msgspec

from notifyd.app.parts.cluster import NodeName
from notifyd.push.ports import PushProvider
from notifyd.store.ports import Broker
from notifyd.store.record_ports import Records
from notifyd.telemetry.logs import Logbook
from notifyd.telemetry.metrics import Counters


class Engines(msgspec.Struct, frozen=True):
    """What was opened before anything else."""

    broker: Broker
    records: Records
    counters: Counters
    logbook: Logbook
    #: Under which secrets are sealed.
    master_key: bytes
    #: What this daemon is called among others.
    node: NodeName
    #: None where push is not configured.
    push: PushProvider | None = None
