"""Development mode: no admin token, and therefore only calls that a person at this machine made.

A web page can make the browser beside the daemon send requests, and a local proxy can pass on somebody else's. Both
give themselves away by what browsers and proxies add, and by the Host that they were asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notifyd.errors import Denied
from notifyd.ingress.edge.rest.bodies import check_media_type

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call

_LOOPBACK: Final = re.compile(rb"(?i:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_FORWARDING: Final = frozenset((b"forwarded", b"x-real-ip", b"via"))
_HINT: Final = "; start the daemon without --dev to use the admin token instead"


def check_local(call: Call) -> None:
    """Pass when neither a web page nor a proxy can have made the call.

    Raises:
        Denied: it may have been one; the message says what gave it away.
        MediaTypeRefused: there is a body, not declared as JSON: a web page could have sent it.
    """
    headers = call.headers
    host = headers.get(b"host", b"")
    if not _LOOPBACK.fullmatch(host):
        raise _denied("the Host header must be localhost, 127.0.0.1 or [::1] for admin calls in development mode")
    if any(name in _FORWARDING or name.startswith(b"x-forwarded-") for name in headers):
        raise _denied("admin calls in development mode may not come through a proxy (a forwarding header is set)")
    origin = headers.get(b"origin")
    if origin is not None and origin.partition(b"://")[2].lower() != host.lower():
        raise _denied("admin calls in development mode may not come from a web page of another origin")
    if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        raise _denied("admin calls in development mode may not come from a web page of another site")
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
        check_media_type(headers.get(b"content-type", b""))


def _denied(reason: str) -> Denied:
    return Denied(reason + _HINT, code="local_only")
