"""What the log wants to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.telemetry.logs import LogOptions

if TYPE_CHECKING:
    from notifyd.config import Settings


def log_options(settings: Settings, *, worker: int | None = None, suffix: str = "") -> LogOptions:
    """Where the log goes; each record of a *worker* names it, and *suffix* tells its files from those of others."""
    log = settings.log
    return LogOptions(
        level=log.level,
        console=log.console,
        file=log.file,
        path=log.path,
        format=log.format,
        max_file_bytes=log.max_file_bytes,
        max_files=log.max_files,
        ring_entries=log.ring_entries,
        worker=worker,
        suffix=suffix,
    )
