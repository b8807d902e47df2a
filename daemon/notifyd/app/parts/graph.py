"""Every object of a running daemon, and how they hang together.

They are put together in four steps, each of which adds to the one before: `Access`, `Live`, `Operating` and `Graph`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from notifyd.app.parts.access import compose_access
from notifyd.app.parts.bullmq import compose_bullmq
from notifyd.app.parts.live import compose_live
from notifyd.app.parts.operating import Operating, compose_operating
from notifyd.app.translate.edge import namespace_rules, native_rules
from notifyd.hub.hub import Hub
from notifyd.ingress.edge import sse
from notifyd.ingress.edge.namespaces import dialect
from notifyd.ingress.edge.namespaces.application import NamespaceApplication
from notifyd.ingress.edge.namespaces.connection import SOCKETIO_ENCODERS
from notifyd.ingress.edge.namespaces.dialect_app import DialectApp
from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
from notifyd.ingress.edge.native import connection as native
from notifyd.ingress.edge.native.protocol import NativeProtocol
from notifyd.ingress.edge.native.services import NativeRules, NativeServices
from notifyd.policy.receiving.recovery import Pids
from notifyd.wire.http.sse import notification_event
from notifyd.wire.namespaces.dialect import notification_frame as dialect_frame
from notifyd.wire.native import notification_frame
from notifyd.wire.rpc.messages import listen_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.parts.engines import Engines
    from notifyd.config import Loaded
    from notifyd.ingress.bullmq.consumer import Consumer
    from notifyd.model.publication import Publication

#: How each kind of connection receives a publication.
ENCODERS: dict[str, Callable[[Publication], bytes]] = {
    native.FORMAT: notification_frame,
    sse.FORMAT: notification_event,
    "rpc": listen_frame,
    dialect.FORMAT: dialect_frame,
    **SOCKETIO_ENCODERS,
}


class Graph(Operating, frozen=True, kw_only=True):
    """The objects by name: and what speaks with connections and producers."""

    native: NativeProtocol
    native_rules: NativeRules
    namespaces: NamespaceApplication
    dialect: DialectApp
    namespace_rules: NamespaceRules
    #: None where no queue of BullMQ is consumed.
    bullmq: Consumer | None


def compose(loaded: Loaded, engines: Engines, *, dev: bool) -> Graph:
    """Put everything together; nothing runs yet.

    Raises:
        CannotStart: the secret of a webhook cannot be read, written or used.
    """
    settings, broker, counters = loaded.settings, engines.broker, engines.counters
    access = compose_access(loaded, engines, Hub(ENCODERS, counters))
    made = compose_operating(compose_live(access), dev=dev)
    for_native, for_namespaces = native_rules(settings), namespace_rules(settings)
    namespace_services = _namespace_services(made)
    return Graph(
        **asdict(made),
        native=NativeProtocol(_native_services(made), for_native),
        native_rules=for_native,
        namespaces=NamespaceApplication(namespace_services, for_namespaces),
        dialect=DialectApp(namespace_services, for_namespaces),
        namespace_rules=for_namespaces,
        bullmq=compose_bullmq(settings, made.publisher, made.clients, broker, counters),
    )


def _native_services(made: Operating) -> NativeServices:
    return NativeServices(
        connector=made.connector,
        subscriber=made.subscriber,
        publisher=made.publisher,
        limiter=made.limiter,
        counters=made.engines.counters,
        durability=made.engines.broker.durability,
        inboxes=made.inboxes,
        acks=made.acks,
        presence=made.presence,
        attending=made.attending,
    )


def _namespace_services(made: Operating) -> NamespaceServices:
    return NamespaceServices(
        clients=made.clients,
        connector=made.connector,
        inboxes=made.inboxes,
        subscriber=made.subscriber,
        publisher=made.publisher,
        devices=made.devices,
        history=made.engines.broker.history,
        pids=Pids(made.engines.master_key),
        counters=made.engines.counters,
        durability=made.engines.broker.durability,
        presence=made.presence,
        acks=made.acks,
        attending=made.attending,
    )
