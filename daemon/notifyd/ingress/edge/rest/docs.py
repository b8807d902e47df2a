"""Swagger UI: its files come with the package swagger-ui-py, the page and its script are ours. Nothing is loaded
from anywhere else, and no script runs that is not a file of this daemon.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from notifyd.errors import NotFound
from notifyd.ingress.edge.rest.conditional import conditional
from notifyd.wire.rest.operation import Access, Operation, Tag

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.faults import Headers
    from notifyd.wire.http.answer import Answer

_PACKAGE: Final = "swagger_ui"
_PAGE: Final = b"""<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>notifyd: REST API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
    <link rel="stylesheet" href="/api/docs/index.css">
    <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <noscript>This page needs JavaScript; what it shows is in <a href="/api/openapi.json">its document</a>.</noscript>
    <div id="swagger-ui"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/initializer.js"></script>
  </body>
</html>
"""
# No validator: it would send the document's address to a server of others.
_INITIALIZER: Final = b"""window.ui = SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
"""
_OURS: Final = {
    "": (b"text/html; charset=utf-8", _PAGE),
    "initializer.js": (b"text/javascript; charset=utf-8", _INITIALIZER),
}
_THEIRS: Final = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "index.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}
_HEADERS: Final[Headers] = (
    # The icons stand in the style sheet, as data.
    (
        b"Content-Security-Policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
)


def _operation(name: str, path: str) -> Operation:
    return Operation(name, "GET", path, "Swagger UI", Tag.OPERATING, Access.OPEN, 200, "text/html")


#: What is served, as operations; the OpenAPI document is silent about the page that shows it.
DOCS: Final = (
    _operation("getDocs", "/api/docs"),
    _operation("getDocsFolder", "/api/docs/"),
    _operation("getDocsFile", "/api/docs/{file}"),
)


class _File(Struct, frozen=True):
    content_type: bytes
    body: bytes
    etag: bytes


class DocsEndpoints:
    """The page and the files that it is made of."""

    async def get(self, call: Call) -> Answer:
        """One file; the page itself where none is named."""
        file = _file(call.params.get("file", ""))
        if file is None:
            raise NotFound("Swagger UI has no such file: it is at /api/docs")
        return conditional(call, file.body, file.content_type, file.etag, _HEADERS)


def _file(name: str) -> _File | None:
    # The name is looked up and never joined to a path.
    return _load(name) if name in _OURS or name in _THEIRS else None


@lru_cache(maxsize=len(_OURS) + len(_THEIRS))
def _load(name: str) -> _File:
    content_type, body = _OURS[name] if name in _OURS else (_THEIRS[name], _static().joinpath(name).read_bytes())
    return _File(content_type, body, b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode())


def _static() -> Traversable:
    # The package is found and not imported: importing it would load web frameworks.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None:
        raise AssertionError("the package swagger-ui-py is among the dependencies")
    return importlib.resources.files(importlib.util.module_from_spec(spec)).joinpath("static")
