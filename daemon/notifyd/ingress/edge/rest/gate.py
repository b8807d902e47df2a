"""Who may make which call: API keys with their rate limits, the admin token, or nobody asked."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from notifyd.errors import NotAuthenticated
from notifyd.ingress.edge.rest.dev_guard import check_local
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.principal import operator
from notifyd.service.limits import rate_limited
from notifyd.wire.operations import Access

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.services import RestOptions, RestServices


class Gate:
    """Lets calls in, or says why not."""

    def __init__(self, services: RestServices, options: RestOptions) -> None:
        self._services = services
        self._options = options
        self._token = options.admin_token.encode()

    def admit(self, call: Call, access: Access) -> None:
        """Pass when *call* may go on; where a key is asked for, it is known and counted from here on.

        Raises:
            NotAuthenticated, Denied: the credential is missing or not good, here and now.
            RateLimited: it made too many calls.
        """
        if access is Access.KEY:
            self._admit_key(call, _key_in_headers(call))
        elif access is Access.OPEN or (access is Access.METRICS and self._options.metrics_open):
            return
        elif access is Access.ADMIN or access is Access.METRICS:
            self._admit_operator(call)
        elif self._is_operator(call):
            call.operator = True
            call.principal = operator(ClientId(call.query("clientId") or DEFAULT_CLIENT))
        else:
            key = _key_in_headers(call)
            self._admit_key(call, call.query("apiKey") if key is None and access is Access.STREAM else key)

    def _admit_key(self, call: Call, key: str | None) -> None:
        if key is None:
            raise NotAuthenticated("send an API key in the header X-API-Key", code="missing_api_key")
        principal = self._services.connector.principal(key, call.address)
        call.principal = principal
        allowance = call.allowance = self._services.limiter.take(principal.credential)
        if allowance is not None and not allowance.allowed:
            raise rate_limited(allowance)

    def _admit_operator(self, call: Call) -> None:
        if self._options.dev:
            check_local(call)
        elif not self._is_operator(call):
            self._services.counters.authentication_failures += 1
            # The right token is let in however often others were wrong: who shares its address (a proxy's) must
            # not be able to lock it out, and no limit is needed to keep a token of 256 bits from being guessed.
            self._services.limiter.check(f"admin/{call.address}")
            wrong = "" if _bearer(call) is None else "this is not the admin token: "
            raise NotAuthenticated(
                f"{wrong}send the admin token as Authorization: Bearer TOKEN (`notifyctl tokens admin` shows it)",
                code="admin_token_required",
            )
        call.operator = True

    def _is_operator(self, call: Call) -> bool:
        sent = _bearer(call)
        if sent is None or not self._token or self._options.dev:
            return False
        return hmac.compare_digest(sent, self._token)


def _key_in_headers(call: Call) -> str | None:
    key = call.headers.get(b"x-api-key")
    if key is None:
        key = _bearer(call)
    return None if key is None else key.decode("latin-1")


def _bearer(call: Call) -> bytes | None:
    value = call.headers.get(b"authorization")
    if value is None:
        return None
    scheme, _, credential = value.partition(b" ")
    return credential.strip() if scheme.lower() == b"bearer" else None
