from __future__ import annotations

import socket
import ssl
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.policy.webhooks.answers import TIMEOUT, UNREACHABLE, WebhookAnswer
from notifyd.policy.webhooks.signing import new_secret, signed_headers, signing_key
from notifyd.webhooks.http import HttpCaller, trusted_context
from notifyd.webhooks.ports import WebhookCall
from tests.webhooks.receiver import DROP, HANG, Receiver, Reply, verified

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

BODY = b'{"id":"evt_1","type":"webhook.test"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def trusted() -> ssl.SSLContext:
    """Reading all the certificates takes its time."""
    return trusted_context()


@pytest.fixture
async def caller(trusted: ssl.SSLContext) -> AsyncIterator[HttpCaller]:
    caller = HttpCaller(trusted)
    yield caller
    await caller.close()


def call(url: str, *, seconds: float = 5.0, headers: dict[str, str] | None = None) -> WebhookCall:
    return WebhookCall(url, {"Content-Type": "application/json"} | (headers or {}), BODY, seconds)


async def test_an_event_arrives_as_it_was_signed(caller: HttpCaller, receiver: Receiver) -> None:

    secret = new_secret()
    signed = signed_headers(signing_key(secret), "evt_1", int(time.time()), BODY)
    with trio.fail_after(10):
        answer = await caller.call(call(receiver.url("/hook?a=1"), headers=signed))
    (arrived,) = receiver.calls
    assert (answer, arrived.path, arrived.body) == (WebhookAnswer(204), "/hook?a=1", BODY)
    assert verified(secret, arrived)
    assert not verified(new_secret(), arrived)


@pytest.mark.parametrize("status", [200, 410, 404, 429, 503])
async def test_a_status_is_told(caller: HttpCaller, receiver: Receiver, status: int) -> None:
    receiver.script("/", Reply(status, {"Retry-After": "7"}, b"{}"))
    with trio.fail_after(10):
        assert await caller.call(call(receiver.url())) == WebhookAnswer(status, retry_after="7")


async def test_redirects_are_not_followed(caller: HttpCaller, receiver: Receiver) -> None:
    receiver.script("/", Reply(307, {"Location": receiver.url("/elsewhere")}))
    with trio.fail_after(10):
        assert (await caller.call(call(receiver.url()))).status == 307
    assert [each.path for each in receiver.calls] == ["/"]


async def test_nothing_of_one_call_comes_with_the_next(caller: HttpCaller, receiver: Receiver) -> None:
    receiver.script("/", Reply(200, {"Set-Cookie": "a=b"}))
    with trio.fail_after(10):
        for _ in range(2):
            await caller.call(call(receiver.url()))
    assert all("cookie" not in each.headers for each in receiver.calls)
    assert len(receiver.connections) == 1


async def test_a_long_answer_is_cut_off(caller: HttpCaller, receiver: Receiver) -> None:
    receiver.script("/", Reply(200, {"Content-Length": str(1 << 40)}, b"x" * 20_000))
    with trio.fail_after(10):
        for _ in range(2):
            assert (await caller.call(call(receiver.url()))).taken
    assert len(receiver.connections) == 2


async def test_who_hangs_is_left(caller: HttpCaller, receiver: Receiver) -> None:
    receiver.script("/", HANG)
    with trio.fail_after(10):
        assert await caller.call(call(receiver.url(), seconds=0.2)) == WebhookAnswer(0, TIMEOUT)


async def test_who_hangs_up_is_noticed(caller: HttpCaller, receiver: Receiver) -> None:
    receiver.script("/", DROP)
    with trio.fail_after(10):
        assert await caller.call(call(receiver.url())) == WebhookAnswer(0, "connection_lost")


async def test_nobody_there_is_unreachable(caller: HttpCaller) -> None:
    with socket.socket() as bound, trio.fail_after(10):
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        assert await caller.call(call(url)) == WebhookAnswer(0, UNREACHABLE)


async def test_what_is_no_tls_is_not_called(caller: HttpCaller, receiver: Receiver) -> None:
    with trio.fail_after(10):
        answer = await caller.call(call(receiver.url().replace("http:", "https:")))
    assert (answer, receiver.calls) == (WebhookAnswer(0, "tls_failed"), [])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """For 127.0.0.1, signed by nobody, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hook"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True, timeout=20)
    return folder / "cert.pem", folder / "key.pem"


async def test_only_who_is_trusted_is_told(caller: HttpCaller, certificate: tuple[Path, Path]) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    friend = HttpCaller(ssl.create_default_context(cafile=str(certificate[0])))
    with Receiver(tls=tls) as receiver, trio.fail_after(10):
        assert await caller.call(call(receiver.url())) == WebhookAnswer(0, "tls_failed")
        assert receiver.calls == []
        assert await friend.call(call(receiver.url())) == WebhookAnswer(204)
        # the certificate is for the address alone
        elsewhere = receiver.url().replace("127.0.0.1", "localhost")
        assert await friend.call(call(elsewhere)) == WebhookAnswer(0, "tls_failed")
        await friend.close()


def test_certificates_are_verified(trusted: ssl.SSLContext) -> None:
    assert (trusted.verify_mode, trusted.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    caller = HttpCaller(trusted)
    with trio.fail_after(10):
        assert (await caller.call(call(receiver.url()))).taken
        await caller.close()
