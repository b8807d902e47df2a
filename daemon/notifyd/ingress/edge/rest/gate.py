"""Who may make which call: API keys with their rate limits, users' tokens, the admin token, or nobody asked."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from notifyd.errors import NotAuthenticated
from notifyd.ingress.edge.rest.cookies import OF_COOKIES, cookie_token
from notifyd.ingress.edge.rest.dev_guard import check_local
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.principal import operator
from notifyd.policy.access.tokens import looks_like_a_token
from notifyd.service.access.limits import rate_limited, secret_tries
from notifyd.wire.rest.operation import OF_USERS, Access

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.services import RestOptions, RestServices

#: What refused credentials are noted to have come by.
_TRANSPORT: Final = "http"

#: What would do in the place of the admin token.
_INSTEAD: Final = {
    Access.ADMIN_OR_KEY: ", or an API key that has the scope users as X-API-Key",
    Access.ADMIN_OR_USER: ", or the user's own token in its place",
    Access.DEVICE: ", the user's own token in its place, or the client's secret as X-Client-Secret",
}

#: Where an operator acts for the client that the query names.
_FOR_CLIENTS: Final = (Access.KEY_OR_ADMIN, Access.STREAM, Access.SUBSCRIBER)


class Gate:
    """Lets calls in, or says why not."""

    def __init__(self, services: RestServices, options: RestOptions) -> None:
        self._services = services
        self._options = options
        self._token = options.admin_token.encode()

    def admit(self, call: Call, access: Access) -> None:
        """Pass when *call* may go on; where a key or a token is asked for, it is known and counted from here on.

        Raises:
            NotAuthenticated, Denied: the credential is missing or not good, here and now.
            RateLimited: it made too many calls.
        """
        call.access = access
        if access is Access.OPEN or (access is Access.METRICS and self._options.metrics_open):
            return
        if access in OF_COOKIES and self._admit_page(call, access):
            return
        if access is Access.KEY:
            self._admit_key(call, _key_in_headers(call))
        elif access is Access.ADMIN or access is Access.METRICS:
            self._admit_operator(call, access)
        elif self._is_operator(call) or self._is_developer(call, access):
            call.operator = True
            if access in _FOR_CLIENTS:
                call.principal = operator(ClientId(call.query("clientId") or DEFAULT_CLIENT))
        elif access is Access.SUBSCRIBER:
            self._admit_subscriber(call)
        elif access in OF_USERS:
            self._admit_user(call, access)
        elif access is Access.ADMIN_OR_KEY:
            self._admit_publisher(call)
        else:
            key = _key_in_headers(call)
            self._admit_key(call, call.query("apiKey") if key is None and access is Access.STREAM else key)

    def check_secret(self, call: Call, client_id: str) -> None:
        """Pass when *call* came with the secret of *client_id*, or with a credential that was enough by itself.

        Raises:
            NotAuthenticated: it is another one. Whether there is such a client is not told.
            RateLimited: there were too many tries from that address.
        """
        if call.operator or call.principal is not None:
            return
        # Counted before it is compared, the right one too: a secret may be short enough to be guessed.
        self._take(call, secret_tries(client_id, call.address))
        secret = call.headers.get(b"x-client-secret", b"").decode("utf-8", "surrogateescape")
        if not self._services.clients.is_secret(ClientId(client_id), secret):
            raise self._noted(
                call,
                NotAuthenticated("this is not the secret of that client", code="invalid_client_secret"),
                client_id=client_id,
            )

    def _admit_key(self, call: Call, key: str | None) -> None:
        if key is None:
            raise NotAuthenticated("send an API key in the header X-API-Key", code="missing_api_key")
        principal = call.principal = self._services.connector.principal(key, call.address, _TRANSPORT)
        self._take(call, principal.subject)

    def _admit_publisher(self, call: Call) -> None:
        key = call.headers.get(b"x-api-key")
        if key is None:
            self._admit_operator(call, Access.ADMIN_OR_KEY)
        else:
            self._admit_key(call, key.decode("latin-1"))

    def _admit_user(self, call: Call, access: Access) -> None:
        token = (_bearer(call) or b"").decode("latin-1")
        if looks_like_a_token(token):
            self._admit_token(call, token)
        elif access is not Access.DEVICE or b"x-client-secret" not in call.headers:
            self._admit_operator(call, access)
        # The body tells whose secret it has to be: see `check_secret`.

    def _admit_subscriber(self, call: Call) -> None:
        token = (_bearer(call) or b"").decode("latin-1")
        if looks_like_a_token(token):
            self._admit_token(call, token)
        else:
            self._admit_key(call, _key_in_headers(call))

    def _admit_page(self, call: Call, access: Access) -> bool:
        """Whether a user's token settles it: where nothing else counts, and where a cookie brought it."""
        if access is Access.USER:
            self._admit_one_user(call)
            return True
        token = cookie_token(call, self._services.clients) if _anonymous(call) else ""
        if token:
            self._admit_token(call, token)
        return bool(token)

    def _admit_one_user(self, call: Call) -> None:
        bearer = _bearer(call)
        token = (call.query("token") or "") if bearer is None else bearer.decode("latin-1")
        token = token or cookie_token(call, self._services.clients)
        if not token:
            raise NotAuthenticated("send the user's token as Authorization: Bearer TOKEN", code="token_missing")
        self._admit_token(call, token)

    def _admit_token(self, call: Call, token: str) -> None:
        client_id = call.query("clientId")
        try:
            principal = self._services.connector.token_principal(
                token, ClientId(client_id) if client_id else None, address=call.address, transport=_TRANSPORT
            )
        except NotAuthenticated:
            self._services.limiter.check(f"token/{call.address}")
            raise
        call.principal = principal
        self._take(call, principal.subject)

    def _take(self, call: Call, subject: str) -> None:
        allowance = call.allowance = self._services.limiter.take(subject)
        if allowance is not None and not allowance.allowed:
            raise rate_limited(allowance)

    def _admit_operator(self, call: Call, access: Access) -> None:
        if self._options.dev:
            check_local(call)
        elif not self._is_operator(call):
            # The right token is let in however often others were wrong: who shares its address (a proxy's) must
            # not be able to lock it out, and no limit is needed to keep a token of 256 bits from being guessed.
            wrong = "" if _bearer(call) is None else "this is not the admin token: "
            problem = NotAuthenticated(
                f"{wrong}send the admin token as Authorization: Bearer TOKEN (`notifyctl tokens admin` shows it)"
                + _INSTEAD.get(access, ""),
                code="admin_token_required",
            )
            self._noted(call, problem)
            self._services.limiter.check(f"admin/{call.address}")
            raise problem
        call.operator = True

    def _noted(self, call: Call, problem: NotAuthenticated, client_id: str = "") -> NotAuthenticated:
        self._services.connector.refusals.note(problem, address=call.address, transport=_TRANSPORT, client_id=client_id)
        return problem

    def _is_developer(self, call: Call, access: Access) -> bool:
        """Whether development mode takes the place of the admin token, where a key would do as well."""
        if not self._options.dev or access not in _FOR_CLIENTS or not _anonymous(call):
            return False
        check_local(call)
        return True

    def _is_operator(self, call: Call) -> bool:
        sent = _bearer(call)
        if sent is None or not self._token or self._options.dev:
            return False
        return hmac.compare_digest(sent, self._token)


def _anonymous(call: Call) -> bool:
    return _key_in_headers(call) is None and call.query("apiKey") is None


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
