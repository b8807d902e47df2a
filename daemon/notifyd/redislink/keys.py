"""The name of every key and topic; those of a shard of the queue that have no name here are in `store.redis.queue`.

All of them begin with the prefix. What a script touches together carries one hash tag, the part in braces, so that a
cluster keeps it on one node; a name never holds more braces than its tag's, because names of others are escaped.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_ESCAPED: Final = str.maketrans({"%": "%25", "{": "%7B", "}": "%7D", "/": "%2F"})


def escaped(name: str) -> str:
    """*name* as a part of a tag: without braces, and without the slash that divides the parts."""
    return name.translate(_ESCAPED)


class StreamKeys(NamedTuple):
    """The keys of one stream of publications, under one tag."""

    #: Hash: epoch, head, bytes, last (when the newest was stamped), shard and fence of who stamped it.
    meta: str
    #: Stream: what is kept, with the offset as its id; what was withheld is missing.
    stream: str
    #: Hash: name of a notification -> offset, of what was stamped and is not settled yet; for an hour.
    places: str
    #: List: "STAMPED_AT SIZE" of all that is kept, what was withheld included.
    sizes: str
    #: Hash: node -> live connections there.
    nodes: str
    #: The topic that tells of changes.
    topic: str


class HistoryIndexKeys(NamedTuple):
    """The keys of the index of all streams, under one tag. Members are client and channel, with a NUL between."""

    #: Sorted set by member, of channels alone: to list those of a client.
    clients: str
    #: Sorted set by member, of channels alone, with the channel before the client: to list those of all.
    names: str
    #: Sorted set by the instant of the newest publication: every stream there is.
    last: str
    #: Sorted set by the instant at which the oldest is over age; who keeps nothing is not in it.
    leaves: str
    #: Hash: member -> "PUBLICATIONS BYTES".
    figures: str
    #: Hash: publications, bytes over all.
    totals: str
    #: Who sees to the bounds over all, for a few seconds.
    keeper: str


class DurableIndexKeys(NamedTuple):
    """The keys of the index of durable subscriptions, under one tag. Members are joined by NUL."""

    #: Sorted set by member: client, channel, owner, name.
    names: str
    #: Sorted set by member: client, owner, channel, name.
    owners: str
    #: Sorted set by the instant of the last use; members as in `names`.
    used: str


class InboxKeys(NamedTuple):
    """The keys of one user's inbox, under one tag."""

    #: Hash: epoch, head, floor, cursor, bytes, oldest, newest, renewed, erased.
    meta: str
    #: Stream: what is kept, with the offset as its id.
    stream: str
    #: Hash: notification id -> offset of what is kept.
    places: str
    #: Hash: offset -> how it ended, of what is kept and was given up, withheld or arrived late.
    ends: str
    #: Hash: notification id -> offset, as `places` was when the user was removed; for an hour.
    gone: str
    #: Hash: node -> live connections of the user there.
    nodes: str
    #: The topic that tells of changes.
    topic: str


class InboxIndexKeys(NamedTuple):
    """The keys of one part of the index of all inboxes, under one tag. Members are `CLIENT/USER`, both escaped."""

    #: Sorted set by the instant at which the oldest kept was placed; who keeps nothing is not in it.
    oldest: str
    #: Sorted set by the instant of the newest: every inbox there is.
    newest: str
    #: Hash: member -> "COUNT BYTES".
    sizes: str
    #: Hash: count, bytes over all.
    totals: str


class LetterKeys(NamedTuple):
    """The keys of the dead letters of one shard, under its tag."""

    #: Sorted set of letter ids by the instant of death.
    order: str
    #: Hash: letter id -> "SIZE JSON".
    bodies: str
    #: The sum of the sizes.
    size: str
    #: Hash: letter id -> "SINCE NOTIFICATION DIED_AT SIZE JSON" of what is being put back.
    held: str


class Keys:
    """Names under one prefix."""

    def __init__(self, prefix: str) -> None:
        """*prefix*: braces in it are escaped, because they would be taken for the tag."""
        self.prefix = prefix.translate(_ESCAPED)
        #: The nodes of the service.
        self.nodes = f"{self.prefix}:nodes"
        #: The topic that every node follows.
        self.bus = f"{self.prefix}:bus"

    # the tags

    def shard(self, shard: int) -> str:
        """The tag of a shard of the queue."""
        return f"{self.prefix}:{{q{shard}}}"

    def channel(self, client: str, channel: str) -> str:
        """The tag of a channel."""
        return f"{self.prefix}:{{c/{escaped(client)}/{escaped(channel)}}}"

    def user(self, client: str, user: str) -> str:
        """The tag of a user's inbox."""
        return f"{self.prefix}:{{i/{escaped(client)}/{escaped(user)}}}"

    # streams and durable subscriptions

    def stream(self, client: str, channel: str) -> StreamKeys:
        """The keys of a channel, or of the client's own stream, whose name is ""."""
        tag = self.channel(client, channel)
        return StreamKeys(f"{tag}:m", f"{tag}:s", f"{tag}:w", f"{tag}:z", f"{tag}:n", f"{tag}:t")

    def history_index(self) -> HistoryIndexKeys:
        """The keys of the index of all streams."""
        tag = f"{self.prefix}:{{h}}"
        names = ("clients", "names", "last", "leaves", "figures", "totals", "keeper")
        return HistoryIndexKeys(*[f"{tag}:{name}" for name in names])

    def durable(self, client: str, channel: str, owner: str, name: str) -> tuple[str, str]:
        """The state of a durable subscription, and the topic that tells of its changes."""
        tag = f"{self.prefix}:{{d/{escaped(client)}/{escaped(channel)}/{escaped(owner)}/{escaped(name)}}}"
        return f"{tag}:d", f"{tag}:t"

    def durable_index(self) -> DurableIndexKeys:
        """The keys of the index of durable subscriptions."""
        tag = f"{self.prefix}:{{d}}"
        return DurableIndexKeys(f"{tag}:names", f"{tag}:owners", f"{tag}:used")

    # the queue

    @property
    def shard_count(self) -> str:
        """How many shards the queue has."""
        return f"{self.prefix}:shards"

    @property
    def layout(self) -> str:
        """Which version of these keys and of what is in them is used."""
        return f"{self.prefix}:layout"

    def bell(self, shard: int) -> str:
        """The topic that tells who sees to a shard that something is to be done."""
        return f"{self.shard(shard)}:bell"

    def told(self, shard: int) -> str:
        """The topic that tells which notifications of a shard have something new in their receipts, one a line."""
        return f"{self.shard(shard)}:told"

    def paused(self, shard: int) -> str:
        """There while the queue is paused."""
        return f"{self.shard(shard)}:paused"

    def idempotency(self, digest: str) -> str:
        """An idempotency key, by the digest of whose it is and what it is."""
        return f"{self.prefix}:{{k/{digest}}}"

    @property
    def idempotency_index(self) -> str:
        """Sorted set of the digests of all idempotency keys by the instant at which they end."""
        return f"{self.prefix}:{{k}}:known"

    # inboxes and dead letters

    def inbox(self, client: str, user: str) -> InboxKeys:
        """The keys of a user's inbox."""
        tag = self.user(client, user)
        return InboxKeys(f"{tag}:m", f"{tag}:s", f"{tag}:x", f"{tag}:e", f"{tag}:g", f"{tag}:n", f"{tag}:t")

    def inbox_index(self, part: int) -> InboxIndexKeys:
        """The keys of one part of the index of inboxes."""
        tag = f"{self.prefix}:{{u{part}}}"
        return InboxIndexKeys(f"{tag}:oldest", f"{tag}:newest", f"{tag}:sizes", f"{tag}:totals")

    def letters(self, shard: int) -> LetterKeys:
        """The keys of the dead letters of one shard."""
        tag = self.shard(shard)
        return LetterKeys(f"{tag}:dead", f"{tag}:dead:bodies", f"{tag}:dead:bytes", f"{tag}:dead:held")

    # nodes and their bus

    def node_topic(self, node: str) -> str:
        """The topic that one node follows."""
        return f"{self.bus}:{escaped(node)}"
