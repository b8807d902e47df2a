"""Swagger UI: its files, and that nothing else is needed."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.rest import docs

if TYPE_CHECKING:
    from tests.ingress.harness import Service

FILES = {
    "": "text/html; charset=utf-8",
    "/": "text/html; charset=utf-8",
    "/initializer.js": "text/javascript; charset=utf-8",
    "/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/swagger-ui.css": "text/css; charset=utf-8",
    "/index.css": "text/css; charset=utf-8",
    "/favicon-32x32.png": "image/png",
}


@pytest.mark.parametrize(("path", "content_type"), FILES.items())
async def test_each_file_is_served(service: Service, path: str, content_type: str) -> None:
    reply = await service.call("GET", f"/api/docs{path}")
    assert (reply.status, reply.headers["content-type"]) == (200, content_type)
    assert len(reply.body) > 100
    assert reply.headers["x-content-type-options"] == "nosniff"
    policy = reply.headers["content-security-policy"]
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", [*FILES, "/../openapi.json"])
async def test_who_has_it_already_is_told_so(service: Service, path: str) -> None:
    path = "/api/openapi.json" if path == "/../openapi.json" else f"/api/docs{path}"
    etag = (await service.call("GET", path)).headers["etag"]
    for sent in (etag, f'"other", W/{etag}', "*"):
        reply = await service.call("GET", path, headers={"If-None-Match": sent})
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)
        assert "content-type" not in reply.headers
    other = await service.call("GET", path, headers={"If-None-Match": '"other"'})
    assert (other.status, other.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", FILES)
async def test_head_is_get_without_the_body(service: Service, path: str) -> None:
    get, without = [await service.call(method, f"/api/docs{path}") for method in ("GET", "HEAD")]
    assert (without.status, without.body) == (200, b"")
    assert without.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "swagger-ui.js",
        "swagger-editor.js",
        "..%2F__init__.py",
        "../core.py",
        "%2Fetc%2Fpasswd",
        "LICENSE",
        "a/b",
    ],
)
async def test_no_other_file_is_served(service: Service, name: str) -> None:
    reply = await service.call("GET", f"/api/docs/{name}")
    assert (reply.status, reply.code) == (404, "not_found")


async def test_it_is_read_only(service: Service) -> None:
    assert (await service.call("POST", "/api/docs", {})).status == 405


async def test_the_page_names_nothing_of_others(service: Service) -> None:
    page = (await service.call("GET", "/api/docs")).body.decode()
    places = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert [(await service.call("GET", place)).status for place in places] == [200] * 6
    assert not re.search(r"<script[^>]*>[^<]|\son\w+=|style=", page)


async def test_the_package_is_not_imported(service: Service) -> None:
    docs._load.cache_clear()
    await service.call("GET", "/api/docs/swagger-ui.css")
    assert "swagger_ui" not in sys.modules
