"""The packets and namespaces of one transport."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.wire.socketio.engineio import PacketInvalid
from notifyd.wire.socketio.packets import ACK, EVENT, Packet, PacketLimits
from notifyd.wire.socketio.session import SocketIoRules, SocketIoSession, What

RULES = SocketIoRules(
    connect_timeout_seconds=45, max_namespaces=2, packets=PacketLimits(max_attachments=3, max_attachment_bytes=10)
)
PLACEHOLDER = '{"_placeholder":true,"num":%d}'


def session(*namespaces: str) -> SocketIoSession[str]:
    opened: SocketIoSession[str] = SocketIoSession(RULES, now=100.0)
    for namespace in namespaces:
        opened.accept(namespace, "socket of " + namespace)
    return opened


def test_a_namespace_comes_and_goes() -> None:
    talk = session()
    assert talk.receive_text(b'0/a,{"x":1}') == (What.CONNECT, Packet(0, "/a", data={"x": 1}))
    talk.accept("/a", "socket")
    assert talk.receive_text(b'2/a,["e",1]') == (What.EVENT, Packet(EVENT, "/a", data=["e", 1]))
    assert talk.receive_text(b"3/a,7[]").what is What.ACK
    assert talk.receive_text(b"1/a,").what is What.DISCONNECT
    assert talk.leave("/a", now=100.0, by_peer=True) == "socket"
    assert talk.leave("/a", now=100.0, by_peer=True) is None
    with pytest.raises(PacketInvalid):
        talk.receive_text(b'2/a,["e",1]')


def test_the_time_without_a_namespace_is_bounded() -> None:
    talk = session()
    assert talk.due == 145.0
    assert [talk.on_deadline(now=144.9), talk.on_deadline(now=145.0)] == [False, True]
    talk.accept("/a", "")
    assert talk.due == math.inf
    talk.accept("/b", "")
    talk.leave("/a", now=200.0, by_peer=True)
    assert talk.due == math.inf
    talk.leave("/b", now=200.0, by_peer=False)
    assert talk.due == 245.0


@pytest.mark.parametrize("text", [b'2["e"]', b"3[]", b"1", b"x", b"4{}", b"0/a"])
def test_what_does_not_fit(text: bytes) -> None:
    with pytest.raises(PacketInvalid):
        session("/a").receive_text(text)


def test_namespaces_are_bounded() -> None:
    talk = session("/a", "/b")
    assert talk.receive_text(b"0/c").what is What.TOO_MANY
    talk.leave("/a", now=1.0, by_peer=True)
    assert talk.receive_text(b"0/c").what is What.CONNECT


def test_what_is_under_way_to_a_namespace_that_we_ended_is_let_pass() -> None:
    talk = session("/a", "/b")
    talk.leave("/a", now=1.0, by_peer=False)
    for text in (b'2/a,["e"]', b"3/a,1[]", b"1/a,"):
        assert talk.receive_text(text).what is What.NOTHING
    assert talk.receive_text(b"0/a").what is What.CONNECT
    with pytest.raises(PacketInvalid):
        talk.receive_text(b'2/a,["e"]')


def test_what_is_remembered_of_ended_namespaces_is_bounded() -> None:
    talk = session()
    for name in ("/a", "/b", "/c"):
        talk.accept(name, "")
        talk.leave(name, now=1.0, by_peer=False)
    assert talk.receive_text(b"1/b").what is What.NOTHING
    with pytest.raises(PacketInvalid):
        talk.receive_text(b"1/c")


def test_attachments_take_their_places() -> None:
    talk = session("/")
    assert talk.receive_text(f'52-["e",{PLACEHOLDER % 1},{PLACEHOLDER % 0}]'.encode()).what is What.NOTHING
    assert talk.receive_binary(b"0").what is What.NOTHING
    assert talk.receive_binary(b"1") == (What.EVENT, Packet(EVENT, data=["e", b"1", b"0"], attachments=2))
    talk.receive_text(f"61-5[{PLACEHOLDER % 0}]".encode())
    assert talk.receive_binary(b"") == (What.ACK, Packet(ACK, id=5, data=[b""], attachments=1))


def test_attachments_follow_at_once_and_only_then() -> None:
    talk = session("/")
    with pytest.raises(PacketInvalid):
        talk.receive_binary(b"x")
    talk.receive_text(f'51-["e",{PLACEHOLDER % 0}]'.encode())
    with pytest.raises(PacketInvalid):
        talk.receive_text(b'2["e"]')


def test_attachments_are_bounded_together() -> None:
    talk = session("/")
    talk.receive_text(f'52-["e",{PLACEHOLDER % 0},{PLACEHOLDER % 1}]'.encode())
    talk.receive_binary(b"x" * 10)
    with pytest.raises(PacketInvalid):
        talk.receive_binary(b"y")


def test_attachments_of_a_namespace_that_is_not_connected() -> None:
    talk = session("/")
    talk.receive_text(f'51-/a,["e",{PLACEHOLDER % 0}]'.encode())
    with pytest.raises(PacketInvalid):
        talk.receive_binary(b"")


LINES = st.sampled_from(
    [
        b"0",
        b"0/a",
        b"0/b,{}",
        b"1",
        b"1/a,",
        b'2["e"]',
        b'2/a,1["e"]',
        b"37[]",
        b'51-["e",{"_placeholder":true,"num":0}]',
    ]
)


@given(st.lists(st.tuples(st.booleans(), LINES | st.binary(max_size=12))))
def test_whatever_comes_is_judged_or_refused(messages: list[tuple[bool, bytes]]) -> None:
    talk = session()
    for is_text, data in messages:
        try:
            what, packet = talk.receive_text(data) if is_text else talk.receive_binary(data)
        except PacketInvalid:
            return
        if what is What.CONNECT:
            talk.accept(packet.namespace, "")
        elif what is What.DISCONNECT:
            assert talk.leave(packet.namespace, now=1.0, by_peer=True) is not None
        assert len(talk.sockets) <= 2
        assert what in (What.NOTHING, What.TOO_MANY, What.CONNECT, What.DISCONNECT) or packet.namespace in talk.sockets
