"""How many shards the queue has, on which all nodes have to agree: what waits would not be found again otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from notifyd.redislink.link import Link


async def agree_on(link: Link, shards: int) -> None:
    """Use so many shards, as every other node does; another number only while nothing is there and no node runs.

    Raises:
        Invalid: the queue has another number of them.
        StoreUnavailable: Redis is away.
    """
    line, name = link.line("queue"), link.keys.shard_count
    before = await line.send("SET", name, shards, "NX", "GET").wait()
    if before is None or int(before) == shards:
        return
    tags = [link.keys.shard(number) for number in range(int(before))]
    replies = [line.send("EXISTS", f"{tag}:{part}") for tag in tags for part in ("n", "dead", "owner")]
    taken = [await reply.wait() for reply in replies]
    if any(taken):
        raise Invalid(
            f"broker.shards is {shards}, and the queue in Redis has {int(before)}: use that number. "
            "To have another one, stop every daemon once nothing waits and there are no dead letters"
        )
    await line.send("SET", name, shards).wait()
