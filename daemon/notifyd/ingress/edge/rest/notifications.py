"""What became of a notification, and withdrawing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.edge.rest.views import receipt_view
from notifyd.wire.http_answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest import NotificationAnswer

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.model.ids import ClientId
    from notifyd.model.receipt import Receipt
    from notifyd.service.notifications import Notifications


class NotificationEndpoints:
    """The calls on one notification. A key sees those of its client, an operator sees all."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    async def get(self, call: Call) -> Answer:
        """Its receipt."""
        return _answer(await self._notifications.receipt(_client(call), call.params["id"]))

    async def cancel(self, call: Call) -> Answer:
        """Withdraw it."""
        return _answer(await self._notifications.cancel(_client(call), call.params["id"]))


def _client(call: Call) -> ClientId | None:
    return None if call.operator else call.who.client_id


def _answer(receipt: Receipt) -> Answer:
    return Answer(200, encode(NotificationAnswer(notification=receipt_view(receipt))))
