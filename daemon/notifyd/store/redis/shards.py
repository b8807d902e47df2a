"""The parts of the queue: which notification is in which, and how a node reaches them."""

from __future__ import annotations

import hashlib
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

import structlog

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from notifyd.model.ids import ClientId
    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.link import Link
    from notifyd.redislink.resp import Word
    from notifyd.redislink.scripts import Script

log = structlog.get_logger("notifyd.store")


@lru_cache(4096)
def shard_of(client_id: ClientId, stream: str, shards: int) -> int:
    """The shard of what goes to *stream* of a client: all of one stream is in one shard, so that its order holds."""
    return crc32(f"{client_id}\0{stream}".encode()) % shards


def share_of(node: str, nodes: Collection[str], shards: int) -> list[int]:
    """The shards that *node* is to see to, as many as any other one, or one more.

    Each shard has an order of nodes of its own (rendezvous hashing) and goes to the first one that has room for it, so
    that one that comes or goes moves little more than its part.
    """
    everyone = sorted({node, *nodes})
    least, more = divmod(shards, len(everyone))
    counts = dict.fromkeys(everyone, 0)
    mine: list[int] = []
    for shard in range(shards):
        open_to = [each for each in everyone if counts[each] < least + (more > 0)]
        taker = max(open_to, key=partial(_weight, shard))
        counts[taker] += 1
        # so many may have one more than the others
        more -= counts[taker] > least
        if taker == node:
            mine.append(shard)
    return mine


def _weight(shard: int, node: str) -> bytes:
    return hashlib.sha256(f"{shard}\0{node}".encode()).digest()


async def answer_to(reply: Reply) -> Any:
    """What a script answers.

    Raises:
        StoreUnavailable: Redis is away; or the script failed over what it found, which the log tells.
    """
    try:
        return await reply.wait()
    except Refused as exc:
        log.warning("script_failed", problem=str(exc))
        raise StoreUnavailable(f"Redis refused it: {exc}", retry_after_seconds=1) from exc


class Shards:
    """Hands in calls of scripts, each about one shard. They are done in the order in which they were handed in."""

    def __init__(self, link: Link, count: int, node: str) -> None:
        self.keys = link.keys
        self.listener = link.listener
        self.count = count
        #: Who this node is among all that share the queue.
        self.node = node
        #: All that take work: who goes down does not.
        self.working_nodes: Callable[[], Collection[str]] = lambda: (node,)
        self.line: Line = link.line("queue")
        #: New notifications take a way of their own, so that neither way waits for the other.
        self.intake: Line = link.line("intake")
        self._tags = [(link.keys.shard(shard),) for shard in range(count)]

    def of(self, client_id: ClientId, stream: str) -> int:
        """The shard of what goes to *stream* of a client."""
        return shard_of(client_id, stream, self.count)

    def call(self, script: Script, shard: int, args: Sequence[Word] = ()) -> Reply:
        """Hand in a call; raises StoreUnavailable where Redis is away."""
        return self.line.script(script, self._tags[shard], args)

    def take_in(self, script: Script, shard: int, args: Sequence[Word]) -> Reply:
        """As `call`, on the way of what is new."""
        return self.intake.script(script, self._tags[shard], args)

    def call_all(self, script: Script, args: Sequence[Word] = ()) -> list[Reply]:
        """Hand in the same call for each shard."""
        return [self.line.script(script, tag, args) for tag in self._tags]
