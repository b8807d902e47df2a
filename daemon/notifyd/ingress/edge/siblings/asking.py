"""A request as one worker passes it on to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.ingress.edge.link import RECEIVE_BYTES
from notifyd.ingress.edge.siblings.reply import ReplyReader
from notifyd.wire.preface import Preface, encode_preface

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.wire.http.answer import Answer

#: A sibling on the same machine accepts at once, unless it is stopped or gone.
REACH_SECONDS: Final = 5.0

# RFC 9110, section 7.6.1: what is between two neighbours and no affair of anybody beyond; the body was taken whole
_OF_THE_HOP: Final = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"content-length",
        b"expect",
    )
)  # fmt: skip


def request_bytes(request: Request, connection: bytes) -> bytes:
    """The preface, and *request* as it came but for what concerns its own connection; *connection* says what does."""
    preface = encode_preface(Preface(request.peer.host, request.peer.port, request.secure))
    fields = b"".join([b"%s: %s\r\n" % header for header in request.headers if header[0] not in _OF_THE_HOP])
    # whatever the method: a body that nobody counted would be read as the next request
    counted = request.body or request.method == "POST"
    length = b"Content-Length: %d\r\n" % len(request.body) if counted else b""
    line = b"%s %s HTTP/1.1\r\n" % (request.method.encode("ascii"), request.target)
    return b"%s%s%s%sConnection: %s\r\n\r\n%s" % (preface, line, fields, length, connection, request.body)


async def ask(request: Request, owner: str) -> Answer | None:
    """What the sibling at the socket *owner* answers to *request*; None where it ends without an answer.

    Raises:
        OSError, trio.BrokenResourceError: it is gone.
        ValueError: it speaks something else.
    """
    with trio.move_on_after(REACH_SECONDS) as reaching:
        stream = await reach(owner)
    if reaching.cancelled_caught:
        return None
    async with stream:
        await stream.send_all(request_bytes(request, b"close"))
        reader = ReplyReader()
        while reader.answer is None:
            data = await stream.receive_some(RECEIVE_BYTES)
            if not data:
                return None
            reader.feed(data)
    return reader.answer


async def reach(owner: str) -> trio.SocketStream:
    """A connection to the sibling at the socket *owner*.

    Raises:
        OSError: it is gone, or overrun.
    """
    # not trio.open_unix_socket, which looks the file up in a thread first
    link = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
    try:
        await link.connect(owner)
    except BaseException:
        link.close()
        raise
    return trio.SocketStream(link)
