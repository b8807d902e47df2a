"""How publications are shown."""

from __future__ import annotations

from notifyctl.showing.output import Column
from notifyctl.values.moments import clock

PUBLICATION = (
    Column("Time", "timestamp", human=clock, style="dim"),
    Column("Channel", "channel", style="cyan"),
    Column("User", "userId", style="cyan", spare=True),
    Column("Offset", "offset", style="dim"),
    Column("Priority", "priority", spare=True),
    Column("ID", "id", style="dim", spare=True),
    Column("Data", "data"),
)
"""Columns of `channels history` and `listen`."""
