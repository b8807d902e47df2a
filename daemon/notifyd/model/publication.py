"""A notification stamped with its place in a stream."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import UserId
from notifyd.model.notification import Kind, Notification
from notifyd.model.position import StreamPosition


class Publication(msgspec.Struct, frozen=True, gc=False):
    """What subscribers receive and what history keeps.

    `epoch` and `offset` are its place in `notification.stream`: its channel, or the client's own stream, which only
    Socket.IO's recovery reads. "" and 0 where it has none yet. A notification to users is one publication for each.
    """

    notification: Notification
    epoch: str
    offset: int
    #: Whose inbox it is from; "" for what is not read from or for an inbox.
    user_id: UserId = UserId("")
    #: Its place there; set with `user_id`.
    inbox: StreamPosition | None = None
    #: Which try of the delivery to one receiver it is; above 1 only where an ack did not come.
    attempt: int = 1

    @property
    def position(self) -> StreamPosition | None:
        """The place that its receiver can resume from: in the inbox or in the channel; None for a broadcast."""
        if self.inbox is not None:
            return self.inbox
        if self.notification.kind is Kind.CHANNEL and self.offset:
            return StreamPosition(self.epoch, self.offset)
        return None
