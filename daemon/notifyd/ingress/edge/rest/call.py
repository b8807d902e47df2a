"""One request on its way through the REST interface."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qsl

import msgspec

from notifyd.clock import ms_of
from notifyd.errors import Invalid
from notifyd.ingress.edge.request_ids import request_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from notifyd.ingress.edge.http.request import Request
    from notifyd.model.principal import Principal
    from notifyd.policy.access.rate import Allowance
    from notifyd.wire.rest.operation import Access

_MAX_QUERY_FIELDS = 50
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]

#: Rows in one answer.
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100


class Call:
    """The request, and what was found out about it so far."""

    __slots__ = (
        "_query",
        "access",
        "address",
        "allowance",
        "by_cookie",
        "chunks",
        "headers",
        "left",
        "operator",
        "params",
        "principal",
        "request",
        "request_id",
        "route",
        "started_at",
        "submitted",
    )

    def __init__(self, request: Request, route: str, started_at: float) -> None:
        self.request = request
        #: The path with names in the place of values, which may be secrets: this may be logged, the path may not.
        self.route = route
        #: Monotonic seconds.
        self.started_at = started_at
        #: By name in lower case; the last one of several.
        self.headers: dict[bytes, bytes] = dict(request.headers)
        self.request_id = request_id(self.headers.get(b"x-request-id"))
        #: What stands in the place of the names in the operation's path.
        self.params: Mapping[str, str] = {}
        #: The client's address, told by trusted proxies where they stand between.
        self.address = ""
        #: Who may make this call; None before the operation is known.
        self.access: Access | None = None
        #: Set by the gate where a key or a user's token was asked for.
        self.principal: Principal | None = None
        #: The credential was the admin token, or none was needed for what only operators may.
        self.operator = False
        #: The token came by itself, in a cookie, from a page of the client's own.
        self.by_cookie = False
        #: What is left of the credential's rate limit.
        self.allowance: Allowance | None = None
        #: A publish got as far as the service, which counts what it refuses.
        self.submitted = False
        #: Returns when the peer has left; None where nobody watches.
        self.left: Callable[[], Awaitable[object]] | None = None
        #: What comes before the body of the answer, written no faster than the peer reads.
        self.chunks: AsyncIterator[bytes] | None = None
        self._query: dict[str, str] | None = None

    @property
    def who(self) -> Principal:
        """The verified credential of an operation that asks for one."""
        if self.principal is None:
            raise AssertionError("the gate lets nobody in without a credential")
        return self.principal

    def query(self, name: str) -> str | None:
        """The query parameter *name*; the last one of several.

        Raises:
            Invalid: the query cannot be read.
        """
        if self._query is None:
            self._query = _parse_query(self.request.query)
        return self._query.get(name)

    def query_int(self, name: str, *, low: int, high: int, default: int) -> int:
        """A query parameter that is a number.

        Raises:
            Invalid: it is none, or out of its range.
        """
        text = self.query(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
            raise Invalid(f"{name} must be a number from {low} to {high}")
        return int(text)

    def query_instant(self, name: str) -> int | None:
        """A query parameter that is an instant, in milliseconds since the Unix epoch; None where it is absent.

        Raises:
            Invalid: it is no instant, or does not tell its offset from UTC.
        """
        text = self.query(name)
        if text is None:
            return None
        try:
            return ms_of(msgspec.convert(text, _Instant))
        except msgspec.ValidationError as exc:
            raise Invalid(f"{name} must be an instant in RFC 3339 with an offset from UTC") from exc

    def limit(self) -> int:
        """How many rows were asked for at most.

        Raises:
            Invalid: see `query_int`.
        """
        return self.query_int("limit", low=1, high=MAX_LIMIT, default=DEFAULT_LIMIT)

    def query_flag(self, name: str) -> bool:
        """A query parameter that is true or false; absent is false.

        Raises:
            Invalid: it is neither.
        """
        text = self.query(name) or "false"
        if text not in ("true", "false", "1", "0"):
            raise Invalid(f"{name} must be true or false")
        return text in ("true", "1")


def _parse_query(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS
        )
    except ValueError as exc:
        raise Invalid("the query is malformed: it must be percent-encoded UTF-8 with few fields") from exc
    return dict(pairs)
