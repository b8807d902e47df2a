"""--forward-to: what is posted, what is tried again, and when it ends."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import trio

from notifyctl.listening.working.forward import Forward, retry_after_seconds

PUBLICATION = {"id": "n_1", "data": {"n": 1}}
BODY = json.dumps(PUBLICATION).encode()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)


class Receiver:
    """Answers in turn what a test wrote; None cuts the connection."""

    def __init__(self, *answers: str | None) -> None:
        self._answers = list(answers)
        self.heard: list[tuple[str, dict[str, str], bytes]] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            data = b""
            while chunk := await stream.receive_some():
                data += chunk
                head, separator, body = data.partition(b"\r\n\r\n")
                line, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
                if not separator or len(body) < int(headers.get("content-length", 0)):
                    continue
                self.heard.append((line, headers, body))
                data = b""
                answer = self._answers.pop(0) if self._answers else "204 No Content"
                if answer is None:
                    return
                await stream.send_all(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())


@asynccontextmanager
async def forwarding(receiver: Receiver, **options: Any) -> AsyncIterator[Callable[[], Any]]:
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            (listener,) = await nursery.start(partial(trio.serve_tcp, receiver.serve, 0, host="127.0.0.1"))
            url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/hook?a=1"
            async with Forward(url, **{"timeout_seconds": 10.0, **options}) as forward:
                yield lambda: forward(PUBLICATION, BODY)
            nursery.cancel_scope.cancel()


async def test_what_is_posted():
    receiver = Receiver()
    async with forwarding(receiver, token="secret") as forward:
        assert await forward() == ""
    ((line, headers, body),) = receiver.heard
    assert (line, body) == ("POST /hook?a=1 HTTP/1.1", BODY)
    assert (headers["content-type"], headers["idempotency-key"]) == ("application/json", "n_1")
    assert headers["authorization"] == "Bearer secret"


async def test_what_may_pass_is_tried_again_under_the_same_key():
    receiver = Receiver("503 Busy", None, "429 Slow down\r\nRetry-After: 0", "500 Oops", "408 Late", "201 Created")
    async with forwarding(receiver) as forward:
        assert await forward() == ""
    assert [headers["idempotency-key"] for _, headers, _ in receiver.heard] == ["n_1"] * 6


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("400 Bad Request", "HTTP 400 Bad Request"),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", "HTTP 302: redirects are not followed"),
    ],
)
async def test_what_is_refused_for_good(answer: str, problem: str):
    receiver = Receiver(answer)
    async with forwarding(receiver) as forward:
        assert await forward() == problem
    assert len(receiver.heard) == 1


async def test_its_time_is_bounded():
    receiver = Receiver(*["503 Busy\r\nRetry-After: 60"] * 2)
    async with forwarding(receiver, timeout_seconds=2) as forward:
        problem = await forward()
    assert len(receiver.heard) == 1, "it waits as long as it is asked to"
    assert problem == "HTTP 503 Busy, and 2 s are over, which is all that --forward-timeout allows"


async def test_nobody_there():
    async with Forward("http://127.0.0.1:1/", timeout_seconds=2) as forward:
        assert (await forward(PUBLICATION, BODY)).startswith("no answer: ")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("7", 7),
        ("-7", 0),
        ("soon", 0),
        ("Fri, 30 Jan 2026 12:00:30 GMT", 30),
        ("Fri, 30 Jan 2026 11:00:30 GMT", 0),
    ],
)
def test_retry_after(text: str, seconds: float):
    assert retry_after_seconds(text, now=datetime(2026, 1, 30, 12, tzinfo=UTC)) == seconds
