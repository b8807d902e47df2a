"""How publications are shown."""

from __future__ import annotations

from notifyctl.output import Column

PUBLICATION = (
    Column("Time", "timestamp", style="dim"),
    Column("Channel", "channel", style="cyan"),
    Column("Offset", "offset", style="dim"),
    Column("Priority", "priority"),
    Column("ID", "id", style="dim", whole=True),
    Column("Data", "data"),
)
"""Columns of `channels history` and `listen`."""
