"""The protocol: commands into bytes, bytes into answers. hiredis does the work; its stubs do not say what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import hiredis

from notifyd.redislink.errors import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Callable

Word = str | bytes | int | float

#: What a reader answers while a reply is incomplete.
INCOMPLETE: Final = object()

#: What hiredis raises for bytes that are no reply.
ProtocolViolation = hiredis.HiredisError

#: One command as it is sent. TypeError: one of its words is of no kind that Redis knows.
pack = cast("Callable[[tuple[Word, ...]], bytes]", hiredis.pack_command)


class Reader(Protocol):
    """Takes bytes as they come and gives answers."""

    def feed(self, data: bytearray, offset: int, count: int, /) -> None:
        """Take bytes."""
        ...

    def gets(self) -> Any:
        """The next answer, an `ErrorReply` among them, or INCOMPLETE."""
        ...


def make_reader() -> Reader:
    """A reader that has read nothing yet. Answers are not decoded: text is bytes."""
    return cast("Reader", hiredis.Reader(replyError=ErrorReply, notEnoughData=INCOMPLETE))
