"""From loaded settings to a supervisor with its workers, and to the exit status of both."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.app.machine.locks import HeldLock, lock_state
from notifyd.app.machine.sd_notify import ServiceManager
from notifyd.app.machine.secrets import admin_token, master_key, master_key_path
from notifyd.app.machine.sockets import choose_socket, claim_socket, found_by_itself
from notifyd.app.problems import AlreadyRunning, CannotStart
from notifyd.app.showing.panel import show_panel
from notifyd.app.translate.logs import log_options
from notifyd.app.workers.messages import Start
from notifyd.app.workers.places import sockets_of
from notifyd.app.workers.ports import KeptPorts
from notifyd.app.workers.supervisor import Plan, Supervisor
from notifyd.errors import NotifydError
from notifyd.telemetry.logs import configure
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from notifyd.config import Loaded, Settings
    from notifyd.service.daemon import Listener

log = structlog.get_logger("notifyd.workers")

_FAILED: Final = 1
_CONFLICT: Final = 5
#: Beside the time of their drain, workers whose supervisor was killed need this to be gone.
_ORPHAN_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.1

#: -P: what lies in the working directory is no part of the program.
_COMMAND: Final = [sys.executable, "-P", "-m", "notifyd.app.workers.worker"]


class Invocation(msgspec.Struct, frozen=True):
    """How `serve` was called: what its workers need to read the same settings."""

    config: str | None
    flags: dict[str, str]
    dev: bool


def supervise(loaded: Loaded, invocation: Invocation) -> int:
    """Run the daemon as several processes until it is told to go; the exit status is as that of one process.

    Signals are those of one process: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads.
    """
    try:
        with ExitStack() as held:
            return trio.run(_run, _prepare(loaded, invocation, held), invocation.dev)
    except AlreadyRunning as exc:
        return _fail(exc.message, _CONFLICT)
    except (CannotStart, NotifydError) as exc:
        return _fail(exc.message, _FAILED)
    except OSError as exc:
        return _fail(str(exc), _FAILED)


def _prepare(loaded: Loaded, invocation: Invocation, held: ExitStack) -> Plan:
    """Everything that is done once for all workers, whose *held* parts are let go in the end."""
    settings = loaded.settings
    server = settings.server
    state = _lock_patiently(settings)
    held.callback(state.release)
    socket = choose_socket(server.admin_socket, server.state_dir)
    claim = claim_socket(socket)
    held.callback(claim.release)
    held.callback(_clear, sockets_of(socket, server.workers))
    logbook = configure(log_options(settings, suffix="-supervisor"), Counters())
    held.callback(logbook.close)
    for sentence in loaded.warnings:
        log.warning("configuration", advice=sentence)
    fresh = _make_secrets(settings, dev=invocation.dev)
    ports = KeptPorts()
    held.callback(ports.let_go)
    ports.keep(settings)
    first = Start(
        index=0,
        count=server.workers,
        supervisor=os.getpid(),
        socket=str(socket),
        config=invocation.config,
        flags=invocation.flags,
        dev=invocation.dev,
        ports=ports.chosen,
        fresh_master_key=fresh,
    )
    others = [msgspec.structs.replace(first, index=index, fresh_master_key=False) for index in range(1, server.workers)]
    # a worker that outlives its supervisor still holds what both have locked
    keep_open = (state.descriptor, claim.descriptor)
    return Plan(_COMMAND, [first, *others], server.drain_seconds, keep_open)


def _lock_patiently(settings: Settings) -> HeldLock:
    """Lock the state folder; workers whose supervisor was killed are on their way out, and waited for."""
    deadline = time.monotonic() + settings.server.drain_seconds + _ORPHAN_SECONDS
    while True:
        try:
            return lock_state(settings.server.state_dir)
        except AlreadyRunning as exc:
            if not exc.pid or _lives(exc.pid) or time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_SECONDS)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _make_secrets(settings: Settings, *, dev: bool) -> bool:
    """Make what is missing, before several would; whether the master key was."""
    if not dev:
        admin_token(settings.server.state_dir)
    key_file = settings.records.master_key_file
    fresh = not master_key_path(key_file, settings.server.state_dir).exists()
    master_key(key_file, settings.server.state_dir)
    return fresh


def _clear(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


async def _run(plan: Plan, dev: bool) -> int:
    manager = ServiceManager()
    socket = Path(plan.starts[0].socket)

    up = trio.Event()

    def ready(listeners: list[Listener]) -> None:
        manager.ready()
        up.set()
        log.info("ready", listeners=[listener.url for listener in listeners], pid=os.getpid(), workers=len(plan.starts))
        if dev:
            show_panel(listeners, default_socket=found_by_itself(socket))

    supervisor = Supervisor(plan, ready, manager.stopping)
    async with trio.open_nursery() as nursery:
        await nursery.start(_signals, supervisor, manager)
        nursery.start_soon(_feed_watchdog, manager, up)
        status = await supervisor.run()
        log.info("stopped")
        nursery.cancel_scope.cancel()
    return status


async def _signals(supervisor: Supervisor, manager: ServiceManager, *, task_status: trio.TaskStatus[None]) -> None:
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
            task_status.started()
            async for number in received:
                if number == signal.SIGHUP:
                    nursery.start_soon(_reload, supervisor, manager)
                elif supervisor.ending:
                    log.warning("drain_cut_short")
                    supervisor.hurry()
                else:
                    supervisor.drain()


async def _reload(supervisor: Supervisor, manager: ServiceManager) -> None:
    manager.reloading()
    problem = await supervisor.reload()
    if problem:
        log.error("config_reload_failed", problem=problem)
    manager.ready()


async def _feed_watchdog(manager: ServiceManager, up: trio.Event) -> None:
    """The supervisor lives; that its workers do is its own affair. Before all is up nobody watches."""
    await up.wait()
    seconds = manager.watchdog_seconds
    while seconds is not None:
        manager.watchdog()
        await trio.sleep(seconds)


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"notifyd: {message}\n")
    return status
