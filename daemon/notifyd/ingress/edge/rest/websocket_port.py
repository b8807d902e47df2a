"""What the edge serves on WS_PORT: WebSocket on any path, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyd.ingress.edge.request_ids import request_id
from notifyd.ingress.edge.rest.resource import send_answer
from notifyd.ingress.faults import error_body
from notifyd.wire.http.answer import Answer

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from notifyd.ingress.edge.http.app import AsgiReceive, AsgiSend, StreamHandler, Upgrade
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.rest.realtime import WebSocketUpgrade


class WebSocketPortApp:
    """An `HttpApp` of the edge that wants to speak WebSocket."""

    def __init__(self, websocket: WebSocketUpgrade) -> None:
        self._websocket = websocket

    def fast(self, request: Request) -> Answer:
        """Nothing but handshakes is served here."""
        return _upgrade_required(request.header(b"x-request-id"))

    def upgrade(self, request: Request) -> Upgrade | Answer:
        """Every path will do."""
        return self._websocket(request)

    def stream(self, request: Request) -> StreamHandler | None:
        """There are no streams here."""
        return None

    async def asgi(self, scope: MutableMapping[str, Any], receive: AsgiReceive, send: AsgiSend) -> None:
        """Requests whose body is too large to be gathered end here."""
        await send_answer(send, _upgrade_required(dict(scope["headers"]).get(b"x-request-id")))


def _upgrade_required(sent: bytes | None) -> Answer:
    name = request_id(sent)
    body = error_body("upgrade_required", "this port speaks WebSocket; REST is on PORT", name)
    headers = ((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"X-Request-Id", name.encode("ascii")))
    return Answer(426, body, headers=headers)
