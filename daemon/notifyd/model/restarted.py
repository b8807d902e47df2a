"""A stream that had to begin anew."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ClientId, UserId


class Restarted(msgspec.Struct, frozen=True):
    """A stream was lost, or could not be continued: it is numbered anew, and this comes before what is in it now.

    Names a channel, or with `user_id` an inbox.
    """

    client_id: ClientId
    channel: str = ""
    user_id: UserId = UserId("")
    #: Its numbers go on, but some of it was gone before it came to this node: who was live here lacks that.
    gap: bool = False
