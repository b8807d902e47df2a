"""Changing the configuration from outside: into the overlay, and in force, or not at all."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from notifyd.config import ConfigInvalid, Loaded, catalogue
from notifyd.config.catalogue import TABLES
from notifyd.config.files import read_overlay, write_file
from notifyd.config.overlay import changed, rendered, text_of
from notifyd.config.places import overlay_file, own_file
from notifyd.config.problems import nearest
from notifyd.errors import Conflict, Invalid
from notifyd.service.daemon import Changed, ConfigChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from notifyd.config.documents import Document
    from notifyd.service.daemon import Daemon

log = structlog.get_logger("notifyd.config")


class ReadsConfig(Protocol):
    """Reads the configuration again."""

    def __call__(self, overlay: Document | None = None) -> Loaded:
        """The settings that all sources give, with *overlay* in the place of what the overlay file says.

        Raises:
            ConfigInvalid: something is wrong; it holds every problem.
        """


class Changer:
    """Writes to the overlay beside the configuration file. Changes of one daemon come one after the other."""

    def __init__(self, daemon: Daemon, read: ReadsConfig, environ: Mapping[str, str] = os.environ) -> None:
        self._daemon = daemon
        self._read = read
        self._file = daemon.about.config_file or own_file(environ)

    def change(self, changes: Sequence[ConfigChange], dry_run: bool) -> Changed:
        """See `Daemon.change_config`."""
        self._check(changes)
        path = overlay_file(self._file)
        try:
            tables = _applied(read_overlay(path), changes)
            loaded = self._read(rendered(self._file, tables))
        except ConfigInvalid as exc:
            raise Invalid(str(exc), code="config_invalid") from exc
        applied = [] if dry_run else self._put_in_force(path, text_of(self._file, tables))
        return Changed(path, applied, [each.key for each in changes if each.value and _covered(loaded, each.key)])

    def _check(self, changes: Sequence[ConfigChange]) -> None:
        in_force = {entry.key: entry for entry in self._daemon.show_config()}
        if not changes:
            raise Invalid("name at least one key to change")
        for change in changes:
            entry = in_force.get(change.key)
            if entry is None:
                right = nearest(change.key, (*catalogue(), *TABLES))
                raise Invalid(f"{change.key[:100]}: unknown key; the nearest key is {right}", code="config_invalid")
            if not entry.reloadable:
                raise Invalid(f"{change.key} needs a restart: change it on the daemon's machine", code="config_invalid")
            if change.expected is not None and change.expected != entry.value:
                raise Conflict(f"{change.key} was changed meanwhile: look at it again", code="config_changed")

    def _put_in_force(self, path: Path, text: str) -> list[str]:
        before = path.read_text(encoding="utf-8") if path.exists() else None
        self._write(path, text)
        try:
            applied = self._daemon.reload().applied
        except BaseException:
            with suppress(Conflict):
                self._restore(path, before)
            raise
        log.info("config_changed", overlay=str(path), applied=applied)
        return applied

    def _write(self, path: Path, text: str) -> None:
        try:
            write_file(path, text, beside=self._file)
        except OSError as exc:
            raise Conflict(
                f"the daemon cannot write {path}: {exc.strerror or exc}; let its user write to {path.parent}, keep its "
                "configuration in the state folder (NOTIFYD_CONFIG), or change it on its machine",
                code="overlay_not_writable",
            ) from exc

    def _restore(self, path: Path, before: str | None) -> None:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            self._write(path, before)


def _applied(tables: dict[str, Any], changes: Sequence[ConfigChange]) -> dict[str, Any]:
    for change in changes:
        tables = changed(tables, change.key, _parsed(change) if change.value else None)
    return tables


def _parsed(change: ConfigChange) -> object:
    try:
        found = tomllib.loads(f"value = {change.value}")
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise Invalid(f"the value of {change.key} is no TOML: {exc}", code="config_invalid") from exc
    if list(found) != ["value"]:
        raise Invalid(f"the value of {change.key} holds more than a value", code="config_invalid")
    return found["value"]


def _covered(loaded: Loaded, key: str) -> bool:
    """Whether something lies over what the overlay says of *key*."""
    return not loaded.origins[key].startswith("overlay ")
