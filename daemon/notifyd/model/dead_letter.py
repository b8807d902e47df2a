"""What was given up, with all that is needed to try it again."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from notifyd.model.ids import ClientId, ConnectionId, DeadLetterId, NotificationId, UserId
from notifyd.model.notification import Notification

_FRAME_BYTES: Final = 200


class Stage(enum.Enum):
    """Which part of the way was given up."""

    #: All of the notification: the daemon could not dispatch it.
    DISPATCH = "dispatch"
    #: The push to the devices of one user; the notification is the PUSH.
    PUSH = "push"
    #: The call of a webhook; the notification is the WEBHOOK.
    WEBHOOK = "webhook"
    #: One subscription did not ack it.
    SUBSCRIPTION = "subscription"
    #: No connection of a user acked it.
    INBOX = "inbox"


class DeadLetter(msgspec.Struct, frozen=True):
    """One delivery that was given up. Instants are milliseconds since the Unix epoch."""

    #: The id of the notification, and for a receiver that did not ack, a digest of who it was behind it.
    id: DeadLetterId
    stage: Stage
    notification: Notification
    #: A word that programs may match: fault, ack_timeout, nacked, or what the provider or the webhook answered.
    reason: str
    #: A sentence for a person: how the last try failed.
    error: str
    #: Tries that were made.
    attempts: int
    died_at: int
    #: INBOX and PUSH: whose.
    user_id: UserId = UserId("")
    #: SUBSCRIPTION: the name of the durable one, "" for one that ends with its connection.
    durable: str = ""
    #: SUBSCRIPTION: who owns the durable name, see `DurableKey.owner`.
    owner: str = ""
    #: SUBSCRIPTION without a name: whose it was.
    connection_id: ConnectionId = ConnectionId("")
    #: SUBSCRIPTION and INBOX: its place there.
    epoch: str = ""
    offset: int = 0

    @property
    def client_id(self) -> ClientId:
        """Whose it is."""
        return self.notification.client_id

    @property
    def notification_id(self) -> NotificationId:
        """The notification that a producer knows."""
        return self.notification.parent or self.notification.id

    def size(self) -> int:
        """What it counts against bounds in bytes."""
        return self.notification.size() + len(self.error) + _FRAME_BYTES
