"""What became of one notification."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ClientId, NotificationId
from notifyd.model.notification import Kind, State


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The state and the counts of one notification, as its producer and an operator may see them.

    Instants are milliseconds since the Unix epoch; 0 means "not yet".
    """

    id: NotificationId
    client_id: ClientId
    kind: Kind
    channel: str
    priority: int
    state: State
    accepted_at: int
    due_at: int
    expires_at: int
    settled_at: int = 0
    #: Tries that ended in a failure so far.
    attempts: int = 0
    #: Connections whose outbox took it at dispatch. A later replay by position is not counted.
    delivered: int = 0
    #: Its place in the channel; "" and 0 while it has none.
    epoch: str = ""
    offset: int = 0
