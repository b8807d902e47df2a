"""Calls by HTTP, through httpx's transport: without the cookies, proxies and passwords that a client would add."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import certifi
import httpx
import structlog
import trio

from notifyd.policy.webhooks.answers import TIMEOUT, UNREACHABLE, WebhookAnswer

if TYPE_CHECKING:
    from notifyd.webhooks.ports import WebhookCall

log = structlog.get_logger("notifyd.webhooks")

#: An answer that is no longer is read, and for no longer, so that the connection can be used again; nobody looks at
#: it. With any other the connection ends.
_MAX_ANSWER_BYTES: Final = 4096
_ANSWER_SECONDS: Final = 1.0
_NO_CONTENT: Final = 204
_IDLE_SECONDS: Final = 30.0
_MAX_IDLE: Final = 32


class HttpCaller:
    """A `WebhookCaller` with a pool of connections."""

    def __init__(self, verify: ssl.SSLContext | None = None) -> None:
        """Connects to nobody yet. *verify* stands for `trusted_context`."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=_MAX_IDLE, keepalive_expiry=_IDLE_SECONDS)
        self._transport = httpx.AsyncHTTPTransport(verify=verify or trusted_context(), limits=limits, trust_env=False)

    async def call(self, call: WebhookCall) -> WebhookAnswer:
        """See `WebhookCaller.call`."""
        answer = WebhookAnswer(0, TIMEOUT)
        with trio.move_on_after(call.timeout_seconds):
            try:
                answer = await self._call(call)
            except Exception as exc:  # noqa: BLE001  # what httpx and what stands below it raises is no short list
                answer = WebhookAnswer(0, _code_of(exc))
        return answer

    async def _call(self, call: WebhookCall) -> WebhookAnswer:
        timeout = httpx.Timeout(call.timeout_seconds).as_dict()
        request = httpx.Request(
            "POST", call.url, headers=call.headers, content=call.body, extensions={"timeout": timeout}
        )
        response = await self._transport.handle_async_request(request)
        try:
            await _read_what_is_short(response)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _ANSWER_SECONDS):
                await response.aclose()
        return WebhookAnswer(response.status_code, retry_after=response.headers.get("retry-after", ""))

    async def close(self) -> None:
        """See `WebhookCaller.close`."""
        await self._transport.aclose()


async def _read_what_is_short(response: httpx.Response) -> None:
    """The status is known: whatever comes of the rest, the event is where it is."""
    length = "0" if response.status_code == _NO_CONTENT else response.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and int(length) <= _MAX_ANSWER_BYTES):
        return
    assert isinstance(response.stream, httpx.AsyncByteStream)
    with trio.move_on_after(_ANSWER_SECONDS):
        try:
            async for _ in response.stream:
                pass
        except httpx.HTTPError as exc:
            log.debug("webhook_answer_unreadable", problem=type(exc).__name__)


def trusted_context() -> ssl.SSLContext:
    """Who is trusted: the system's certificate authorities and those of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _code_of(exc: Exception) -> str:
    """A word for how the call failed; never a text that others made."""
    if any(isinstance(each, ssl.SSLError) for each in _causes(exc)):
        return "tls_failed"
    match exc:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return UNREACHABLE
        case httpx.TimeoutException():
            return TIMEOUT
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return "connection_lost"
    log.warning("webhook_call_failed", problem=type(exc).__name__)
    return "call_failed"


def _causes(exc: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while exc is not None and exc not in found:
        found.append(exc)
        exc = exc.__cause__ or exc.__context__
    return found
