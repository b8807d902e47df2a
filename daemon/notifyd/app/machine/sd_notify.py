"""What systemd is told about the daemon, in the words of sd_notify(3); nothing happens under anything else."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServiceManager:
    """The socket of the service manager that started us, if one did. Telling it something never fails or waits."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # an @ stands for the zero byte of the abstract namespace
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_seconds = _watchdog_seconds(environ) if address else None

    @property
    def watchdog_seconds(self) -> float | None:
        """How often `watchdog` must be called: twice as often as the manager demands. None: it does not watch."""
        return self._watchdog_seconds

    def ready(self) -> None:
        """The daemon serves; also the end of a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is being read anew; `ready` follows."""
        # without the time systemd could not tell this reload's READY from an older one's
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The daemon drains and will exit."""
        self._tell("STOPPING=1")

    def status(self, sentence: str) -> None:
        """A sentence for `systemctl status`."""
        self._tell(f"STATUS={' '.join(sentence.split())}")

    def watchdog(self) -> None:
        """The daemon is alive."""
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.setblocking(False)
                link.sendto("\n".join(lines).encode("utf-8", "backslashreplace"), self._address)
        except (OSError, ValueError):
            return  # nobody listens, or it is busy: the daemon does not depend on being heard


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
        watched = int(environ.get("WATCHDOG_PID", "0"))
    except ValueError:
        return None
    if microseconds <= 0 or watched not in (0, os.getpid()):
        return None
    return microseconds / 2_000_000
