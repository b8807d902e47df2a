"""Engine.IO and Socket.IO as texts, and a publication out of an event."""

from typing import Any

import pytest

from notifyctl.listening.subscribing.packets import ACK, EVENT, Packet, decoded, encoded, publication, transport_url


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ('0/client-a,{"sid":"s"}', Packet("0", "/client-a", None, {"sid": "s"})),
        ('2/client-a,17["notification",{}]', Packet(EVENT, "/client-a", 17, ["notification", {}])),
        ("3/client-a,4[]", Packet(ACK, "/client-a", 4, [])),
        ("1/client-a,", Packet("1", "/client-a", None, None)),
        ('2["x"]', Packet(EVENT, "/", None, ["x"])),
    ],
)
def test_packets(text: str, packet: Packet):
    assert decoded(text) == packet


@pytest.mark.parametrize("text", ["", "x", "51-[]", "9[]", "2[", "7/a,[]"])
def test_what_is_no_packet(text: str):
    with pytest.raises(ValueError, match=r"."):
        decoded(text)


def test_a_packet_goes_out_as_it_comes_in():
    packet = Packet(EVENT, "/client-ä", 1, ["subscribe", {"channel": "x,y"}])
    assert decoded(encoded(packet)[1:]) == packet


@pytest.mark.parametrize(
    ("url", "path", "transport"),
    [
        ("http://h:3000/client-a", "/socket.io", "ws://h:3000/socket.io/?EIO=4&transport=websocket"),
        ("https://h", "/ws/", "wss://h/ws/?EIO=4&transport=websocket"),
    ],
)
def test_where_the_transport_is(url: str, path: str, transport: str):
    assert transport_url(url, path) == transport


OURS = {"notificationId": "n", "timestamp": "t"}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"a": 1, **OURS}, {"data": {"a": 1}, "channel": None, "metadata": None}),
        ({"data": "text", **OURS}, {"data": "text"}),
        ({"data": {"a": 1}, **OURS}, {"data": {"data": {"a": 1}}}),
        ({**OURS, "metadata": {"m": 1}}, {"data": {}, "metadata": {"m": 1}}),
        ({"metadata": 1, **OURS}, {"data": {"metadata": 1}, "metadata": None}),
        ({"epoch": 1, **OURS}, {"data": {"epoch": 1}, "epoch": None}),
        (
            {"a": 1, **OURS, "channel": "c", "epoch": "e", "offset": 3, "attempt": 2},
            {"data": {"a": 1}, "channel": "c", "epoch": "e", "offset": 3, "attempt": 2},
        ),
        ({**OURS, "channel": "label"}, {"channel": "label", "epoch": None}),
    ],
)
def test_a_publication(fields: dict[str, Any], found: dict[str, Any]):
    made = publication(fields)
    assert (made["id"], made["timestamp"]) == ("n", "t")
    assert {name: made[name] for name in found} == found
