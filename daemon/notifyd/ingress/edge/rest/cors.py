"""Which web pages may read our answers (the CORS protocol of WHATWG Fetch). Credentials are headers, mostly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.ingress.edge.origins import origin_listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.ingress.faults import Headers

_EXPOSED: Final = (
    b"Access-Control-Expose-Headers",
    b"X-Request-Id, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Idempotency-Replayed, Location",
)
_REQUEST_HEADERS: Final = (
    b"Access-Control-Allow-Headers",
    b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-API-Key, X-Request-Id",
)
_MAX_AGE: Final = (b"Access-Control-Max-Age", b"600")
#: The page may have its cookies sent along; goes with its own origin alone, never with `*`.
CREDENTIALS: Final = (b"Access-Control-Allow-Credentials", b"true")
#: A cache must not hand an answer to a page that may read it when it came without, or the other way round.
VARY: Final = (b"Vary", b"Origin")


def allow_headers(origin: bytes | None, allowed: Sequence[str]) -> Headers:
    """The headers that let a page of *origin* read the answer; none where it may not."""
    if not allowed:
        return ()
    if "*" in allowed:
        return ((b"Access-Control-Allow-Origin", b"*"), _EXPOSED) if origin is not None else ()
    if origin is None or not origin_listed(origin, allowed):
        return (VARY,)
    return ((b"Access-Control-Allow-Origin", origin), _EXPOSED, VARY)


def preflight_headers(methods: bytes) -> Headers:
    """What a preflight request wants to know, beside `allow_headers`."""
    return ((b"Access-Control-Allow-Methods", methods), _REQUEST_HEADERS, _MAX_AGE)
