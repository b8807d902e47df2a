"""Tokens that are none, through every entrance: each is refused with a code that says why, and nothing else happens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import grpc
import jwt
import msgspec
import pytest
import trio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from notifyd.v1 import client_pb2 as pb
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.e2e.hostile import COOKIE, ORIGIN, SECRET, App, engine, nothing_left, register
from tests.e2e.patience import within
from tests.e2e.peer import Ended
from tests.e2e.sockets import Refused, websocket
from tests.e2e.witness import undisturbed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.e2e.daemon import Daemon


@cache
def key_pair() -> tuple[str, str]:
    """A private RSA key and its public one, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: bytes, payload: bytes, secret: str = SECRET) -> str:
    """A token of these very bytes, signed as it should be."""
    body = f"{_segment(header)}.{_segment(payload)}"
    return f"{body}.{_segment(hmac.digest(secret.encode(), body.encode(), hashlib.sha256))}"


def bad_tokens(app: App) -> Iterator[str]:
    """Of each kind one or more."""
    claims = {"clientId": app.id, "userId": "alice", "exp": int(time.time()) + 3600}
    good, text = app.token(), msgspec.json.encode(claims)
    head, body, signature = good.split(".")
    yield from (
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        f".{body}.{signature}",
        "..",
        "a.b.c",
    )
    yield from (
        good[:-2],
        good + "AA",
        f"{head}.{body}.{signature[::-1]}",
        f"{good}\u00e9",
        "\u202e" + good,
        " ".join(good),
    )
    for alg in ("none", "None", "nOnE", "NONE", ""):
        yield f"{_segment(msgspec.json.encode({'alg': alg, 'typ': 'JWT'}))}.{body}."
    for alg in ("HS384", "HS512"):
        yield jwt.encode(claims, SECRET * 2, algorithm=alg)
    private, public = key_pair()
    yield jwt.encode(claims, private, algorithm="RS256")
    yield signed(b'{"alg":"RS256"}', text, public)
    yield signed(b'{"alg":"HS256"}', text, public)
    yield signed(b'{"alg":"HS256"}', text, "")
    jwk = {"kty": "oct", "k": _segment(b"mine")}
    for header in ({"jwk": jwk}, {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}, {"kid": "/dev/null"}):
        yield signed(msgspec.json.encode({"alg": "HS256", **header}), text, "mine")
    for raw in (
        b"", b"{}", b"[]", b"null", b'"HS256"', b'{"alg":["HS256"]}', b'{"alg":{"a":1}}', b'{"alg":1}', b"\xff",
        b'{"alg":"HS256","crit":["b64"],"b64":false}', b'{"alg":"HS256","b64":false}', b'{"alg":"HS256","crit":["x"]}',
        b'{"alg":"HS256","x":' + b"[" * 2000 + b"]" * 2000 + b"}", b'{"alg":"HS256","x":' + b"9" * 5000 + b"}",
        b'{"alg":"HS256"', b'{"alg":"\\ud800"}',
    ):  # fmt: skip
        yield signed(raw, text)
    for raw in (b"", b"null", b"[]", b"1", b"\xff\xfe", b"{", b'{"clientId":' + b"[" * 4000, b'"text"'):
        yield signed(b'{"alg":"HS256"}', raw)
    for changes in (
        {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": []}, {"exp": 0}, {"exp": -1e308}, {"exp": 1},
        {"nbf": 4_000_000_000}, {"nbf": "x"}, {"iat": []}, {"iat": 4_000_000_000}, {"clientId": None}, {"clientId": 1},
        {"clientId": [app.id]}, {"clientId": "default"}, {"clientId": ""}, {"clientId": app.id + "\x00"},
        {"userId": ""}, {"userId": []}, {"userId": {}}, {"userId": True}, {"userId": 1.5}, {"userId": 10**30},
        {"userId": "\x00"}, {"userId": "u" * 257}, {"userId": None, "sub": None}, {"userId": None, "sub": ["x"]},
        {"channels": "news"}, {"channels": {}}, {"channels": [1]}, {"channels": ["publish:"]}, {"channels": [""]},
    ):  # fmt: skip
        yield signed(b'{"alg":"HS256"}', msgspec.json.encode({**claims, **changes}))
    yield signed(b'{"alg":"HS256"}', msgspec.json.encode({**claims, "more": "x" * 9000}))
    yield "x" * 7000


async def by_auth(app: App, token: str) -> str:
    """In the CONNECT payload."""
    async with engine(app.daemon) as io:
        answer = await io.connect(app.namespace, {"clientId": app.id, "token": token})
        return str(answer["error"]["data"]["code"])


async def by_query(app: App, token: str) -> str:
    """In the query of the transport's handshake."""
    async with engine(app.daemon, f"&token={quote(token)}") as io:
        return str((await io.connect(app.namespace, None))["error"]["data"]["code"])


async def by_cookie(app: App, token: str) -> str:
    """In the cookie of the client."""
    async with engine(app.daemon, "", f"Cookie: a=b; {COOKIE}={token}", f"Origin: {ORIGIN}") as io:
        return str((await io.connect(app.namespace, None))["error"]["data"]["code"])


async def by_dialect(app: App, token: str) -> str:
    """In the URL of a plain WebSocket."""
    async with websocket(app.daemon.http, f"{app.namespace}?token={quote(token)}") as ws:
        said = await ws.hear()
        assert isinstance(said, str), said
        assert (await ws.ended()).code in (4003, 4004)
        return str(msgspec.json.decode(said)["data"]["code"])


async def by_message(app: App, token: str) -> str:
    """In the plain JSON protocol."""
    async with websocket(app.daemon.ws, "/") as ws:
        await ws.hear()
        await ws.send(msgspec.json.encode({"type": "authenticate", "token": token}).decode())
        said = await ws.hear()
        assert isinstance(said, str), said
        assert isinstance(await ws.hear(), Ended)
        return str(msgspec.json.decode(said)["code"])


async def by_rest(app: App, token: str) -> str:
    """As a bearer token of REST."""
    async with app.daemon.rest() as client:
        # in development mode, a call that no proxy has passed on would be an operator's
        headers = {"Authorization": f"Bearer {token}", "X_Real_IP": "192.0.2.1"}
        reply = await client.call("GET", "/api/v1/users/alice/inbox", **headers)
    assert reply.status in (401, 403), reply
    return str(reply.json["error"]["code"])


async def by_grpc(app: App, token: str) -> str:
    """In the metadata of gRPC."""

    def ask() -> Any:
        with grpc.insecure_channel(app.daemon.grpc) as channel:
            position = {"epoch": "e", "offset": 1}
            call = NotificationServiceStub(channel).AckInbox
            call(pb.AckInboxRequest(position=position), metadata=(("authorization", f"Bearer {token}"),), timeout=10)

    with pytest.raises(grpc.RpcError) as problem:
        await trio.to_thread.run_sync(ask)
    assert problem.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    return str(dict(problem.value.trailing_metadata())["notifyd-code"])  # type: ignore[attr-defined]


ENTRANCES = (by_auth, by_query, by_cookie, by_dialect, by_message, by_rest, by_grpc)


@pytest.mark.parametrize("entrance", ENTRANCES)
@within(60)
async def test_a_token_that_is_none_is_refused(service: Daemon, entrance: Callable[[App, str], Awaitable[str]]) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service):
        for token in bad_tokens(app):
            if entrance in (by_cookie, by_grpc) and not token.isascii():
                continue  # their carriers cannot be made to take it
            code = await entrance(app, token)
            # what does not look like a token at all is taken for another credential by REST and gRPC
            assert "token" in code or code in ("invalid_api_key", "local_only"), (code, token)


@within(60)
async def test_a_good_token_is_let_in_after_all_that(service: Daemon) -> None:
    """The entrances above lead somewhere."""
    app = await register(service)
    async with app.socket() as io:
        assert io.sid
    async with engine(service, "", f"Cookie: {COOKIE}={app.token()}", f"Origin: {ORIGIN}") as io:
        assert "error" not in await io.connect(app.namespace, None)
    async with engine(service, f"&token={app.token()}") as io:
        assert "error" not in await io.connect(app.namespace, None)


@within(60)
async def test_a_cookie_counts_for_the_clients_own_pages_alone(service: Daemon) -> None:
    app = await register(service)
    cookie = f"Cookie: {COOKIE}={app.token()}"
    origins = [
        "https://evil.example",
        "null",
        "",
        f"{ORIGIN}.evil.example",
        f"{ORIGIN}:444",
        "http://app.example",
        "x" * 999,
    ]
    async with undisturbed(service):
        for headers in ([cookie], *([cookie, f"Origin: {origin}"] for origin in origins)):
            async with engine(service, "", *headers) as io:
                answer = await io.connect(app.namespace, None)
                assert answer["error"]["data"]["code"] == "origin_not_allowed", headers
            with pytest.raises(Refused, match="origin_not_allowed"):
                async with websocket(service.http, app.namespace, *headers):
                    pass


@within(60)
async def test_what_stands_in_headers_comes_back_nowhere(service: Daemon) -> None:
    app = await register(service)
    odd = ["a=b\x00c", "=;=;;=", "session", f'{COOKIE}="', f"{COOKIE}=a\tb", "x" * 8000, f"{COOKIE}=\u00ff\u00fe"]
    async with undisturbed(service), nothing_left(service):
        for value in odd:
            async with await trio.open_tcp_stream(*service.http) as stream:
                head = f"GET {app.namespace} HTTP/1.1\r\nHost: localhost\r\nOrigin: {ORIGIN}\r\nConnection: Upgrade\r\n"
                head += (
                    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                )
                await stream.send_all(f"{head}Cookie: {value}\r\n\r\n".encode("latin-1"))
                answer = bytes(await stream.receive_some(65_536))
                assert answer.startswith((b"HTTP/1.1 101 ", b"HTTP/1.1 400 ")), answer
                assert value.encode("latin-1") not in answer
