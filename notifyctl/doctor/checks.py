"""What can be seen of a daemon that does not answer: its configuration, its ports, its files, its engines from afar."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notifyctl.exits import Refusal
    from notifyctl.showing.output import Record
    from notifyd.config import Loaded, Settings

_PRIVATE_BITS: Final = 0o077
_MEBIBYTE: Final = 1 << 20
#: As the daemon judges it.
_LEAST_FREE_BYTES: Final = 100 * _MEBIBYTE
_LEAST_FREE_FILES: Final = 1000
#: For one server, however patient the daemon is told to be.
_CONNECT_SECONDS: Final = 3.0


def local_findings(refusal: Refusal) -> list[Record]:
    """What is found without a daemon, which has refused with *refusal*."""
    from notifyd.config import ConfigInvalid, load_settings

    away = _finding(
        "daemon", "failed", refusal.message, "if it should run, its log says why it does not (journalctl -u notifyd)"
    )
    try:
        loaded = load_settings(environ=os.environ)
    except ConfigInvalid as exc:
        problems = "; ".join(map(str, exc.problems))
        return [away, _finding("configuration", "failed", problems, "correct it, and try notifyctl config check")]
    settings = loaded.settings
    return [
        away,
        _configuration(loaded),
        *_listeners(settings),
        *_folder(settings.server.state_dir),
        _secrets(loaded),
        *_certificate(settings),
        *_engines(settings),
    ]


def _finding(name: str, verdict: str, found: str, advice: str = "") -> Record:
    return {"name": name, "verdict": verdict, "found": found, "advice": advice}


def _configuration(loaded: Loaded) -> Record:
    place = loaded.file or "defaults and the environment"
    if loaded.warnings:
        return _finding(
            "configuration",
            "warning",
            "; ".join(loaded.warnings),
            "notifyctl config show --origin tells where each value comes from",
        )
    return _finding("configuration", "ok", f"{place}: nothing is wrong with it, as this user and shell see it")


def _listeners(settings: Settings) -> Iterator[Record]:
    from notifyctl.doctor.ports import obstacles, ports_of

    host, ports = settings.server.host, ports_of(settings)
    found = [_finding("listeners", "failed", told, advice) for told, advice in obstacles(host, ports)]
    named = ", ".join(str(port) for _, port in ports)
    yield from found or [_finding("listeners", "ok", f"ports {named or 'of any number'} are free on {host}")]


def _secrets(loaded: Loaded) -> Record:
    from notifyctl.doctor.files import exposed_files

    exposed = exposed_files(loaded)
    if not exposed:
        return _finding("secret-files", "ok", "no file with secrets of the settings is open to everybody")
    names = " ".join(map(str, exposed))
    return _finding("secret-files", "failed", f"everybody here may read {names}", f"chmod o= {names}")


def _certificate(settings: Settings) -> Iterator[Record]:
    from notifyctl.doctor.files import certificate_problem

    if settings.server.tls_certificate is not None:
        found, verdict = certificate_problem(settings.server.tls_certificate)
        yield _finding("tls", verdict, found, "" if verdict == "ok" else "put a good one there, with its key")


def _folder(folder: Path) -> Iterator[Record]:
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        yield _finding("state-folder", "ok", f"{folder} is not there; the first start makes it")
    except OSError as exc:
        found = f"{folder} cannot be looked at: {exc.strerror}"
        yield _finding("state-folder", "warning", found, "run this as the daemon's user, or with sudo")
    else:
        if mode & _PRIVATE_BITS:
            yield _finding(
                "state-folder", "warning", f"{folder} is open to others (mode {mode:04o})", f"chmod 700 {folder}"
            )
        else:
            yield _finding("state-folder", "ok", f"{folder} is its user's alone")
    with suppress(OSError):
        yield _disk(next(place for place in (folder, *folder.parents) if place.exists()))


def _disk(place: Path) -> Record:
    free, disk = shutil.disk_usage(place).free, os.statvfs(place)
    found = f"{free // _MEBIBYTE} MiB are free under {place}"
    if disk.f_files and disk.f_favail < _LEAST_FREE_FILES:
        found = f"only {disk.f_favail} more files can be made under {place}"
        return _finding("disk", "failed", found, "remove files, or move the state folder")
    if free < _LEAST_FREE_BYTES:
        return _finding("disk", "failed", found, "make room, or move the state folder")
    return _finding("disk", "ok", found)


def _engines(settings: Settings) -> Iterator[Record]:
    from notifyd.config.engine_forms import servers

    broker, records = settings.broker, settings.records
    for name, url, seconds in (
        ("broker", broker.url, broker.connect_timeout_seconds),
        ("records", records.url, records.timeout_seconds),
    ):
        if places := servers(url):
            yield _reached(name, places, seconds)


def _reached(name: str, places: tuple[tuple[str, int], ...], seconds: float) -> Record:
    problems = []
    for host, port in places:
        try:
            socket.create_connection((host, port), timeout=min(seconds, _CONNECT_SECONDS)).close()
        except OSError as exc:
            problems.append(f"{host}:{port} ({(exc.strerror or str(exc)).lower()})")
        else:
            return _finding(name, "ok", f"{host}:{port} takes connections")
    found = f"cannot be reached: {', '.join(problems)}"
    return _finding(name, "failed", found, f"start it, or correct {name}.url and what lies between")
