"""Users over the admin socket: their devices, inboxes, connections, and notifications to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.ingress.rpc.link import StreamLink
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import PublishRequest
from tests.ingress.rpc.house import listen, tell
from tests.ingress.rpc.node import collect

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from tests.ingress.rpc.house import House

in_thread = trio.to_thread.run_sync
TOKEN = "the-push-token-of-a-phone-which-is-quite-long"


def connected(house: House, user_id: str) -> Connection:
    """A connection of a user, which receives the inbox."""
    connection = house.node.connector.admit(StreamLink("rpc", limit_bytes=1 << 20))
    house.node.connector.enter(connection, house.node.connector.token_principal(house.node.token(user_id)))
    house.node.inboxes.go_live(connection, house.node.inboxes.check(connection).position)
    return connection


async def kept(house: House, *users: str, data_json: str = "1") -> str:
    """Accept one notification to users, and wait until it is in their inboxes."""
    accepted = await tell(house, *users, data_json=data_json)
    request = pb.GetNotificationRequest(id=accepted.notification_id)
    while True:
        if (await house.ask("GetNotification", request)).state != "waiting":
            return str(accepted.notification_id)


async def test_a_device_is_registered_listed_and_removed(house: House) -> None:
    made = await house.ask("RegisterDevice", pb.RegisterDeviceRequest(user_id="ann", fcm_token=TOKEN))
    assert (made.client_id, made.user_id, made.token_hint) == ("default", "ann", "e-long")
    await house.ask("RegisterDevice", pb.RegisterDeviceRequest(user_id="bob", fcm_token="other"))
    listed = await house.ask("ListDevices", pb.ListDevicesRequest(user_id="ann"))
    assert list(listed.devices) == [made]
    assert len((await house.ask("ListDevices", pb.ListDevicesRequest(limit=1))).devices) == 1
    removed = await house.ask("RemoveDevice", pb.RemoveDeviceRequest(id=made.id))
    assert removed == made
    refusal = await house.refusal("RemoveDevice", pb.RemoveDeviceRequest(id=made.id))
    assert (refusal.status, refusal.code) == ("NOT_FOUND", "device_not_found")


async def test_devices_of_another_client_are_out_of_reach(house: House) -> None:
    client_id = await house.node.client()
    made = await house.ask("RegisterDevice", pb.RegisterDeviceRequest(user_id="ann", fcm_token=TOKEN))
    assert not (await house.ask("ListDevices", pb.ListDevicesRequest(client_id=client_id))).devices
    request = pb.RemoveDeviceRequest(client_id=client_id, id=made.id)
    assert (await house.refusal("RemoveDevice", request)).status == "NOT_FOUND"


async def test_inboxes_are_listed(house: House) -> None:
    await kept(house, "ann", "bob")
    await kept(house, "ann")
    connected(house, "ann")
    listed = (await house.ask("ListInboxes", pb.ListInboxesRequest(prefix="a"))).inboxes
    assert [(box.user_id, box.notifications, box.undelivered, box.cursor) for box in listed] == [("ann", 2, 2, 0)]
    assert (listed[0].position.offset, listed[0].connections, listed[0].HasField("last_at")) == (2, 1, True)
    assert len((await house.ask("ListInboxes", pb.ListInboxesRequest(limit=1))).inboxes) == 1
    stats = await house.ask("GetStats", pb.GetStatsRequest())
    assert (stats.inbox_users, stats.inbox_notifications) == (2, 3)
    assert stats.inbox_bytes > 0


async def test_the_receipt_tells_of_each_user(house: House) -> None:
    connection = connected(house, "ann")
    identifier = await kept(house, "ann", "bob")
    house.node.inboxes.ack(connection, identifier)
    receipt = await house.ask("GetNotification", pb.GetNotificationRequest(id=identifier))
    rows = [(row.user_id, row.state, row.connections) for row in receipt.users]
    assert rows == [("ann", "delivered", 1), ("bob", "stored", 0)]
    assert (receipt.kind, receipt.delivered, receipt.stored, receipt.arrived) == ("users", 1, 1, 1)


@pytest.mark.parametrize(("users", "code"), [((), "no_users"), (("",), "invalid_user"), (("a\n",), "invalid_user")])
async def test_users_have_to_be_named(house: House, users: tuple[str, ...], code: str) -> None:
    request = PublishRequest(data_json="1")
    request.target.users.user_ids.extend(users)
    request.target.users.SetInParent()
    assert (await house.refusal("Publish", request)).code == code


async def test_an_inbox_is_watched_from_its_cursor_on(house: House) -> None:
    await kept(house, "ann", data_json='"before"')
    stream = listen(house, user_id="ann")
    opening, before = await in_thread(collect, stream, 2)
    assert (opening.subscribed.channel, opening.subscribed.position.offset) == ("", 1)
    await kept(house, "bob")
    await kept(house, "ann", data_json='"now"')
    now = await in_thread(next, stream)
    found = [(event.publication.data_json, event.publication.user_id) for event in (before, now)]
    assert found == [('"before"', "ann"), ('"now"', "ann")]
    assert (now.publication.position.offset, now.publication.HasField("channel")) == (2, False)
    stream.cancel()


async def test_who_watches_an_inbox_is_nobody_to_the_user(house: House) -> None:
    stream = listen(house, user_id="ann")
    await in_thread(next, stream)
    identifier = await kept(house, "ann")
    await in_thread(next, stream)
    receipt = await house.ask("GetNotification", pb.GetNotificationRequest(id=identifier))
    assert (receipt.delivered, receipt.users[0].state, receipt.users[0].connections) == (0, "stored", 0)
    (box,) = (await house.ask("ListInboxes", pb.ListInboxesRequest())).inboxes
    assert (box.cursor, box.connections) == (0, 0)
    stream.cancel()


async def test_an_inbox_and_channels_come_on_one_stream(house: House) -> None:
    stream = listen(house, "news", user_id="ann")
    openings = await in_thread(collect, stream, 2)
    assert [event.subscribed.channel for event in openings] == ["", "news"]
    stream.cancel()


async def test_connections_of_a_user_are_listed_and_kicked(house: House) -> None:
    ann, bob = connected(house, "ann"), connected(house, "bob")
    listed = await house.ask("ListConnections", pb.ListConnectionsRequest(user_id="ann"))
    assert [(found.id, found.user_id) for found in listed.connections] == [(ann.id, "ann")]
    other = await house.node.client()
    for client_id, expected in ((other, []), ("", [ann.id])):
        request = pb.KickConnectionsRequest(client_id=client_id, user_id="ann")
        assert list((await house.ask("KickConnections", request)).kicked) == expected
    assert (ann.ended, bob.ended) == (True, False)


async def test_a_kick_names_one_kind(house: House) -> None:
    request = pb.KickConnectionsRequest(user_id="ann", key_id="k")
    assert (await house.refusal("KickConnections", request)).status == "INVALID_ARGUMENT"
