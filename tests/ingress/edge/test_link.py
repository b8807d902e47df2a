"""Links: what the edge does over TLS, and what it cannot know of TLS."""

from __future__ import annotations

import socket
import ssl
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.ingress.edge.link import SocketLink, TlsLink
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.edge_harness import GET, EchoApp, RawPeer, serving, text

if TYPE_CHECKING:
    from pathlib import Path

TLS_SIDES = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TLS_SIDES:
    """Contexts of a server with a certificate of its own and of a client that trusts it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


async def secure(port: int, context: ssl.SSLContext) -> RawPeer:
    plain = await trio.open_tcp_stream("127.0.0.1", port)
    stream = trio.SSLStream(plain, context, server_hostname="localhost", https_compatible=True)
    await stream.do_handshake()
    return RawPeer(stream)


async def test_http_over_tls(tls: TLS_SIDES) -> None:
    async with serving(tls=tls[0]) as served:
        peer = await secure(served.port, tls[1])
        for body in (b"hello", bytes(300_000)):
            answer = await peer.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            assert answer.body == body
        assert served.app.requests[0].secure
        await peer.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert (await peer.answer()).status == 200
        assert await peer.rest() == b""
        await trio.aclose_forcefully(peer.stream)


async def test_websocket_over_tls(tls: TLS_SIDES) -> None:
    async with serving(tls=tls[0]) as served:
        peer = await secure(served.port, tls[1])
        await peer.upgrade(first=text(b"early"))
        assert await peer.frame() == (0x81, b"early")
        for number in range(100):
            await peer.send(text(b"%d" % number))
        for number in range(100):
            assert await peer.frame() == (0x81, b"%d" % number)
        await trio.aclose_forcefully(peer.stream)
        await served.app.recorder.gone.wait()


async def test_a_large_answer_over_tls_to_a_slow_reader(tls: TLS_SIDES) -> None:
    app = EchoApp()
    large = bytes(index % 251 for index in range(5_000_000))
    app.answer = lambda request: Answer(200, large)
    async with serving(app, tls=tls[0]) as served:
        peer = await secure(served.port, tls[1])
        await peer.send(GET + GET)
        await served.until(lambda: served.server.counts.requests == 2)
        assert (await peer.answer()).body == large
        assert (await peer.answer()).body == large
        await trio.aclose_forcefully(peer.stream)


@pytest.mark.parametrize("data", [GET, b"\x16\x03\x01" + bytes(200)])
async def test_what_is_no_tls_is_dropped(tls: TLS_SIDES, data: bytes) -> None:
    async with serving(tls=tls[0]) as served, served.connect() as peer:
        await peer.send(data)
        assert b"HTTP" not in await peer.rest()
        await served.until(lambda: served.server.counts.open == 0)


async def test_a_handshake_that_does_not_end_is_dropped(tls: TLS_SIDES) -> None:
    async with serving(tls=tls[0], http={"head_timeout_seconds": 0.1}) as served, served.connect() as peer:
        await peer.send(b"\x16\x03\x01\x02\x00")
        assert await peer.rest() == b""


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def test_a_plain_link() -> None:
    ours, theirs = pair()
    link = SocketLink(ours)
    assert link.receive() is None
    theirs.send(b"hi")
    assert link.receive() == b"hi"
    assert link.send(b"you") == 3
    assert theirs.recv(10) == b"you"
    link.end()
    assert theirs.recv(10) == b""
    theirs.close()
    assert link.receive() == b""
    ours.close()


async def test_a_wake_reaches_who_waits_and_closing_twice_is_harmless() -> None:
    ours, theirs = pair()
    link = SocketLink(ours)
    with theirs, trio.fail_after(20):
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await link.readable()

            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            link.wake()
        link.close(reset=True)
        link.close()
        link.wake()
        link.end()


def test_sealed_bytes_that_the_kernel_refuses_are_told_as_taken_once(tls: TLS_SIDES) -> None:
    ours, theirs = pair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    link = TlsLink(ours, tls[0])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls[1].wrap_bio(incoming, outgoing, server_hostname="localhost")

    def pump() -> None:
        if outgoing.pending:
            theirs.send(outgoing.read())
        link.receive()
        with suppress(BlockingIOError):
            incoming.write(theirs.recv(1_000_000))

    while client.version() is None:
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        pump()
    message, sent, received = bytes(index % 251 for index in range(200_000)), 0, b""
    while len(received) < len(message):
        if sent < len(message):
            with suppress(BlockingIOError):
                sent += link.send(message[sent:])
        pump()
        with suppress(ssl.SSLWantReadError):
            received += client.read(65536)
    assert (sent, received) == (len(message), message)
    ours.close()
    theirs.close()
