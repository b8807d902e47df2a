"""The page and its files: what is served, with which headers, and what may not stand in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.console.files import static_files
from notifyd.service.daemon import Listener

if TYPE_CHECKING:
    from tests.ingress.harness import Service

FILES = static_files()
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
TEXTS = {name: file.body.decode() for name, file in FILES.by_name.items()}
#: What makes elements or scripts of texts.
DANGEROUS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|createContextualFragment"
    r"|setTimeout\(\s*[\"'`]|javascript:|srcdoc|import\("
)
PATHS = {name: f"/console/files/{FILES.version}/{name}" for name in FILES.by_name}


def directives(policy: str) -> dict[str, str]:
    return {part.partition(" ")[0]: part.partition(" ")[2] for part in policy.split("; ")}


async def test_the_page_allows_nothing_but_its_own(service: Service) -> None:
    service.services.daemon.listeners = [Listener("ws", "ws://127.0.0.1:3001")]
    reply = await service.call("GET", "/console", headers={"Host": "[::1]:3000"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert directives(reply.headers["content-security-policy"]) == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
        "connect-src": "'self' ws://[::1]:3000 ws://[::1]:3001", "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "'none'",
    }  # fmt: skip
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in reply.headers["permissions-policy"]
    assert reply.headers["cache-control"] == "no-cache"


async def test_a_host_that_is_none_gets_into_no_policy(service: Service) -> None:
    for host in ("a.example; script-src *", "a.example *", "*", "a\tb", "user@a.example"):
        reply = await service.call("GET", "/console", headers={"Host": host})
        policy = reply.headers.get("content-security-policy", "connect-src 'self'")
        assert (reply.status, directives(policy)["connect-src"]) in ((200, "'self'"), (400, "'self'"))


async def test_the_page_is_the_same_with_a_slash(service: Service) -> None:
    one, other = [await service.call("GET", path) for path in ("/console", "/console/")]
    assert one.body == other.body
    again = await service.call("GET", "/console", headers={"If-None-Match": one.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert "content-security-policy" in again.headers


async def test_each_file_is_served_for_good(service: Service) -> None:
    for name, path in PATHS.items():
        reply = await service.call("GET", path)
        assert (reply.status, reply.headers["content-type"]) == (200, TYPES[name.rpartition(".")[2]])
        assert reply.body == FILES.by_name[name].body
        assert "immutable" in reply.headers["cache-control"]
        assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_file_of_another_version_is_not_kept(service: Service) -> None:
    reply = await service.call("GET", "/console/files/0000000000000000/main.js")
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-cache")
    assert reply.body == FILES.by_name["main.js"].body


async def test_no_other_file_is_served(service: Service) -> None:
    for name in ("nothing.js", "index.html", "..%2Fdoor.py", "../door.py", "%2Fetc%2Fpasswd", "a/b", ""):
        assert (await service.call("GET", f"/console/files/{FILES.version}/{name}")).status == 404


async def test_the_page_names_what_there_is_and_nothing_of_others(service: Service) -> None:
    page = (await service.call("GET", "/console")).body.decode()
    places = [place for place in re.findall(r'(?:src|href)="([^"]*)"', page) if not place.startswith("#")]
    assert len(places) >= 4
    assert {(await service.call("GET", place)).status for place in places} == {200}
    assert not re.search(r"<script[^>]*>[^<]|\son\w+=|style=|<style", page)


def test_every_import_is_of_a_file_that_is_there() -> None:
    imported = {name for text in TEXTS.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    assert imported | {"main.js", "theme.js"} == {name for name in TEXTS if name.endswith(".js")}


@pytest.mark.parametrize("name", TEXTS)
def test_no_file_makes_markup_of_texts_or_asks_anybody_else(name: str) -> None:
    assert not DANGEROUS.findall(TEXTS[name])
    elsewhere = set(re.findall(r"https?://[^\"'`\s]*", TEXTS[name])) - {"http://www.w3.org/2000/svg"}
    assert not elsewhere
    assert "@import" not in TEXTS[name]
    assert "url(" not in TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_no_file_is_too_long(name: str) -> None:
    lines = TEXTS[name].splitlines()
    assert len(lines) <= 400
    assert max(map(len, lines)) <= 120 or name.endswith(".svg")
