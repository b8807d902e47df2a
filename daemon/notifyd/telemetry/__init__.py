"""What the daemon says about itself: log records, counters, its own cost."""

from notifyd.telemetry.logs import Logbook, LogOptions, configure, get_logger
from notifyd.telemetry.metrics import Counters
from notifyd.telemetry.record import Record, level_number
from notifyd.telemetry.ring import Ring

__all__ = ["Counters", "LogOptions", "Logbook", "Record", "Ring", "configure", "get_logger", "level_number"]
