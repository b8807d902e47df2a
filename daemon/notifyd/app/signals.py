"""What the process is told by signals."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from notifyd.app.draining import Drainer
    from notifyd.app.machine.sd_notify import ServiceManager
    from notifyd.app.reload import Reloader
    from notifyd.ingress.edge.server import EdgeServer

log = structlog.get_logger("notifyd")


async def obey_signals(
    drainer: Drainer, reloader: Reloader, manager: ServiceManager, *, task_status: trio.TaskStatus[None]
) -> None:
    """SIGTERM and SIGINT drain, a second one ends at once; SIGHUP reads the configuration again."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
        task_status.started()
        async for number in received:
            if number == signal.SIGHUP:
                _reload(reloader, manager)
            elif drainer.begun:
                drainer.hurry()
            else:
                drainer.begin(None)


async def obey_signals_of_worker(drainer: Drainer, edge: EdgeServer, *, task_status: trio.TaskStatus[None]) -> None:
    """SIGTERM to one worker replaces it; what else there is to say comes from its supervisor."""
    with trio.open_signal_receiver(signal.SIGTERM) as received:
        task_status.started()
        async for _ in received:
            edge.leave_ports()
            drainer.begin(None)


def _reload(reloader: Reloader, manager: ServiceManager) -> None:
    manager.reloading()
    try:
        reloader.reload()
    except Invalid as exc:
        log.error("config_reload_failed", problem=exc.message)  # noqa: TRY400 - the sentence says it all
    manager.ready()
