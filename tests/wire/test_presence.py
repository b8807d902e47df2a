from __future__ import annotations

import json

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, ConnectionId, UserId
from notifyd.model.presence import Member, PresenceChange, PresenceView
from notifyd.wire import presence
from notifyd.wire.socketio.packets import websocket_event

ANN = Member(UserId("ann"), (ConnectionId("c1"), ConnectionId("c2")), 0)
NAMELESS = Member(UserId(""), (ConnectionId("c3"),), 0)
TOLD_ANN = {"userId": "ann", "connectionIds": ["c1", "c2"], "joinedAt": "1970-01-01T00:00:00.000Z"}
CAME = PresenceChange(DEFAULT_CLIENT, 'ro"om', joined=True, member=ANN)
WENT = PresenceChange(ClientId("shop"), 'ro"om', joined=False, member=ANN)


def unframed(frame: bytes, beginning: bytes = b"{") -> bytes:
    return frame[frame.index(beginning) :]


def test_an_answer_tells_counts_and_members() -> None:
    view = PresenceView("room", 5, 7, (ANN, NAMELESS))
    told = json.loads(presence.presence_message(view, "r1"))
    assert told == {
        "type": "presence",
        "channel": "room",
        "memberCount": 5,
        "subscriberCount": 7,
        "members": [TOLD_ANN, {"connectionIds": ["c3"], "joinedAt": "1970-01-01T00:00:00.000Z"}],
        "requestId": "r1",
    }


def test_without_a_request_id_none_is_echoed() -> None:
    assert "requestId" not in json.loads(presence.presence_message(PresenceView("room", 0, 0, ()), None))


@pytest.mark.parametrize(("change", "type_"), [(CAME, "join"), (WENT, "leave")])
def test_a_change_in_the_plain_json_protocol(change: PresenceChange, type_: str) -> None:
    told = json.loads(unframed(presence.change_message(change)))
    assert told == {"type": type_, "channel": 'ro"om', "member": TOLD_ANN}


def test_a_change_as_a_server_sent_event_has_no_id() -> None:
    event, data, *rest = presence.change_event(WENT).decode().split("\n")
    assert (event, rest) == ("event: leave", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {"channel": 'ro"om', "member": TOLD_ANN}


def test_a_change_in_the_dialect() -> None:
    told = json.loads(unframed(presence.change_dialect_frame(CAME)))
    assert told == {"event": "join", "data": {"channel": 'ro"om', "member": TOLD_ANN}}


def test_a_change_on_socketio_goes_to_the_namespace_of_its_client() -> None:
    text = unframed(presence.socketio_changes(websocket_event)(WENT), b"42").decode()
    head, _, packet = text.partition(",")
    assert head == "42/client-shop"
    assert json.loads(packet) == ["leave", {"channel": 'ro"om', "member": TOLD_ANN}]
