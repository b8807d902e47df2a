"""Checks of the ports, and of what the kernel holds for them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import trio

from notifyd.model.machine import ListenerFacts
from notifyd.policy.diagnosis.machine import judge_backlog, judge_listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.diagnosis import Finding
    from notifyd.service.daemon import Listener

_CONNECT_SECONDS: Final = 3.0
#: What is bound for everyone is reached from here as this.
_EVERY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
_SOMAXCONN: Final = Path("/proc/sys/net/core/somaxconn")


class ListenersCheck:
    """Whether the ports of this daemon take connections."""

    name = "listeners"

    def __init__(self, listeners: Callable[[], Sequence[Listener]]) -> None:
        self._listeners = listeners

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        ports = [listener for listener in self._listeners() if not listener.url.startswith("unix:")]
        tried: list[ListenerFacts] = []

        async def attempt(listener: Listener) -> None:
            tried.append(ListenerFacts(listener.name, listener.url, await _problem(listener.url)))

        async with trio.open_nursery() as nursery:
            for listener in ports:
                nursery.start_soon(attempt, listener)
        return [judge_listeners(sorted(tried, key=lambda facts: facts.url))]


async def _problem(url: str) -> str:
    """Why nobody answers at *url*; "" where somebody does."""
    place = urlsplit(url if "//" in url else f"//{url}")
    host = place.hostname or ""
    try:
        with trio.fail_after(_CONNECT_SECONDS):
            stream = await trio.open_tcp_stream(_EVERY.get(host, host), place.port or 0)
    except trio.TooSlowError:
        return "no answer in time"
    except OSError as exc:
        return _reason(exc)
    await trio.aclose_forcefully(stream)
    return ""


def _reason(problem: OSError) -> str:
    """The system's word; trio puts the failures of all addresses of a name below its own."""
    cause = problem.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    number = cause.errno if isinstance(cause, OSError) else problem.errno
    return os.strerror(number).lower() if number else str(problem)


class BacklogCheck:
    """Whether the kernel holds as many connections as the settings ask for."""

    name = "backlog"

    def __init__(self, asked: int) -> None:
        self._asked = asked

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        allowed = None
        with suppress(OSError, ValueError):
            allowed = int(_SOMAXCONN.read_text())
        return [judge_backlog(self._asked, allowed)]
