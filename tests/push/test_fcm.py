"""The real firebase-admin against a server on the loopback that speaks FCM's protocol."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import firebase_admin
import pytest
import trio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from notifyd.errors import Invalid
from notifyd.policy.pushing.answers import SendResult
from notifyd.push.fcm import open_push
from tests.fcm.account import PROJECT, options, private_key
from tests.push.conftest import messages, opened

if TYPE_CHECKING:
    from notifyd.push.fcm import FcmProvider
    from tests.fcm.fake import FakeFcm


async def test_each_message_gets_its_own_answer(fcm: FakeFcm, provider: FcmProvider) -> None:
    tokens = ["ok", "dead", "bad", "quota", "down", "sender", "auth", "lost", "big"]
    with trio.fail_after(20):
        results = await provider.send(messages(*tokens))
    assert [(result.status, result.code) for result in results] == [
        (200, ""),
        (404, "UNREGISTERED"),
        (400, "INVALID_ARGUMENT"),
        (429, "QUOTA_EXCEEDED"),
        (503, "UNAVAILABLE"),
        (403, "SENDER_ID_MISMATCH"),
        (401, "THIRD_PARTY_AUTH_ERROR"),
        (404, "NOT_FOUND"),
        (400, "INVALID_ARGUMENT"),
    ]
    assert results[3].retry_after == "1"
    assert "registration token" in results[2].message


async def test_what_arrives_is_what_was_sent(fcm: FakeFcm, provider: FcmProvider) -> None:
    with trio.fail_after(20):
        await provider.send(messages("ok"))
    (message,) = fcm.seen.messages
    assert (message["token"], message["data"]) == ("ok", {"k": "v"})
    assert (fcm.seen.projects, fcm.seen.authorizations) == ({PROJECT}, {"Bearer fake"})


async def test_one_access_token_is_fetched_for_all(fcm: FakeFcm, provider: FcmProvider) -> None:
    with trio.fail_after(20):
        for _ in range(2):
            await provider.send(messages(*"abcdefgh"))
    assert fcm.seen.access_tokens == 1


@pytest.mark.parametrize("token", ["quota", "wait", "down"])
async def test_nothing_is_retried_in_a_thread(fcm: FakeFcm, provider: FcmProvider, token: str) -> None:
    fcm.retry_after = "20"
    with trio.fail_after(10):
        await provider.send(messages(token))
    assert fcm.seen.hits == {token: 1}


async def test_one_that_hangs_is_given_up_and_holds_nobody_up(fcm: FakeFcm) -> None:
    results: dict[str, SendResult] = {}

    async def send(provider: FcmProvider, token: str) -> None:
        (results[token],) = await provider.send(messages(token))

    with trio.fail_after(20):
        async with opened(fcm.url, timeout_seconds=0.5, max_in_flight=2) as provider, trio.open_nursery() as nursery:
            for token in ("hang", "a", "b", "c"):
                nursery.start_soon(send, provider, token)
    assert list(results)[-1] == "hang"
    assert results.pop("hang") == SendResult(0, "timeout")
    assert set(results.values()) == {SendResult(200)}


async def test_messages_on_the_way_are_bounded(fcm: FakeFcm) -> None:
    fcm.delay_seconds = 0.02
    async with opened(fcm.url, max_in_flight=3) as provider:
        with trio.fail_after(20):
            await provider.send(messages(*(f"t{number}" for number in range(12))))
    assert fcm.seen.peak == 3


async def test_where_nobody_listens_it_is_unreachable() -> None:
    async with opened("http://127.0.0.1:9") as provider:
        with trio.fail_after(20):
            assert await provider.send(messages("a", "b")) == [SendResult(0, "unreachable")] * 2


async def test_a_connection_that_breaks_says_nothing_of_the_provider(fcm: FakeFcm, provider: FcmProvider) -> None:
    with trio.fail_after(20):
        assert await provider.send(messages("drop", "ok")) == [SendResult(0, "connection_lost"), SendResult(200)]


@pytest.mark.parametrize(
    ("refusal", "result"),
    [
        ((400, b'{"error":"invalid_grant"}'), SendResult(401, "CREDENTIALS_REFUSED")),
        ((200, b"<html>"), SendResult(0, "unreadable_answer")),
    ],
)
async def test_without_an_access_token_nothing_is_sent(
    fcm: FakeFcm, provider: FcmProvider, refusal: tuple[int, bytes], result: SendResult
) -> None:
    fcm.token_refusal = refusal
    with trio.fail_after(20):
        assert await provider.send(messages("a", "b", "c")) == [result] * 3
    # one request, and one answer for all who waited for it
    assert (fcm.seen.access_tokens, fcm.seen.hits) == (1, {})


@pytest.mark.parametrize("gibberish", [(200, b"<html>"), (200, b"{}"), (200, b"\xff"), (403, b'{"error":"no"}')])
async def test_an_answer_that_is_not_fcms_is_no_fault(
    fcm: FakeFcm, provider: FcmProvider, gibberish: tuple[int, bytes]
) -> None:
    fcm.gibberish = gibberish
    with trio.fail_after(20):
        (result,) = await provider.send(messages("a"))
    assert result.status in {0, 403}


def pem(key: Any, encryption: Any = None) -> str:
    encryption = encryption or serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "an-open-secret",
        private_key().replace("\n", "\\n"),
        private_key()[:200],
        pem(
            serialization.load_pem_private_key(private_key().encode(), None),
            serialization.BestAvailableEncryption(b"x"),
        ),
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=["none", "text", "escaped", "cut", "encrypted", "kind"],
)
async def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Invalid, match="private key cannot be read") as caught:
        await open_push(options("http://127.0.0.1:9", private_key=key))
    middle = len(key) // 3
    assert not key or key[middle : middle + 10] not in str(caught.value)
    assert (caught.value.__cause__, caught.value.code) == (None, "config_invalid")


async def test_options_that_cannot_be_right_are_refused() -> None:
    with pytest.raises(Invalid, match="endpoint"):
        await open_push(options("nowhere"))


async def test_two_can_be_open_and_closing_leaves_nothing(fcm: FakeFcm) -> None:
    before = len(firebase_admin._apps)
    async with opened(fcm.url) as one, opened(fcm.url) as two:
        with trio.fail_after(20):
            assert (await one.send(messages("a")), await two.send(messages("b"))) == ([SendResult(200)],) * 2
        assert len(firebase_admin._apps) == before + 2
    assert len(firebase_admin._apps) == before


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
async def test_many_go_out_at_once(fcm: FakeFcm, count: int) -> None:
    async with opened(fcm.url, max_in_flight=20) as provider:
        began = time.perf_counter()
        with trio.fail_after(60):
            results = await provider.send(messages(*(f"t{number}" for number in range(count))))
        print(f"{count / (time.perf_counter() - began):.0f} messages/s")
    assert {result.status for result in results} == {200}
    assert (len(fcm.seen.hits), fcm.seen.access_tokens) == (count, 1)
    assert 1 < fcm.seen.peak <= 20


def test_the_library_is_not_loaded_before_it_is_wanted() -> None:
    script = "import sys, notifyd.push.fcm, notifyd.dispatch.push_router; print('firebase_admin' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_the_stand_in_runs_by_itself() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fcm.fake", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert int(process.stdout.readline()) > 0
        finally:
            process.kill()
