"""Which path of the web console is served by what. Many of its calls are those of REST, behind another door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import NotFound
from notifyd.ingress.edge.console.endpoints import ConsoleEndpoints, SessionEndpoints
from notifyd.ingress.edge.console.files import FOREVER, file_headers, page_headers, static_files
from notifyd.ingress.edge.rest.conditional import conditional
from notifyd.wire.http.answer import Answer
from notifyd.wire.rest.operation import Access, Operation, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Endpoint, Reception
    from notifyd.ingress.edge.rest.services import RestServices

_API: Final = "/console/api"
_HTML: Final = "text/html"

#: What REST has too: method, path below /console/api, the operation of REST.
_BORROWED: Final = (
    ("POST", "/queue/pause", "pauseQueue"),
    ("POST", "/queue/resume", "resumeQueue"),
    ("DELETE", "/queue", "clearQueue"),
    ("GET", "/notifications/{id}", "getNotification"),
    ("DELETE", "/notifications/{id}", "cancelNotification"),
    ("GET", "/dead-letters", "listDeadLetters"),
    ("DELETE", "/dead-letters", "dropDeadLetters"),
    ("GET", "/dead-letters/export", "exportDeadLetters"),
    ("POST", "/dead-letters/retry", "retryDeadLetters"),
    ("GET", "/dead-letters/{id}", "getDeadLetter"),
    ("DELETE", "/dead-letters/{id}", "dropDeadLetter"),
    ("POST", "/dead-letters/{id}/retry", "retryDeadLetter"),
    ("GET", "/clients", "listClients"),
    ("POST", "/keys", "createKey"),
    ("POST", "/tokens", "mintToken"),
)


def console_routes(
    services: RestServices, reception: Reception, rest: Mapping[str, Endpoint]
) -> dict[str, dict[Operation, Endpoint]]:
    """The endpoints by path, longer paths before their patterns; none where there is no console."""
    more = services.console
    if more is None:
        return {}
    files, session = FileEndpoints(reception), SessionEndpoints(services, reception)
    own = ConsoleEndpoints(services, more)
    routes: dict[str, dict[Operation, Endpoint]] = {}
    everybody: list[tuple[str, str, Endpoint]] = [
        ("GET", "/console", files.page),
        ("GET", "/console/", files.page),
        ("GET", "/console/files/{version}/{file}", files.file),
        ("GET", f"{_API}/session", session.get),
        ("POST", f"{_API}/session", session.sign_in),
    ]
    for method, path, endpoint in everybody:
        routes.setdefault(path, {})[_operation(method, path, Access.OPEN)] = endpoint
    calls: list[tuple[str, str, Endpoint]] = [
        ("DELETE", "/session", session.sign_out),
        ("GET", "/overview", own.overview),
        ("GET", "/queue", own.waiting),
        ("GET", "/connections", own.connections),
        ("POST", "/connections/kick", own.kick),
        ("GET", "/logs", own.logs),
        *((method, path, rest[name]) for method, path, name in _BORROWED),
    ]
    for method, path, endpoint in calls:
        operation = _operation(method, _API + path, Access.CONSOLE)
        routes.setdefault(_API + path, {})[operation] = _renewing(endpoint, reception)
    return routes


class FileEndpoints:
    """The page, and what it is made of. Everybody may have them."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def page(self, call: Call) -> Answer:
        """The page."""
        door = self._reception.console
        door.check_open()
        page = static_files().page
        headers = page_headers(door.websocket_origins(call))
        return conditional(call, page.body, page.content_type, page.etag, headers)

    async def file(self, call: Call) -> Answer:
        """One file of a version; of another version than ours as it is now, and not to be kept."""
        self._reception.console.check_open()
        files = static_files()
        file = files.by_name.get(call.params["file"])
        if file is None:
            raise NotFound("the web console has no such file: it is at /console")
        if call.params["version"] != files.version:
            return conditional(call, file.body, file.content_type, file.etag, file_headers())
        return Answer(200, file.body, file.content_type, (*file_headers(), (b"ETag", file.etag), FOREVER))


def _operation(method: str, path: str, access: Access) -> Operation:
    return Operation(f"console {method} {path}", method, path, "Web console", Tag.OPERATING, access, 200, _HTML)


def _renewing(endpoint: Endpoint, reception: Reception) -> Endpoint:
    """*endpoint*, with which the session of its caller lives on."""

    async def renewing(call: Call) -> Answer:
        answer = await endpoint(call)
        cookie = reception.console.renewal(call)
        if cookie is None or any(name == b"Set-Cookie" for name, _ in answer.headers):
            return answer
        headers = (*answer.headers, (b"Set-Cookie", cookie))
        return Answer(answer.status, answer.body, answer.content_type, headers, answer.close)

    return renewing
