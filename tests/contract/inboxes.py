"""Inboxes as the tests of their contract look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, NotificationId, UserId
from notifyd.model.position import StreamPosition
from notifyd.store.options import BrokerLimits, InboxLimits
from tests.store.samples import T0

if TYPE_CHECKING:
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import InboxState, UserReceipt
    from notifyd.store.history_ports import History
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker

OTHER = ClientId("other")
ANNA, BERT, CORA = UserId("anna"), UserId("bert"), UserId("cora")


async def opened(open_engine: OpenBroker, **limits: float) -> Broker:
    """A broker with the inboxes of all that the tests name at hand."""
    broker = await open_engine(BrokerLimits(inbox=InboxLimits(**limits)))  # type: ignore[arg-type]
    for client_id in (DEFAULT_CLIENT, OTHER):
        for user_id in (ANNA, BERT, CORA):
            attendance = broker.inbox.attend(client_id, user_id)
            if attendance is not None:
                await attendance.wait()
    return broker


def at(broker: Broker, offset: int, user: UserId = ANNA) -> StreamPosition:
    return StreamPosition(broker.inbox.position(DEFAULT_CLIENT, user).epoch, offset)


def since(broker: Broker, offset: int | None = None, user: UserId = ANNA, *, now: int = T0) -> History:
    position = None if offset is None else at(broker, offset, user)
    return broker.inbox.since(DEFAULT_CLIENT, user, position, now=now)


def places(publications: list[Publication]) -> list[tuple[str, int]]:
    return [(p.user_id, p.inbox.offset if p.inbox else 0) for p in publications]


async def rows(broker: Broker, notification_id: NotificationId) -> tuple[UserReceipt, ...]:
    receipt = await broker.receipts.find(None, notification_id)
    assert receipt is not None
    return receipt.users


async def states(broker: Broker, *published: Publication) -> list[InboxState]:
    """What became of notifications to one user each."""
    return [(await rows(broker, p.notification.id))[0].state for p in published]
