"""Which endpoint serves which operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route, Router

from notifyd.ingress.edge.rest.channels import ChannelEndpoints
from notifyd.ingress.edge.rest.clients import ClientEndpoints
from notifyd.ingress.edge.rest.dead_letters import DeadLetterEndpoints
from notifyd.ingress.edge.rest.devices import DeviceEndpoints
from notifyd.ingress.edge.rest.docs import DOCS, DocsEndpoints
from notifyd.ingress.edge.rest.durables import DurableEndpoints
from notifyd.ingress.edge.rest.keys import KeyEndpoints
from notifyd.ingress.edge.rest.notifications import NotificationEndpoints
from notifyd.ingress.edge.rest.operating import OperatingEndpoints
from notifyd.ingress.edge.rest.presence import PresenceEndpoints
from notifyd.ingress.edge.rest.receiving import ReceivingEndpoints
from notifyd.ingress.edge.rest.resource import Nothing, Resource
from notifyd.ingress.edge.rest.users import UserEndpoints
from notifyd.ingress.edge.rest.webhooks import WebhookEndpoints
from notifyd.wire.rest.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.publishing import Beginning
    from notifyd.ingress.edge.rest.reception import Endpoint, Reception
    from notifyd.ingress.edge.rest.services import RestServices
    from notifyd.ingress.edge.rest.streaming import Streaming
    from notifyd.wire.http.answer import Answer
    from notifyd.wire.rest.operation import Operation


def endpoints_by_id(services: RestServices, reception: Reception, streaming: Streaming) -> dict[str, Endpoint]:
    """The endpoint of each operation that is not hot, by the operation's id."""
    keys = KeyEndpoints(services.keys, reception)
    notifications = NotificationEndpoints(services.notifications, services.waiting)
    channels = ChannelEndpoints(services.channels, services.subscriber)
    operating = OperatingEndpoints(services)
    webhooks = WebhookEndpoints(services.webhooks)
    return {
        **_client_service(services, reception),
        **_deliveries(services, reception),
        "getNotification": notifications.get,
        "cancelNotification": notifications.cancel,
        "getHistory": channels.history,
        "streamChannel": streaming.without_channel,
        "streamInbox": streaming.without_inbox,
        "createKey": keys.create,
        "listKeys": keys.list,
        "getKey": keys.get,
        "revokeKey": keys.revoke,
        "rotateKey": keys.rotate,
        "listWebhooks": webhooks.list,
        "testWebhook": webhooks.test,
        "getStats": operating.stats,
        "getQueue": operating.queue,
        "clearQueue": operating.clear,
        "pauseQueue": operating.pause,
        "resumeQueue": operating.resume,
        "getHealth": operating.health,
        "getLive": operating.live,
        "getReady": operating.ready,
        "getMetrics": operating.metrics,
        "getOpenApi": operating.openapi,
    }


def _deliveries(services: RestServices, reception: Reception) -> dict[str, Endpoint]:
    letters = DeadLetterEndpoints(services.dead_letters, reception)
    durables = DurableEndpoints(services.acks)
    return {
        "ackNotifications": ReceivingEndpoints(services.acks, reception).ack,
        "listDeadLetters": letters.list,
        "getDeadLetter": letters.get,
        "exportDeadLetters": letters.export,
        "retryDeadLetter": letters.retry,
        "retryDeadLetters": letters.retry_many,
        "dropDeadLetter": letters.drop,
        "dropDeadLetters": letters.drop_many,
        "getPresence": PresenceEndpoints(services.presence).get,
        "listDurableSubscriptions": durables.list,
        "removeDurableSubscription": durables.remove,
    }


def _client_service(services: RestServices, reception: Reception) -> dict[str, Endpoint]:
    clients = ClientEndpoints(services.clients, reception)
    devices = DeviceEndpoints(services.devices, reception)
    users = UserEndpoints(services, reception)
    return {
        "registerClient": clients.register,
        "listClients": clients.list,
        "getClient": clients.get,
        "removeClient": clients.remove,
        "rotateClientSecret": clients.rotate_secret,
        "getInbox": users.inbox,
        "mintToken": users.mint_token,
        "registerDevice": devices.register,
        "listDevices": devices.list,
        "removeDevice": devices.remove,
    }


def router(
    reception: Reception,
    endpoints: Mapping[str, Endpoint],
    hot: Mapping[Operation, Beginning],
    more: Mapping[str, dict[Operation, Endpoint]],
) -> Router:
    """Every operation of the table, one route a path, in the table's order: longer paths before their patterns.

    *more* are paths that are none of REST.
    """
    resources: dict[str, dict[Operation, Endpoint]] = {}
    for operation in OPERATIONS:
        beginning = hot.get(operation)
        endpoint = endpoints[operation.id] if beginning is None else _whole(beginning)
        resources.setdefault(operation.path, {})[operation] = endpoint
    docs = DocsEndpoints()
    resources |= {operation.path: {operation: docs.get} for operation in DOCS}
    resources |= more
    routes = [Route(_pattern(path), Resource(reception, path, resources[path])) for path in resources]
    return Router(routes, redirect_slashes=False, default=Nothing(reception))


def _whole(beginning: Beginning) -> Endpoint:
    """Both steps of a hot call in one."""

    async def endpoint(call: Call) -> Answer:
        return await beginning(call)(call)

    return endpoint


def _pattern(path: str) -> str:
    # Names of channels and of users may hold slashes; the server has undone their percent-encoding already.
    return path.replace("{channel}", "{channel:path}").replace("{userId}", "{userId:path}")
