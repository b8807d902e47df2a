"""RFC 6455 on a live connection, frame by frame."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.wire.websocket.frames import binary_frame, close_frame, ping_frame, pong_frame, text_frame
from tests.ingress.edge.edge_harness import (
    EchoApp,
    RawPeer,
    Recorder,
    masked,
    raw_frame,
    serving,
    text,
)

CONTINUED, TEXT_PART, BINARY_PART = 0x00, 0x01, 0x02
LAST = 0x80


async def echoed(peer: RawPeer, payload: bytes) -> None:
    assert await peer.frame() == (0x81, payload)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 100_000])
async def test_messages_of_every_length_come_back(size: int) -> None:
    payload = bytes(index % 100 for index in range(size))
    async with serving(websocket={"max_message_bytes": 100_000}) as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(masked(binary_frame(payload)))
        assert await peer.frame() == (0x82, payload)
        await peer.send(text(payload))
        await echoed(peer, payload)


async def test_frames_that_came_with_the_handshake_are_served() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade(first=text(b"early") + text(b"bird"))
        await echoed(peer, b"early")
        await echoed(peer, b"bird")


async def test_a_conversation_byte_by_byte() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        for byte in text("grüße".encode()) + masked(ping_frame(b"x")) + text(b"end"):
            await peer.send(bytes((byte,)))
        await echoed(peer, "grüße".encode())
        assert await peer.frame() == (0x8A, b"x")
        await echoed(peer, b"end")


async def test_what_is_answered_at_once_is_one_write() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(b"".join(text(b"%d" % n) for n in range(100)))
        data = await peer.stream.receive_some(65536)
        assert data == b"".join(text_frame(b"%d" % n) for n in range(100))


async def test_messages_without_end_are_all_answered_in_order() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade(first=b"".join(text(b"%d" % n) for n in range(5000)))
        for number in range(5000):
            await echoed(peer, b"%d" % number)


async def test_fragments_with_control_frames_in_between() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(raw_frame(TEXT_PART, b"frag") + masked(ping_frame(b"1")) + raw_frame(CONTINUED, b"men"))
        assert await peer.frame() == (0x8A, b"1")
        await peer.send(
            masked(pong_frame(b"p")) + raw_frame(CONTINUED) + raw_frame(LAST | CONTINUED, b"ted") + text(b"whole")
        )
        await echoed(peer, b"fragmented")
        await echoed(peer, b"whole")
        assert served.app.recorder.pongs == [b"p"]


async def test_a_character_may_be_split_between_fragments() -> None:
    snowman = "☃".encode()
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(raw_frame(TEXT_PART, snowman[:1]) + raw_frame(LAST, snowman[1:]))
        await echoed(peer, snowman)


async def test_ping_is_answered_with_its_payload() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        for payload in (b"", b"hello", bytes(125)):
            await peer.send(masked(ping_frame(payload)))
            assert await peer.frame() == (0x8A, payload)


BROKEN = {
    "an unmasked frame": (1002, text_frame(b"hi")),
    "an unmasked control frame": (1002, ping_frame()),
    "RSV1": (1002, raw_frame(0xC1, b"hi")),
    "RSV2": (1002, raw_frame(0xA1, b"hi")),
    "RSV3": (1002, raw_frame(0x91, b"hi")),
    "RSV on a ping": (1002, raw_frame(0xD9)),
    **{
        f"the reserved opcode {code:x}": (1002, raw_frame(LAST | code, b"hi"))
        for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "a long ping": (1002, masked(b"\x89\x7e\x00\x7e" + bytes(126))),
    "a long close": (1002, masked(b"\x88\x7e\x00\x80\x03\xe8" + bytes(126))),
    "a fragmented ping": (1002, raw_frame(0x09)),
    "a fragmented close": (1002, raw_frame(0x08)),
    "a continuation of nothing": (1002, raw_frame(LAST | CONTINUED, b"hi")),
    "an open continuation of nothing": (1002, raw_frame(CONTINUED, b"hi")),
    "a text amid a message": (1002, raw_frame(TEXT_PART, b"a") + text(b"b")),
    "a binary amid a text": (1002, raw_frame(TEXT_PART, b"a") + raw_frame(LAST | BINARY_PART, b"b")),
    "a length of two bytes where one does": (1002, masked(b"\x82\x7e\x00\x05hello")),
    "a length of eight bytes where two do": (1002, masked(b"\x82\x7f" + (5).to_bytes(8, "big") + b"hello")),
    "a length with its highest bit set": (1002, masked(b"\x82\x7f\x80" + bytes(7))),
    "text that is not UTF-8": (1007, text(b"a\xff")),
    "text that ends inside a character": (1007, text("ü".encode()[:1])),
    "a surrogate": (1007, text(b"\xed\xa0\x80")),
    "an overlong character": (1007, text(b"\xc0\xaf")),
    "a character beyond Unicode": (1007, text(b"\xf4\x90\x80\x80")),
    "a fragment that cannot become UTF-8": (1007, raw_frame(TEXT_PART, b"a\xff")),
    "a frame that cannot become UTF-8, unfinished": (1007, text(b"\xff" + bytes(1000))[:500]),
    "a message over the limit": (1009, masked(binary_frame(bytes(2001)))),
    "a head that promises more than the limit": (1009, masked(binary_frame(bytes(2001)))[:8]),
    "fragments over the limit": (
        1009,
        masked(b"\x02" + binary_frame(bytes(1500))[1:]) + masked(b"\x80" + binary_frame(bytes(600))[1:]),
    ),
    "an enormous frame": (1009, b"\x82\xff\x00\x00\x40" + bytes(5) + b"abcd"),
    "a close of one byte": (1002, raw_frame(0x88, b"\x03")),
    "a close whose reason is not UTF-8": (1007, raw_frame(0x88, b"\x03\xe8\xff")),
    **{
        f"the close code {code}": (1002, masked(close_frame(code)))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_rule_is_answered_with_its_code(name: str) -> None:
    code, data = BROKEN[name]
    async with serving(websocket={"max_message_bytes": 2000}) as served, served.connect() as peer:
        await peer.upgrade(first=text(b"before"))
        await echoed(peer, b"before")
        await peer.send(data)
        assert await peer.closed_with() == code
        assert served.app.recorder.ended is not None
        assert served.app.recorder.ended[0] == code


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999]
)
async def test_the_close_of_a_peer_is_echoed(code: int) -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(masked(close_frame(code, "why")))
        assert await peer.frame() == (0x88, code.to_bytes(2, "big") + b"why")
        assert await peer.rest() == b""
        assert served.app.recorder.ended == (code, "why")


async def test_an_empty_close_is_echoed_empty() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(masked(close_frame(None)))
        assert await peer.frame() == (0x88, b"")
        assert await peer.rest() == b""
        assert served.app.recorder.ended == (1005, "")


async def test_nothing_behind_a_close_is_served() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await peer.send(masked(close_frame(1000)) + text(b"late") + masked(ping_frame()))
        assert await peer.frame() == (0x88, b"\x03\xe8")
        assert await peer.rest() == b""
        assert served.app.recorder.received == []


async def test_our_close_waits_for_the_echo_and_ignores_what_was_under_way() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await served.until(lambda: hasattr(served.app.recorder, "ws"))
        served.app.recorder.ws.close(4005, "kicked")
        assert served.app.recorder.ws.closing
        assert await peer.frame() == (0x88, b"\x0f\xa5kicked")
        await peer.send(text(b"under way") + masked(ping_frame()) + masked(close_frame(4005)))
        assert await peer.rest() == b""
        assert served.app.recorder.ended == (4005, "kicked")
        assert served.app.recorder.received == []


async def test_our_close_does_not_wait_for_ever() -> None:
    async with serving(websocket={"close_timeout_seconds": 0.1}) as served, served.connect() as peer:
        await peer.upgrade()
        await served.until(lambda: hasattr(served.app.recorder, "ws"))
        served.app.recorder.ws.close(1001, "going away")
        assert (await peer.frame())[0] == 0x88
        assert await peer.rest() == b""


async def test_after_our_close_nothing_is_written() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await served.until(lambda: hasattr(served.app.recorder, "ws"))
        ws = served.app.recorder.ws
        ws.close(1000)
        ws.close(1001)
        assert ws.put(text_frame(b"dropped"))
        assert await peer.frame() == (0x88, b"\x03\xe8")
        await peer.send(masked(close_frame(1000)))
        assert await peer.rest() == b""


async def test_an_abort_is_at_once() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await served.until(lambda: hasattr(served.app.recorder, "ws"))
        served.app.recorder.ws.abort()
        assert await peer.rest() == b""
        assert served.app.recorder.ended == (1006, "")


async def test_a_peer_that_vanishes_is_1006() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await trio.aclose_forcefully(peer.stream)
        await served.app.recorder.gone.wait()
        assert served.app.recorder.ended == (1006, "")
        await served.until(lambda: served.server.counts.open == 0)


async def test_ping_and_its_pong() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.upgrade()
        await served.until(lambda: hasattr(served.app.recorder, "ws"))
        assert served.app.recorder.ws.ping(b"42")
        assert await peer.frame() == (0x89, b"42")
        await peer.send(masked(pong_frame(b"42")))
        await served.until(lambda: served.app.recorder.pongs == [b"42"])


async def test_slow_commands_are_awaited_in_order() -> None:
    class Slow(Recorder):
        async def slowly(self, payload: bytes) -> None:
            await trio.lowlevel.checkpoint()
            self.received.append(payload)
            self.ws.put(text_frame(payload))

        def text(self, payload: bytes) -> Any:
            return self.slowly(payload) if payload.startswith(b"slow") else super().text(payload)

    app = EchoApp()
    app.recorder = Slow()
    async with serving(app) as served, served.connect() as peer:
        await peer.upgrade()
        messages = [b"slow 1", b"2", b"slow 3", b"4", b"5"]
        await peer.send(b"".join(text(message) for message in messages))
        for message in messages:
            await echoed(peer, message)


async def test_a_handler_that_fails_closes_with_1011() -> None:
    class Broken(Recorder):
        def text(self, payload: bytes) -> Any:
            raise RuntimeError

        def binary(self, payload: bytes) -> Any:
            return self.fail()

        async def fail(self) -> None:
            raise RuntimeError

    for frame in (text(b"x"), masked(binary_frame(b"x"))):
        app = EchoApp()
        app.recorder = Broken()
        with capture_logs() as logs:
            async with serving(app) as served, served.connect() as peer:
                await peer.upgrade()
                await peer.send(frame)
                assert await peer.closed_with() == 1011
        assert [line["event"] for line in logs] == ["websocket_handler_failed"]


async def test_a_peer_that_floods_with_pings_and_does_not_read_is_cut_off_alone() -> None:
    settings = {"outbox_bytes": 10_000, "close_timeout_seconds": 0.1}
    async with serving(websocket=settings) as served, served.connect() as flooding, served.connect() as other:
        await flooding.upgrade()
        pings = masked(ping_frame(bytes(125))) * 1000
        with pytest.raises(trio.BrokenResourceError):
            await flooding.send_for_ever(pings)
        await other.upgrade(first=text(b"still here"))
        await echoed(other, b"still here")
        await served.app.recorder.gone.wait()
        assert served.app.recorder.ended == (4008, "slow consumer: reconnect and resume")


async def test_a_slow_consumer_is_told_and_closed_once_it_reads() -> None:
    async with serving(websocket={"outbox_bytes": 1_000_000}) as served, served.connect() as peer:
        await peer.upgrade()
        await served.until(lambda: hasattr(served.app.recorder, "ws"))
        ws, frame, taken = served.app.recorder.ws, binary_frame(bytes(50_000)), 0
        while ws.put(frame):
            taken += 1
        assert ws.pending_bytes <= 1_000_000
        ws.close(4008, "slow")
        for _ in range(taken):
            assert (await peer.frame())[0] == 0x82
        assert await peer.closed_with() == 4008
        assert ws.sent_bytes > taken * len(frame)
