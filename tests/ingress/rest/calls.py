"""Calls without a socket."""

from __future__ import annotations

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.rest.call import Call


def call_of(query: str = "", **headers: str) -> Call:
    """A call as the reception meets it."""
    pairs = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    request = Request("GET", b"/", "/", b"/", query.encode(), "1.1", pairs, b"", Peer("192.0.2.7", 1))
    return Call(request, "/", 0.0)
