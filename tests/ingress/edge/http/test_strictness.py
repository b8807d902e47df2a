"""Requests that two readers could understand differently, byte for byte: each is answered and the connection closed."""

from __future__ import annotations

import pytest

from tests.ingress.edge.edge_harness import EchoApp, one_answer, serving, whole_talk

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "two lengths that differ": (400, HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "two lengths that agree": (400, HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
    "a list of lengths": (400, HEAD + b"Content-Length: 1, 1\r\n\r\na"),
    "a negative length": (400, HEAD + b"Content-Length: -1\r\n\r\n"),
    "a signed length": (400, HEAD + b"Content-Length: +1\r\n\r\na"),
    "a hexadecimal length": (400, HEAD + b"Content-Length: 0x1\r\n\r\na"),
    "an empty length": (400, HEAD + b"Content-Length:\r\n\r\n"),
    "a length with a space inside": (400, HEAD + b"Content-Length: 1 1\r\n\r\na"),
    "a length beyond counting": (400, HEAD + b"Content-Length: 99999999999999999999\r\n\r\n"),
    "a length beyond reason": (413, HEAD + b"Content-Length: 999999999999999999\r\n\r\n"),
    "length with chunked": (400, HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked with length": (400, HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    "length with chunked in another case": (400, HEAD + b"content-LENGTH: 5\r\ntransfer-ENCODING: Chunked\r\n\r\n"),
    "an unknown coding": (501, HEAD + b"Transfer-Encoding: nonsense\r\n\r\n"),
    "a coding before chunked": (501, HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked before another coding": (400, HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "chunked twice": (400, HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "chunked twice in two lines": (400, HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "chunked, then identity": (400, HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"),
    "an empty coding": (400, HEAD + b"Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n"),
    "almost chunked": (501, HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "quoted chunked": (501, HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n'),
    "chunked behind a vertical tab": (400, HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "chunked with HTTP/1.0": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a bare CR in a value": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n"),
    "a bare CR as line end": (400, b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
    "a bare LF as line end": (400, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "bare LF everywhere": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "a bare LF after the request line": (400, b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    "CR CR LF": (400, b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    "a CR before a header": (400, b"GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"),
    "a folded line": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),
    "a line folded with a tab": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n"),
    "a folded Transfer-Encoding": (400, HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "white space before the first header": (400, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    "a space before the colon": (400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    "a space inside a name": (400, b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: b\r\n\r\n"),
    "a header without a name": (400, b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
    "a header without a colon": (400, b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
    "brackets in a name": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX[]: b\r\n\r\n"),
    "a name beyond ASCII": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: b\r\n\r\n"),
    "a NUL in a value": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n"),
    "a NUL in a name": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX\x00: b\r\n\r\n"),
    "a control character in a value": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x07\r\n\r\n"),
    "a DEL in a value": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n"),
    "no Host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    "two Hosts with HTTP/1.0": (400, b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    "a list of Hosts": (400, b"GET / HTTP/1.1\r\nHost: a, b/c\r\n\r\n"),
    "a Host with a space": (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "a Host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "a Host with a user": (400, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    "a Host with a bad port": (400, b"GET / HTTP/1.1\r\nHost: a:http\r\n\r\n"),
    "a Host with a port beyond counting": (400, b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    "an empty Host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "a Host that is a port alone": (400, b"GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
    "two Hosts joined": (400, b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    "brackets without an address": (400, b"GET / HTTP/1.1\r\nHost: []\r\n\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "HTTP/9.9": (505, b"GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
    "HTTP/3": (505, b"GET / HTTP/3\r\nHost: a\r\n\r\n"),
    "the preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/0.9": (400, b"GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
    "HTTP/1.11": (400, b"GET / HTTP/1.11\r\nHost: a\r\n\r\n"),
    "http in small letters": (400, b"GET / http/1.1\r\nHost: a\r\n\r\n"),
    "another protocol": (400, b"GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
    "no version": (400, b"GET /\r\nHost: a\r\n\r\n"),
    "no version, alone": (400, b"GET /\r\n"),
    "no target": (400, b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two spaces": (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a tab for a space": (400, b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a space behind the version": (400, b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    "a space before the method": (400, b" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two empty lines before": (400, b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a space in the target": (400, b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a fragment": (400, b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a target beyond ASCII": (400, b"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a relative target": (400, b"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an asterisk with GET": (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an absolute target without a host": (400, b"GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an absolute target with a port alone": (400, b"GET http://:80/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an absolute target with a user": (400, b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "another scheme": (400, b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT": (501, b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT with a path": (501, b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"),
    "an unknown expectation": (417, HEAD + b"Expect: 200-ok\r\nContent-Length: 1\r\n\r\n"),
    "a chunk size that is none": (400, CHUNKED + b"Z\r\nhello\r\n0\r\n\r\n"),
    "an empty chunk size": (400, CHUNKED + b"\r\nhello\r\n0\r\n\r\n"),
    "a negative chunk size": (400, CHUNKED + b"-1\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with 0x": (400, CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size behind a space": (400, CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size before a space": (400, CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n"),
    "a chunk size beyond counting": (400, CHUNKED + b"fffffffffffffffff\r\n"),
    "a chunk size of 16 digits": (400, CHUNKED + b"ffffffffffffffff\r\n"),
    "a chunk size with a bare LF": (400, CHUNKED + b"5\nhello\r\n0\r\n\r\n"),
    "a chunk without an end": (400, CHUNKED + b"5\r\nhello0\r\n\r\n"),
    "a chunk longer than said": (400, CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n"),
    "a chunk ended by a bare LF": (400, CHUNKED + b"5\r\nhello\n0\r\n\r\n"),
    "a chunk extension without a name": (400, CHUNKED + b"5;\r\nhello\r\n0\r\n\r\n"),
    "a chunk extension without a value": (400, CHUNKED + b"5;a=\r\nhello\r\n0\r\n\r\n"),
    "a chunk extension with two names": (400, CHUNKED + b"5;a b\r\nhello\r\n0\r\n\r\n"),
    "a chunk extension with an open quote": (400, CHUNKED + b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    "a chunk extension beyond its quotes": (400, CHUNKED + b'5;a="b"c\r\nhello\r\n0\r\n\r\n'),
    "a chunk larger than a body may be": (413, CHUNKED + b"100001\r\n"),
    "a control in a chunk extension": (400, CHUNKED + b"5;a=\x01\r\nhello\r\n0\r\n\r\n"),
    "a bare LF in a chunk extension": (400, CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    "a long chunk extension": (400, CHUNKED + b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n"),
    "chunk extensions without end": (400, CHUNKED + (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 30),
    "a folded trailer": (400, CHUNKED + b"0\r\nX: a\r\n b\r\n\r\n"),
    "a trailer with a bare LF": (400, CHUNKED + b"0\r\nX: a\n\r\n"),
    "trailers without end": (431, CHUNKED + b"0\r\n" + b"X: a\r\n" * 3000),
    "a long target": (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a target without end": (414, b"GET /" + b"a" * 20000),
    "a long method": (501, b"A" * 65 + b" / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a method without end": (400, b"A" * 20000),
    "a large head": (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000 + b"\r\n\r\n"),
    "a head without end": (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000),
    "many headers": (431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n"),
    "a large body": (413, HEAD + b"Content-Length: 1048577\r\n\r\n"),
}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("name", REFUSED)
async def test_is_refused(name: str) -> None:
    status, data = REFUSED[name]
    app = EchoApp()
    talk = await whole_talk(data + SMUGGLED, app=app)
    assert talk.startswith(b"HTTP/1.1 %d " % status), talk
    assert talk.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in talk
    assert app.requests == []


ACCEPTED = {
    "an empty value": b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \r\n\r\n",
    "tabs around a value": b"GET / HTTP/1.1\r\nhOST:\ta\t\r\n\r\n",
    "a Host with a port": b"GET / HTTP/1.1\r\nHost: a.b-c:8080\r\n\r\n",
    "an IPv6 Host": b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    "an address of the future": b"GET / HTTP/1.1\r\nHost: [v1.a:b+c]\r\n\r\n",
    "a chunk extension with spaces": CHUNKED + b"5 ; a = b\t;c\r\nhello\r\n0\r\n\r\n",
    "a quoted chunk extension": CHUNKED + b'5;a="b\\"\xe9;\t";c\r\nhello\r\n0\r\n\r\n',
    "obs-text in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: \xe4\xff\r\n\r\n",
    "an empty line before": b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target": b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target without a path": b"GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method of its own": b"FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "no Host with HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n",
    "a length of nothing": HEAD + b"Content-Length: 0\r\n\r\n",
    "a length with zeros before": HEAD + b"Content-Length: 0005\r\n\r\nhello",
    "Chunked in large letters": HEAD + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
    "a chunk extension": CHUNKED + b'5;name="va lue"\r\nhello\r\n0;x\r\n\r\n',
    "a chunk size with zeros before": CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n",
    "trailers": CHUNKED + b"5\r\nhello\r\n0\r\nX: a\r\nY: b\r\n\r\n",
    "another upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_is_accepted_whole(name: str) -> None:
    assert (await one_answer(ACCEPTED[name])).status == 200


@pytest.mark.parametrize("name", ACCEPTED)
async def test_is_accepted_byte_by_byte_and_the_next_request_too(name: str) -> None:
    data = ACCEPTED[name].replace(b"HTTP/1.0\r\n", b"HTTP/1.0\r\nConnection: keep-alive\r\n")
    async with serving() as served, served.connect() as peer:
        for place in range(len(data)):
            await peer.send(data[place : place + 1])
        assert (await peer.answer()).status == 200
        assert (await peer.ask(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")).status == 200
        assert served.app.requests[-1].path == "/next"


@pytest.mark.parametrize("size", range(1, len(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r")))
async def test_a_part_of_a_head_is_waited_for(size: int) -> None:
    whole = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with serving() as served, served.connect() as peer, served.connect() as other:
        await peer.send(whole[:size])
        assert (await other.ask(whole)).status == 200  # by now the part was looked at
        assert (await peer.ask(whole[size:])).status == 200


async def test_the_host_of_an_absolute_target_stands() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.ask(b"GET http://real:81/p?q HTTP/1.1\r\nHost: claimed\r\nX: 1\r\n\r\n")
        request = served.app.requests[0]
        assert request.header_all(b"host") == [b"real:81"]
        assert (request.path, request.query, request.header(b"x")) == ("/p", b"q", b"1")
