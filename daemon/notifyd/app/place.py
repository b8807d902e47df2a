"""Where and how a daemon runs, beside its settings."""

from __future__ import annotations

from pathlib import Path

import msgspec

from notifyd.app.changing import ReadsConfig
from notifyd.app.listeners.tls import Certificate
from notifyd.app.workers.membership import Membership
from notifyd.telemetry.logs import Logbook
from notifyd.telemetry.metrics import Counters


class Place(msgspec.Struct, frozen=True):
    """What was found or made before the daemon starts."""

    socket: Path
    #: The admin token; empty in development mode.
    token: str
    #: Under which clients' secrets are sealed.
    master_key: bytes
    dev: bool
    counters: Counters
    logbook: Logbook
    #: Its file where this start has made it.
    fresh_master_key: Path | None = None
    #: None where TLS is off.
    certificate: Certificate | None = None
    #: Reads the configuration again; None where there is nothing to read.
    reload: ReadsConfig | None = None
    #: None where the daemon is one process.
    membership: Membership | None = None
