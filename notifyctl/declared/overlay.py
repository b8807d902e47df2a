"""Changing the daemon's overlay in its place, where it may not write there itself: a service may be shut in so."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from notifyctl.exits import Refusal, Status
from notifyd.config.files import read_overlay, write_file
from notifyd.config.overlay import changed, text_of
from notifyd.config.problems import ConfigInvalid
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notifyctl.daemons.calling import Daemon


def change_here(daemon: Daemon, overlay: Path, values: Mapping[str, str]) -> None:
    """Put *values* (TOML by key) into *overlay*, the file of *daemon*, and have it read its configuration again.

    Raises:
        Refusal: this user may not write there either (DENIED), or the daemon does not take it; nothing was changed.
    """
    config_file = overlay.with_name(overlay.name.replace(".overlay", ""))
    try:
        before = overlay.read_text(encoding="utf-8") if overlay.exists() else None
        tables = read_overlay(overlay)
        for key, value in values.items():
            tables = changed(tables, key, tomllib.loads(f"value = {value}")["value"])
        write_file(overlay, text_of(config_file, tables), beside=config_file)
    except (OSError, ConfigInvalid) as exc:
        problem = getattr(exc, "strerror", None) or exc
        raise Refusal(
            f"Neither the daemon nor this user can change {overlay} ({problem}): try it with sudo.",
            Status.DENIED,
            code="overlay_not_writable",
        ) from exc
    try:
        daemon.call("ReloadConfig", pb.ReloadConfigRequest())
    except Refusal:
        if before is None:
            overlay.unlink()
        else:
            write_file(overlay, before, beside=config_file)
        raise
