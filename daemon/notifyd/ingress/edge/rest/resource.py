"""The way through Starlette: each path is one ASGI application that knows its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from structlog.contextvars import bound_contextvars

from notifyd.errors import Invalid, NotFound
from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.rest.bodies import too_large
from notifyd.ingress.edge.rest.cors import preflight_headers
from notifyd.ingress.edge.rest.paths import check_path
from notifyd.ingress.edge.rest.reception import UNKNOWN_ROUTE
from notifyd.ingress.faults import MethodRefused
from notifyd.wire.http.answer import Answer, has_body
from notifyd.wire.rest.operation import OF_USERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, MutableMapping

    from notifyd.ingress.edge.http.app import AsgiReceive, AsgiSend
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Endpoint, Reception
    from notifyd.ingress.faults import Headers
    from notifyd.wire.rest.operation import Operation

    Scope = MutableMapping[str, Any]


class Resource:
    """Everything that can be done with one path."""

    def __init__(self, reception: Reception, path: str, endpoints: Mapping[Operation, Endpoint]) -> None:
        self._reception = reception
        self.path = path
        self.operations = {operation.method: (operation, endpoint) for operation, endpoint in endpoints.items()}
        if "GET" in self.operations:
            self.operations["HEAD"] = self.operations["GET"]
        self._allow = ", ".join(sorted((*self.operations, "OPTIONS")))

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Answer one request."""
        request = request_of(scope)
        call = self._reception.meet(request, self.path)
        call.params = scope["path_params"]
        with bound_contextvars(request_id=call.request_id):
            if request.method == "OPTIONS":
                answer = self._options(call)
            else:
                answer = await self._answer(call, receive)
        await send_answer(send, answer, call.chunks if answer.status == 200 and request.method != "HEAD" else None)

    async def _answer(self, call: Call, receive: AsgiReceive) -> Answer:
        try:
            check_path(call.request)
            operation, endpoint = self._choose(call.request.method)
            self._reception.admit(call, operation.access)
            body = await _read_body(receive, self._reception.options.max_body_bytes)
        except Exception as exc:  # noqa: BLE001 - it is logged where it is no refusal
            return self._reception.refuse(call, exc)
        call.request = msgspec.structs.replace(call.request, body=body)
        call.left = receive
        return await self._reception.serve(call, endpoint)

    def _choose(self, method: str) -> tuple[Operation, Endpoint]:
        chosen = self.operations.get(method)
        if chosen is None:
            raise MethodRefused(f"{method[:20]} does not apply here: use {self._allow}", allow=self._allow)
        return chosen

    def _options(self, call: Call) -> Answer:
        allow = self._allow.encode("ascii")
        headers: Headers = ((b"Allow", allow),)
        wanted = call.headers.get(b"access-control-request-method")
        if wanted is not None:
            chosen = self.operations.get(wanted.decode("latin-1"))
            call.access = chosen[0].access if chosen else None
            if self._reception.options.allowed_origins or call.access in OF_USERS:
                headers += preflight_headers(allow if chosen is None else wanted)
        return self._reception.see_off(call, Answer(204, headers=headers))


class Nothing:
    """What stands where nothing is."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Answer one request with 404."""
        call = self._reception.meet(request_of(scope), UNKNOWN_ROUTE)
        problem = NotFound("there is nothing at this path; GET /api/openapi.json tells what there is")
        await send_answer(send, self._reception.refuse(call, problem))


def request_of(scope: Scope) -> Request:
    """The request of an ASGI scope, its body not read yet."""
    query = scope["query_string"]
    raw_path = scope["raw_path"]
    return Request(
        method=scope["method"],
        target=raw_path + b"?" + query if query else raw_path,
        path=scope["path"],
        raw_path=raw_path,
        query=query,
        version=scope["http_version"],
        headers=tuple(scope["headers"]),
        body=b"",
        peer=Peer(*scope["client"]),
        secure=scope["scheme"] == "https",
    )


async def send_answer(send: AsgiSend, answer: Answer, chunks: AsyncIterator[bytes] | None = None) -> None:
    """Say *answer* in ASGI events, *chunks* before its body as fast as the peer reads."""
    headers = list(answer.headers)
    if has_body(answer.status):
        headers.append((b"Content-Type", answer.content_type))
    if answer.close:
        headers.append((b"Connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if chunks is not None:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": answer.body})


async def _read_body(receive: AsgiReceive, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            # Where the edge has found the body unacceptable, it says so itself and takes no answer of ours.
            raise Invalid("the body ended before it was complete", code="incomplete_body")
        pieces.append(event.get("body", b""))
        size += len(pieces[-1])
        if size > max_bytes:
            raise too_large(max_bytes)
        if not event.get("more_body", False):
            return b"".join(pieces)
