"""`--forward-to`: a POST for each publication, tried again until it is taken or its time is over."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx
import trio

from notifyctl.retrying.backoff import Backoff
from notifyd import __version__

if TYPE_CHECKING:
    from notifyctl.showing.output import Record

#: How long one try may take.
_TRY_SECONDS: Final = 10.0
#: Of an answer no more is read, and only so that the connection can be used again.
_MOST_ANSWER_BYTES: Final = 64 * 1024
#: Beside all from 500 on: what the receiver asks to be tried later.
_LATER: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


class Forward:
    """A `Job` that hands the publication to an HTTP server."""

    def __init__(self, url: str, *, timeout_seconds: float, token: str = "") -> None:
        """*timeout_seconds* bounds all tries for one together; *token* is shown as a bearer token."""
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        # A redirect may lead where nobody meant to send anything.
        self._client = httpx.AsyncClient(timeout=_TRY_SECONDS, limits=limits, follow_redirects=False)
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._headers = {"Content-Type": "application/json", "User-Agent": f"notifyctl/{__version__}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    async def __aenter__(self) -> Forward:
        """See `Job`."""
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """See `Job`."""
        with trio.CancelScope(shield=True):
            await self._client.aclose()

    async def __call__(self, publication: Record, body: bytes) -> str:
        """See `Job`. Every try carries the id as Idempotency-Key, so that a receiver can tell them from news."""
        headers = {**self._headers, "Idempotency-Key": str(publication["id"])}
        said = "no answer"
        backoff = Backoff()
        with trio.move_on_after(self._timeout_seconds):
            while True:
                try:
                    answer = await self._post(body, headers)
                except httpx.HTTPError as exc:
                    said, pause = f"no answer: {exc or type(exc).__name__}", 0.0
                else:
                    if answer.is_success:
                        return ""
                    said = _words(answer)
                    if not _later(answer):
                        return said
                    pause = retry_after_seconds(answer.headers.get("Retry-After", ""), now=datetime.now(UTC))
                await trio.sleep(max(pause, backoff.next_seconds()))
        return f"{said}, and {self._timeout_seconds:g} s are over, which is all that --forward-timeout allows"

    async def _post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        request = self._client.build_request("POST", self._url, content=body, headers=headers)
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > _MOST_ANSWER_BYTES:
                    break
        finally:
            with trio.CancelScope(shield=True):
                await answer.aclose()
        return answer


def retry_after_seconds(text: str, *, now: datetime) -> float:
    """What the header Retry-After *text* asks for, a number of seconds or an instant; 0 where it is neither."""
    if text.isascii() and text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _later(answer: httpx.Response) -> bool:
    return answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code in _LATER


def _words(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return f"HTTP {answer.status_code}: redirects are not followed"
    return f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip()
