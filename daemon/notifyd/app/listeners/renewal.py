"""A certificate that was renewed is noticed without anybody telling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.app.problems import CannotStart

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.listeners.tls import Certificate

log = structlog.get_logger("notifyd")

#: Two calls of stat(2): renewals come weeks before the end, so that nothing hurries.
LOOK_SECONDS: Final = 10.0


class Renewal:
    """Looks after the files of one certificate."""

    def __init__(self, certificate: Certificate, show: Callable[[], None]) -> None:
        """*show* is called after each renewal, for what holds a copy."""
        self._certificate = certificate
        self._show = show
        self._refused: object = None
        self._told: object = None

    def look(self) -> None:
        """Load what has changed; what cannot be used is told once, and what was loaded before goes on."""
        marks = self._certificate.marks()
        if marks == self._certificate.loaded:
            return
        try:
            self._certificate.load()
        except CannotStart as exc:
            # the key comes after the certificate: only what stays so is wrong
            if marks == self._refused and marks != self._told:
                self._told = marks
                log.warning("certificate_not_renewed", problem=exc.message)
            self._refused = marks
            return
        self._show()
        log.info("certificate_renewed", ends_at=self._certificate.ends_at())


async def watch_certificate(certificate: Certificate, show: Callable[[], None]) -> None:
    """Look now and then, for as long as the daemon runs, and call *show* after each renewal."""
    renewal = Renewal(certificate, show)
    while True:
        await trio.sleep(LOOK_SECONDS)
        renewal.look()
