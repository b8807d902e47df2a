"""Who is in a channel, and who came or went."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ClientId, ConnectionId, UserId


class Member(msgspec.Struct, frozen=True):
    """A user in a channel with all its connections there, or one connection of an API key."""

    #: "" for a connection of an API key.
    user_id: UserId
    connection_ids: tuple[ConnectionId, ...]
    #: Milliseconds since the Unix epoch: when the first of them came, as long as there is one.
    joined_at: int


class PresenceView(msgspec.Struct, frozen=True):
    """A channel at one moment."""

    channel: str
    #: Of all members, named here or not.
    member_count: int
    #: Of all subscribed connections, those of operators among them.
    subscriber_count: int
    #: Who is there longest comes first.
    members: tuple[Member, ...]


class PresenceChange(msgspec.Struct, frozen=True):
    """One member came (`joined`) or went, with the connection by which it did."""

    client_id: ClientId
    channel: str
    joined: bool
    member: Member
