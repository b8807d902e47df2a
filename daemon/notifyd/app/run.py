"""From loaded settings to a running daemon, and to its exit status."""

from __future__ import annotations

import gc
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.app.listeners.tls import Certificate
from notifyd.app.machine.locks import lock_state
from notifyd.app.machine.secrets import admin_token, master_key, master_key_path
from notifyd.app.machine.sockets import choose_socket, claim_socket
from notifyd.app.place import Place
from notifyd.app.problems import AlreadyRunning, CannotStart
from notifyd.app.running import run_daemon
from notifyd.app.translate.logs import log_options
from notifyd.errors import NotifydError
from notifyd.telemetry.logs import LogOptions, configure
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.app.changing import ReadsConfig
    from notifyd.app.workers.membership import Membership
    from notifyd.config import Loaded, Settings

log = structlog.get_logger("notifyd")

OK: Final = 0
FAILED: Final = 1
CONFLICT: Final = 5

#: A thread that works for the daemon (SQLite) waits at most this long for its turn beside the event loop.
_SWITCH_INTERVAL_SECONDS: Final = 0.001


#: Every connection brings some forty objects to stay, and few cycles: at Python's own pace a tenth of what a
#: connection costs went into looking through those that are there already.
_COLLECT_EVERY: Final = (50_000, 10, 2)


def serve(
    loaded: Loaded,
    *,
    dev: bool = False,
    reload: ReadsConfig | None = None,
    membership: Membership | None = None,
) -> int:
    """Run the daemon until it is told to go; answers the exit status of the process.

    *reload* reads the configuration again, for SIGHUP and `config reload`. With *membership* this process is one of the
    workers of a daemon, whose supervisor holds the locks.
    0: it was told to go and went politely. 1: something it needs is missing or broken. 5: another daemon holds the
    state folder or the socket. Problems are said on standard error.
    """
    settings = loaded.settings
    counters = Counters()
    try:
        with ExitStack() as held:
            socket = _claim(settings, held) if membership is None else membership.admin_socket
            logbook = configure(_log_options(settings, membership), counters)
            held.callback(logbook.close)
            _warn(loaded)
            token = "" if dev else admin_token(settings.server.state_dir)
            key_path = master_key_path(settings.records.master_key_file, settings.server.state_dir)
            fresh = not key_path.exists() or (membership is not None and membership.fresh_master_key)
            sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
            gc.freeze()
            gc.set_threshold(*_COLLECT_EVERY)
            place = Place(
                socket=socket,
                token=token,
                master_key=master_key(settings.records.master_key_file, settings.server.state_dir),
                fresh_master_key=key_path if fresh else None,
                dev=dev,
                counters=counters,
                logbook=logbook,
                certificate=_certificate(settings),
                reload=reload,
                membership=membership,
            )
            _run(loaded, place)
    except AlreadyRunning as exc:
        return _fail(exc.message, CONFLICT)
    except (CannotStart, NotifydError) as exc:
        return _fail(exc.message, FAILED)
    except OSError as exc:
        return _fail(str(exc), FAILED)
    return OK


def _claim(settings: Settings, held: ExitStack) -> Path:
    """Lock the state folder and the admin socket, whose path is the answer."""
    held.callback(lock_state(settings.server.state_dir).release)
    socket = choose_socket(settings.server.admin_socket, settings.server.state_dir)
    held.callback(claim_socket(socket).release)
    return socket


def _log_options(settings: Settings, membership: Membership | None) -> LogOptions:
    if membership is None:
        return log_options(settings)
    # the files of the first one are named as those of a daemon that is one process
    suffix = f"-{membership.index}" if membership.index else ""
    return log_options(settings, worker=membership.index, suffix=suffix)


def _run(loaded: Loaded, place: Place) -> None:
    try:
        trio.run(run_daemon, loaded, place)
    except BaseExceptionGroup as group:
        problem = _alone(group)
        if problem is group:
            raise
        raise problem from problem.__cause__


def _alone(problem: BaseException) -> BaseException:
    """What nurseries wrapped, where it is one."""
    while isinstance(problem, BaseExceptionGroup) and len(problem.exceptions) == 1:
        problem = problem.exceptions[0]
    return problem


def _certificate(settings: Settings) -> Certificate | None:
    server = settings.server
    if server.tls_certificate is None or server.tls_key is None:
        return None
    return Certificate(server.tls_certificate, server.tls_key)


def _warn(loaded: Loaded) -> None:
    for sentence in loaded.warnings:
        log.warning("configuration", advice=sentence)


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"notifyd: {message}\n")
    return status
