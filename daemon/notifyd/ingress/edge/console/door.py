"""Operators at the web console: signing in with the admin token, the cookie of their session, and forged requests.

The cookie is httpOnly and SameSite=Strict. What changes something needs more: the token of the session in a header,
an Origin that is ours, and a body that is declared as JSON, none of which a page of somebody else can send.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Final

from notifyd.clock import now_ms
from notifyd.errors import Denied, NotAuthenticated, NotFound
from notifyd.ingress.edge.namespaces.credentials import cookie
from notifyd.ingress.edge.rest.bodies import check_media_type
from notifyd.ingress.edge.rest.dev_guard import check_local
from notifyd.policy.access.console_sessions import ConsoleSession, SessionSeal, new_session
from notifyd.telemetry import get_logger

if TYPE_CHECKING:
    from notifyd.ingress.edge.console.services import ConsoleOptions
    from notifyd.ingress.edge.forwarded import TrustedProxies
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.services import RestServices

log = get_logger("notifyd.console")

CSRF_HEADER: Final = b"x-csrf-token"
_TRANSPORT: Final = "console"
_SAFE: Final = frozenset(("GET", "HEAD"))
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
#: The one of development mode, where nobody signs in. A page of others cannot send the header, whatever is in it.
_DEVELOPERS: Final = ConsoleSession("development", "development", 0, 0)


class ConsoleDoor:
    """Lets operators in, keeps others out."""

    def __init__(
        self, services: RestServices, options: ConsoleOptions, token: str, *, dev: bool, proxies: TrustedProxies
    ) -> None:
        self._services = services
        self._options = options
        self._token = token
        self._dev = dev
        self._proxies = proxies
        self._seal = SessionSeal(token)

    @property
    def options(self) -> ConsoleOptions:
        """The settings in force."""
        return self._options

    @property
    def development(self) -> bool:
        """Nobody has to sign in."""
        return self._dev

    def check_open(self) -> None:
        """Pass when there is a console.

        Raises:
            NotFound: it is switched off.
        """
        if not self._options.enabled or self._services.console is None:
            raise NotFound("the web console is switched off: see [console] enabled", code="console_off")

    def admit(self, call: Call) -> None:
        """Pass when *call* comes from the page and from an operator.

        Raises:
            NotAuthenticated: nobody is signed in.
            Denied: it may have been forged.
        """
        self.check_open()
        session = self.session(call)
        if session is None:
            raise NotAuthenticated("sign in with the admin token first", code="console_session_required")
        if call.request.method not in _SAFE:
            self._check_unforged(call, session)
            log.info("console_action", method=call.request.method, route=call.route, address=call.address)
        call.operator = True

    def session(self, call: Call) -> ConsoleSession | None:
        """The session that the cookie of *call* names, as long as it is good.

        Raises:
            Denied: in development mode, where there is no cookie, the call does not come straight from this machine.
        """
        if self._dev:
            check_local(call)
            return _DEVELOPERS
        found = self._seal.open(cookie(call.request, self._cookie_name(call)))
        if found is None or not found.alive(self._options.rules, now_ms()):
            return None
        return None if self._is_signed_out(found) else found

    def sign_in(self, call: Call, token: str) -> tuple[ConsoleSession, bytes]:
        """A new session for who brings the admin token, and its Set-Cookie.

        Raises:
            NotAuthenticated: it is another token.
            Denied: it may have been forged.
            RateLimited: there were too many wrong ones from that address.
        """
        self.check_open()
        self._check_origin(call)
        if self._dev:
            check_local(call)
            return _DEVELOPERS, self._cookie(call, "", ends=True)
        # Compared before it is counted, as with REST: the right one is let in however often others were wrong.
        if not self._token or not hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            problem = NotAuthenticated(
                "this is not the admin token (`notifyctl tokens admin` shows it)", code="wrong_admin_token"
            )
            self._services.connector.refusals.note(problem, address=call.address, transport=_TRANSPORT)
            self._services.limiter.check(f"admin/{call.address}")
            raise problem
        session = new_session(now_ms())
        log.info("console_signed_in", address=call.address)
        return session, self._cookie(call, self._seal.seal(session))

    def sign_out(self, call: Call) -> bytes:
        """End the session of *call*; the Set-Cookie that forgets it."""
        session = self.session(call)
        if session is not None and not self._dev and self._services.console is not None:
            ends_at = session.last_at(self._options.rules)
            self._services.console.signed_out.add(session.id, ends_at, now=now_ms())
            log.info("console_signed_out", address=call.address)
        return self._cookie(call, "", ends=True)

    def renewal(self, call: Call) -> bytes | None:
        """The Set-Cookie that keeps a session in use from ending; None where it is not needed yet."""
        session = None if self._dev else self.session(call)
        renewed = None if session is None else session.renewed(self._options.rules, now_ms())
        return None if renewed is None else self._cookie(call, self._seal.seal(renewed))

    def websocket_origins(self, call: Call) -> tuple[bytes, ...]:
        """Where the page of *call* may speak WebSocket: on the port that it came from, and on WS_PORT."""
        host = self._proxies.host(call.request)
        if not _HOST.fullmatch(host):
            return ()
        scheme = b"wss://" if self._proxies.secure(call.request) else b"ws://"
        port = self.websocket_port()
        beside = () if port is None else (scheme + _without_port(host) + b":%d" % port,)
        return (scheme + host, *beside)

    def websocket_port(self) -> int | None:
        """WS_PORT; None where it is not open."""
        urls = [listener.url for listener in self._services.daemon.listeners if listener.name == "ws"]
        return int(urls[0].rpartition(":")[2]) if urls else None

    def _is_signed_out(self, session: ConsoleSession) -> bool:
        return self._services.console is not None and session.id in self._services.console.signed_out

    def _check_unforged(self, call: Call, session: ConsoleSession) -> None:
        self._check_origin(call)
        if not hmac.compare_digest(call.headers.get(CSRF_HEADER, b""), session.csrf.encode()):
            raise Denied("the header X-CSRF-Token is not that of this session: load the page anew", code="forged")

    def _check_origin(self, call: Call) -> None:
        """Browsers tell the page that made a request, and pages cannot have them lie."""
        origin = call.headers.get(b"origin", b"")
        host = self._proxies.host(call.request)
        if not host or origin.partition(b"://")[2].lower() != host.lower():
            raise Denied("the request does not come from the console's own page", code="forged")
        if call.headers.get(b"sec-fetch-site", b"same-origin") != b"same-origin":
            raise Denied("the request does not come from the console's own page", code="forged")
        if call.request.method == "POST":
            check_media_type(call.headers.get(b"content-type", b""))

    def _cookie_name(self, call: Call) -> str:
        if self._proxies.secure(call.request):
            return "__Host-notifyd-console"
        # cookies are for a host, whatever the port: two daemons on one machine would share one
        found = _HOST.fullmatch(self._proxies.host(call.request))
        return f"notifyd-console-{found[1].decode() if found and found[1] else '80'}"

    def _cookie(self, call: Call, value: str, *, ends: bool = False) -> bytes:
        # RFC 6265bis, section 4.1.3.2: what is called __Host- is Secure and for all paths
        where = "Path=/; Secure" if self._proxies.secure(call.request) else "Path=/console"
        age = "; Max-Age=0" if ends else ""
        return f"{self._cookie_name(call)}={value}; {where}; HttpOnly; SameSite=Strict{age}".encode("ascii")


def _without_port(host: bytes) -> bytes:
    return host if host.endswith(b"]") else re.sub(rb":[0-9]+\Z", b"", host)
