"""The files of the web console, as they are in the package, and the headers that go with them."""

from __future__ import annotations

import hashlib
import importlib.resources
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from notifyd.ingress.faults import Headers

PAGE: Final = "index.html"
#: Stands in the page for the folder of its files, whose name changes with their content.
_PLACE: Final = b"@FILES@"
_TYPES: Final = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}
_ALWAYS: Final[Headers] = (
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
)
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'%b; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # nothing may make elements or scripts of texts, whatever our own code would do
    b"require-trusted-types-for 'script'; trusted-types 'none'"
)
_PERMISSIONS: Final = b", ".join(
    b"%b=()" % name.encode()
    for name in ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "serial", "usb")
)
#: A file's name says what is in it, so that nobody has to ask again.
FOREVER: Final = (b"Cache-Control", b"public, max-age=31536000, immutable")


class StaticFile(Struct, frozen=True):
    """One of them."""

    content_type: bytes
    body: bytes
    etag: bytes


class StaticFiles(Struct, frozen=True):
    """All of them."""

    page: StaticFile
    by_name: dict[str, StaticFile]
    #: Of all of them together.
    version: str


@lru_cache(maxsize=1)
def static_files() -> StaticFiles:
    """The files, read once in a process. They are looked up by name, and no name is ever joined to a path."""
    folder = importlib.resources.files(__package__).joinpath("static")
    bodies = {entry.name: entry.read_bytes() for entry in folder.iterdir() if _suffix(entry.name) in _TYPES}
    digest = hashlib.sha256()
    for name in sorted(bodies):
        digest.update(b"%b\0%d\0%b" % (name.encode(), len(bodies[name]), bodies[name]))
    version = digest.hexdigest()[:16]
    page = bodies.pop(PAGE).replace(_PLACE, b"/console/files/" + version.encode())
    return StaticFiles(_file(PAGE, page), {name: _file(name, body) for name, body in bodies.items()}, version)


def file_headers() -> Headers:
    """What goes with every file but the page."""
    return (*_ALWAYS, (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"))


def page_headers(websocket_origins: tuple[bytes, ...]) -> Headers:
    """What goes with the page, which may speak WebSocket with *websocket_origins* beside its own origin's HTTP."""
    policy = _POLICY % b"".join(b" " + origin for origin in websocket_origins)
    return (*_ALWAYS, (b"Content-Security-Policy", policy), (b"Permissions-Policy", _PERMISSIONS))


def _file(name: str, body: bytes) -> StaticFile:
    return StaticFile(_TYPES[_suffix(name)], body, b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode())


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
