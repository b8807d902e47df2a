"""The workers of this daemon, as one of them knows them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from notifyd.ingress.edge.siblings.asking import ask
from notifyd.ingress.edge.siblings.forwarding import Forwarding
from notifyd.ingress.edge.siblings.passage import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notifyd.ingress.edge.http.request import Request
    from notifyd.wire.http.answer import Answer

# no letter of the ids themselves
_MARK: Final = "."


class Siblings:
    """Tells whose a session is and passes requests on. `run` it before requests come."""

    def __init__(self, index: int = 0, sockets: Sequence[Path] = ()) -> None:
        """This is worker *index* of those that listen at *sockets*; without them it has no siblings."""
        #: Which of them this is.
        self.index = index
        self._sockets = [str(path) for path in sockets]
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hold what is being passed on until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    @property
    def alone(self) -> bool:
        """There are no others."""
        return len(self._sockets) < 2

    def marked(self, sid: str) -> str:
        """*sid* as one of this worker's."""
        return f"{sid}{_MARK}{self.index}" if self._sockets else sid

    def owner(self, sid: str) -> str | None:
        """The socket of the worker that holds the session *sid*; None: it is this one, or none that there is."""
        number = sid.rpartition(_MARK)[2] if _MARK in sid else ""
        if not (number.isascii() and number.isdigit()):
            return None
        index = int(number)
        return None if index == self.index or index >= len(self._sockets) else self._sockets[index]

    async def ask_all(self, request: Request, *, seconds: float) -> dict[int, Answer | None]:
        """What each other worker answers to *request*; None where none does within *seconds*."""
        answers: dict[int, Answer | None] = {}

        async def one(index: int, socket: str) -> None:
            answers[index] = None
            with suppress(OSError, ValueError, trio.BrokenResourceError), trio.move_on_after(seconds):
                answers[index] = await ask(request, socket)

        async with trio.open_nursery() as nursery:
            for index, socket in enumerate(self._sockets):
                if index != self.index:
                    nursery.start_soon(one, index, socket)
        return answers

    def forward(self, request: Request, owner: str, otherwise: Answer, seconds: float) -> Forwarding:
        """Have *owner* answer *request*; *otherwise* is the answer where it does not, within *seconds*."""
        if self._nursery is None:
            raise RuntimeError("the siblings are not known yet")
        forwarding = Forwarding(request, otherwise)
        self._nursery.start_soon(forwarding.run, owner, seconds)
        return forwarding

    def hand_over(self, request: Request, owner: str, otherwise: Answer) -> Passage:
        """Have *owner* serve the connection from *request* on; *otherwise* is the answer where it cannot be reached."""
        return Passage(request, owner, otherwise)
