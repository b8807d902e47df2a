"""What the public interface needs, as values that the app puts together."""

from __future__ import annotations

import msgspec

from notifyd.ingress.rpc.options import RpcOptions
from notifyd.service.access.limits import RateLimiter
from notifyd.service.acks import Acks
from notifyd.service.clients.clients import Clients
from notifyd.service.clients.devices import Devices
from notifyd.service.daemon import Daemon
from notifyd.service.presence.presence import Presence
from notifyd.service.publishing.notifications import Notifications
from notifyd.service.publishing.publish import Publisher
from notifyd.service.receiving.attending import Attending
from notifyd.service.receiving.connect import Connector
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber


class PublicServices(msgspec.Struct, frozen=True):
    """Every use case that an application can reach."""

    daemon: Daemon
    clients: Clients
    devices: Devices
    publisher: Publisher
    notifications: Notifications
    connector: Connector
    subscriber: Subscriber
    inboxes: Inboxes
    acks: Acks
    attending: Attending
    presence: Presence
    limiter: RateLimiter


class PublicOptions(msgspec.Struct, frozen=True):
    """The settings of the public interface."""

    #: Empty: nobody has it.
    admin_token: str = ""
    #: Development mode: no admin token is asked for, and the calls that need one must come from this machine.
    dev: bool = False
    #: Packages that the services answer under too, such as `skybell`.
    aliases: tuple[str, ...] = ()
    #: Bytes that may wait for a slow subscriber.
    outbox_bytes: int = 1_048_576
    bounds: RpcOptions = RpcOptions(
        workers=64, max_streams=48, max_connections=1000, streams_setting="grpc.max_streams"
    )

    def __repr__(self) -> str:
        return f"PublicOptions(dev={self.dev}, aliases={self.aliases})"
