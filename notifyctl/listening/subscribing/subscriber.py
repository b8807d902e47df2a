"""A subscriber over the network, by whatever number of connections it takes: each goes on where the last broke off."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import trio
import trio_websocket

from notifyctl.exits import Refusal, Status
from notifyctl.listening.link import Dropped, Unreachable, open_link
from notifyctl.listening.places import Reconnecting
from notifyctl.listening.subscribing.desk import Acknowledging

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.listening.link import Link
    from notifyctl.listening.subscribing.desk import Desk

#: How long the daemon may take to let us in.
ANSWER_SECONDS: Final = 15.0
#: Close codes after which coming back is no use, and how the command then ends.
_FINAL: Final = {
    1000: Status.OK,
    4000: Status.FAILED,
    4003: Status.DENIED,
    4004: Status.DENIED,
    4005: Status.DENIED,
}
#: Once the daemon has let us in, these pass by themselves at the door: a restart, or a limit that our own lost link
#: still counts to.
_PASSING: Final = (Status.UNREACHABLE, Status.RATE_LIMITED)


class Conversation(Acknowledging, Protocol):
    """What is said over a link, in one of the protocols."""

    @property
    def url(self) -> str:
        """Where to open it."""
        ...

    async def enter(self, link: Link) -> None:
        """Say who we are and what we want, until the daemon lets us in.

        Raises:
            Refusal: it does not.
            Dropped: it does not answer.
        """
        ...

    async def hear(self, link: Link, desk: Desk) -> None:
        """Wait for one message and do what it says.

        Raises:
            Refusal: there is nothing more to come.
        """
        ...


class Subscriber:
    """Everything that one `listen --url` has to do with the network."""

    def __init__(self, conversation: Conversation, *, note: Callable[[str], None], ca_file: str | None = None) -> None:
        self._conversation = conversation
        self._ca_file = ca_file
        self._reconnecting = Reconnecting(note)

    async def run(self, desk: Desk) -> None:
        """Bring *desk* every publication until a close that means "done".

        Raises:
            Refusal: the daemon will not have us, or was not there at the first attempt.
        """
        while not await self._done(desk):
            pass

    async def _done(self, desk: Desk) -> bool:
        """Whether one connection ended with a close that means "done"; else the pause before the next is over."""
        try:
            await self._visit(desk)
        except Dropped as dropped:
            if isinstance(dropped, Unreachable) and not self._reconnecting.been_there:
                raise Refusal(f"{dropped}.", Status.UNREACHABLE, code="unreachable") from dropped
            await trio.sleep(self._reconnecting.dropped(str(dropped)))
            return False
        return True

    async def _visit(self, desk: Desk) -> None:
        try:
            async with open_link(self._conversation.url, ca_file=self._ca_file) as link:
                await self._entered(link)
                desk.connected()
                link.start(partial(desk.tell, self._conversation))
                while True:
                    await self._conversation.hear(link, desk)
        except trio_websocket.ConnectionClosed as exc:
            _closed(exc)
        except Refusal as refusal:
            if refusal.status is not Status.UNREACHABLE or not self._reconnecting.been_there:
                raise
            raise Dropped(refusal.message) from refusal
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            said = f"What answers at {self._conversation.url} does not speak as notifyd does."
            raise Refusal(said, code="not_notifyd") from exc

    async def _entered(self, link: Link) -> None:
        try:
            with trio.fail_after(ANSWER_SECONDS):
                await self._conversation.enter(link)
        except trio.TooSlowError:
            raise Unreachable(f"{link.url} does not answer") from None
        except Refusal as refusal:
            if refusal.status not in _PASSING or not self._reconnecting.been_there:
                raise
            raise Dropped(refusal.message) from refusal
        self._reconnecting.returned()


def _closed(closed: trio_websocket.ConnectionClosed) -> None:
    """Return when the close means "done"; else raise what it means."""
    reason = closed.reason
    if reason is None:
        raise Dropped("The link broke") from closed
    said = f"The daemon closed the connection: {reason.code} {reason.reason or reason.name}"
    if reason.code not in _FINAL:
        raise Dropped(said) from closed
    if _FINAL[reason.code] is not Status.OK:
        raise Refusal(f"{said}.", _FINAL[reason.code], code=f"closed_{reason.code}") from closed
