"""A server that real drivers connect to, over TCP on loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tests.mongo_double import wire
from tests.mongo_double.commands import Commands

if TYPE_CHECKING:
    from typing import Self

#: Drivers ask for it to see whether the server is there: it is never held back.
_GREETINGS: Final = ("hello", "isMaster", "ismaster")


class MongoDouble:
    """A double of MongoDB: finds, writes and indexes as one server without a replica set does them.

    It may go away and come back at the same port with what it holds, and hold its answers back.
    """

    def __init__(self) -> None:
        self._commands = Commands()
        self._links: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        #: Cleared while answers are held back.
        self._flowing = threading.Event()
        self._flowing.set()
        self._answered_still = 0
        #: The names of the commands that it was given, greetings apart.
        self.given: list[str] = []
        self.port = 0

    @property
    def address(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.port}"

    def uri(self, database: str = "") -> str:
        """For drivers."""
        return f"mongodb://{self.address}/{database}"

    def __enter__(self) -> Self:
        self.come()
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        self.go()

    def come(self) -> None:
        """Listen: at a free port the first time, and there again later."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), name="mongo-double", daemon=True).start()

    def go(self) -> None:
        """Close every connection, and take no new ones; does nothing where it has gone."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for link in list(self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def hold(self, *, after: int = 0) -> None:
        """Do what is asked, and keep the answers back until `resume`; the next *after* commands are answered still."""
        self._answered_still = after
        self._flowing.clear()

    def resume(self) -> None:
        """Answer again, what waits included."""
        self._flowing.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                link, _ = listener.accept()
                self._links.add(link)
                threading.Thread(target=self._serve, args=(link,), name="mongo-double-link", daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link, suppress(OSError):
            while (request := wire.read(link)) is not None:
                answer = self._answer(request.command)
                if request.wants_answer:
                    wire.write(link, request, answer)
        self._links.discard(link)

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        name = next(iter(command))
        answer = self._commands.answer(command)
        if name not in _GREETINGS:
            self.given.append(name)
            self._answered_still -= 1
            if self._answered_still < 0:
                self._flowing.wait()
        return answer
