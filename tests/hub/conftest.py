from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.hub.connection import Connection
from notifyd.hub.hub import Hub
from notifyd.model.ids import ClientId, ConnectionId, KeyId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.model.position import StreamPosition
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.model.publication import Publication
from notifyd.telemetry.metrics import Counters
from tests.service.node import RecordingLink, text_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def hub(counters: Counters) -> Hub:
    return Hub({"text": text_of}, counters)


@pytest.fixture
def connect(hub: Hub) -> Callable[..., Connection]:
    """Makes authenticated connections: `connect("a", client="c", limit=3)`."""

    def make(
        name: str,
        *,
        client: str = "default",
        key: str = "key_1",
        user: str = "",
        limit: int = 1000,
        broadcasts: bool = True,
    ) -> Connection:
        link = RecordingLink(limit=limit)
        link.broadcasts = broadcasts
        connection = Connection(ConnectionId(name), link, opened_at=0.0, connected_at=0)
        hub.add(connection)
        principal = Principal(ClientId(client), KeyId("" if user else key), ALL_GRANTS, user_id=UserId(user))
        hub.authenticate(connection, principal)
        hub.join(connection)
        return connection

    return make


def publication(channel: str, offset: int, *, client: str = "default", kind: Kind = Kind.CHANNEL) -> Publication:
    notification = Notification(
        id=NotificationId(f"{channel}-{offset}"),
        client_id=ClientId(client),
        kind=kind,
        channel=channel,
        data=b"1",
        metadata=b"",
        priority=5,
        accepted_at=0,
        due_at=0,
        expires_at=1,
        order_key=0,
    )
    return Publication(notification, "e" if kind is Kind.CHANNEL else "", offset)


@pytest.fixture(name="publication")
def publication_factory() -> Callable[..., Publication]:
    return publication


def to_user(
    user: str, place: int, *, users: tuple[str, ...] = (), connections: tuple[str, ...] = (), client: str = "default"
) -> Publication:
    """One of a notification to *users* (*user* alone by default): for *user*'s inbox, or with "" for connections."""
    told = publication("", place, client=client, kind=Kind.USERS if user or users else Kind.CONNECTIONS)
    named = replace(
        told.notification,
        users=tuple(map(UserId, users or filter(None, (user,)))),
        connections=tuple(map(ConnectionId, connections)),
    )
    inbox = StreamPosition("i", place) if user else None
    return Publication(named, "s", place, user_id=UserId(user), inbox=inbox)


@pytest.fixture(name="to_user")
def to_user_factory() -> Callable[..., Publication]:
    return to_user


def written(connection: Connection) -> list[str]:
    assert isinstance(connection.link, RecordingLink)
    return [data.decode().strip() for data in connection.link.writes]


@pytest.fixture(name="written")
def written_of() -> Callable[[Connection], list[str]]:
    return written
