"""Answers that a cache may keep, and is told to ask again for (RFC 9110, section 13.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.wire.http.answer import Answer

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.faults import Headers


def conditional(call: Call, body: bytes, content_type: bytes, etag: bytes, headers: Headers = ()) -> Answer:
    """*body* under its strong *etag*, or 304 to who has it already."""
    headers = (*headers, (b"ETag", etag), (b"Cache-Control", b"no-cache"))
    if _matches(call.headers.get(b"if-none-match", b""), etag):
        return Answer(304, headers=headers)
    return Answer(200, body, content_type, headers)


def _matches(wanted: bytes, etag: bytes) -> bool:
    # The comparison is the weak one: a proxy that compresses may have weakened our tag.
    return wanted.strip() == b"*" or any(entry.strip().removeprefix(b"W/") == etag for entry in wanted.split(b","))
