"""Consents to handshakes of the plain JSON protocol, and opens its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Denied, NotifydError
from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.native.connection import NativeConnection
from notifyd.ingress.edge.origins import origin_allowed
from notifyd.ingress.edge.refusals import handshake_refused

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.native.services import NativeRules, NativeServices
    from notifyd.wire.http.answer import Answer


class NativeProtocol:
    """Opens connections of this protocol."""

    def __init__(self, services: NativeServices, rules: NativeRules) -> None:
        self._services = services
        self._rules = rules

    def upgrade(self, request: Request) -> Upgrade | Answer:
        """Consent to a WebSocket handshake, unless its origin is not welcome or the daemon is going down."""
        try:
            if not origin_allowed(request.header(b"origin"), self._rules.allowed_origins):
                raise Denied("this origin may not connect: ask the operator", code="origin_not_allowed")
            self._services.connector.check_open()
        except NotifydError as exc:
            return handshake_refused(exc, request)
        return Upgrade(NativeConnection(self._services, self._rules, self._rules.proxies.client_address(request)))
