"""Answers that the edge gives by itself, in the shape that every error has, each with an id to find it by."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import structlog

from notifyd.ingress.edge.request_ids import request_id
from notifyd.ingress.faults import error_body, http_fault, internal_fault
from notifyd.wire.http.answer import Answer

if TYPE_CHECKING:
    from notifyd.errors import NotifydError
    from notifyd.ingress.edge.http.request import Request
    from notifyd.wire.http.head import RequestRefused

log = structlog.get_logger()


def refusal(refused: RequestRefused, request: Request | None = None) -> Answer:
    """The answer to what is no acceptable request; *request* is what was understood of it."""
    name = _name(request)
    log.debug("request_refused", status=refused.status, code=refused.code, request_id=name)
    body = error_body(refused.code, refused.message, name)
    return Answer(refused.status, body, headers=(_header(name), *refused.headers), close=True)


def handshake_refused(problem: NotifydError, request: Request) -> Answer:
    """The answer to a WebSocket handshake that is refused for *problem*."""
    name = _name(request)
    fault = http_fault(problem, name)
    return Answer(fault.status, fault.body, headers=(_header(name), *fault.headers), close=True)


def failed(event: str, request: Request | None = None, **fields: object) -> Answer:
    """Log *event* with the exception that is being handled, and answer that the fault is ours."""
    name = _name(request)
    if request is not None:
        fields["method"] = request.method
    log.error(event, request_id=name, exc_info=sys.exc_info()[0] is not None, **fields)
    fault = internal_fault(name)
    return Answer(fault.status, fault.body, headers=(_header(name),), close=True)


def crowded() -> Answer:
    """The answer to one connection too many."""
    name = _name(None)
    body = error_body("too_many_connections", "the daemon serves as many connections as it may; try again later", name)
    return Answer(503, body, headers=(_header(name), (b"Retry-After", b"5")), close=True)


def _name(request: Request | None) -> str:
    return request_id(request.header(b"x-request-id") if request is not None else None)


def _header(name: str) -> tuple[bytes, bytes]:
    return b"X-Request-Id", name.encode("ascii")
