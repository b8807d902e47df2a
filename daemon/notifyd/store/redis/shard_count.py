"""How many shards the queue has, on which all nodes have to agree: what waits would not be found again otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid, StoreUnavailable

if TYPE_CHECKING:
    from notifyd.redislink.link import Link


#: More than any setting says: what is above was not written by a node.
_MOST_DIGITS: Final = 6


async def agree_on(link: Link, shards: int) -> None:
    """Use so many shards, as every other node does; another number only while nothing is there and no node runs.

    Raises:
        Invalid: the queue has another number of them.
        StoreUnavailable: Redis is away, or holds something else there.
    """
    line, name = link.line("queue"), link.keys.shard_count
    answer = await line.send("SET", name, shards, "NX", "GET").wait()
    before = shards if answer is None else _number(name, answer)
    if before == shards:
        return
    tags = [link.keys.shard(number) for number in range(before)]
    replies = [line.send("EXISTS", f"{tag}:{part}") for tag in tags for part in ("n", "dead", "owner")]
    taken = [await reply.wait() for reply in replies]
    if any(taken):
        raise Invalid(
            f"broker.shards is {shards}, and the queue in Redis has {before}: use that number. "
            "To have another one, stop every daemon once nothing waits and there are no dead letters"
        )
    await line.send("SET", name, shards).wait()


async def keep_agreed(link: Link, shards: int) -> None:
    """Write it down again where Redis has lost it, before a node comes that has another number.

    Raises:
        StoreUnavailable: Redis is away.
    """
    line, name = link.line("queue"), link.keys.shard_count
    # what stands there otherwise, of whatever type, is refused when a node starts
    if not await line.send("EXISTS", name).wait():
        await line.send("SET", name, shards, "NX").wait()


def _number(name: str, answer: bytes) -> int:
    if not answer.isdigit() or len(answer) > _MOST_DIGITS:
        raise StoreUnavailable(
            f"the key {name} in Redis is not of notifyd: use another broker.prefix", code="store_foreign"
        )
    return int(answer)
