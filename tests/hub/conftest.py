from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.hub.connection import Connection
from notifyd.hub.hub import Hub
from notifyd.model.ids import ClientId, ConnectionId, KeyId, NotificationId
from notifyd.model.notification import Kind, Notification
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.model.publication import Publication
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.disconnect import Disconnect


class RecordingLink:
    """A link that keeps what is written to it, and refuses once it holds `limit` writes."""

    transport = "websocket"
    format = "text"
    answers = True
    broadcasts = True
    address = "127.0.0.1"

    def __init__(self, limit: int = 1000) -> None:
        self.writes: list[bytes] = []
        self.endings: list[Disconnect] = []
        self.pings = 0
        self.limit = limit

    def put(self, data: bytes) -> bool:
        if len(self.writes) >= self.limit:
            return False
        self.writes.append(data)
        return True

    def ping(self) -> None:
        self.pings += 1

    def end(self, disconnect: Disconnect) -> None:
        self.endings.append(disconnect)

    def pending_bytes(self) -> int:
        return 0

    def sent_bytes(self) -> int:
        return sum(map(len, self.writes))


def encode(publication: Publication) -> bytes:
    return f"{publication.notification.channel}/{publication.offset} ".encode()


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def hub(counters: Counters) -> Hub:
    return Hub({"text": encode}, counters)


@pytest.fixture
def connect(hub: Hub) -> Callable[..., Connection]:
    """Makes authenticated connections: `connect("a", client="c", limit=3)`."""

    def make(
        name: str, *, client: str = "default", key: str = "key_1", limit: int = 1000, broadcasts: bool = True
    ) -> Connection:
        link = RecordingLink(limit)
        link.broadcasts = broadcasts
        connection = Connection(ConnectionId(name), link, opened_at=0.0, connected_at=0)
        hub.add(connection)
        hub.authenticate(connection, Principal(ClientId(client), KeyId(key), ALL_GRANTS))
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


def written(connection: Connection) -> list[str]:
    assert isinstance(connection.link, RecordingLink)
    return [data.decode().strip() for data in connection.link.writes]


@pytest.fixture(name="written")
def written_of() -> Callable[[Connection], list[str]]:
    return written
