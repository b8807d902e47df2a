"""All nodes have to agree on the number of shards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Invalid
from notifyd.store.redis.shard_count import agree_on

if TYPE_CHECKING:
    from notifyd.redislink.link import Link


async def test_the_first_one_decides(link: Link) -> None:
    await agree_on(link, 4)
    await agree_on(link, 4)
    assert await link.line("queue").send("GET", link.keys.shard_count).wait() == b"4"


@pytest.mark.parametrize("part", ["n", "dead", "owner"])
async def test_another_number_is_refused_while_something_is_there_or_somebody_runs(link: Link, part: str) -> None:
    await agree_on(link, 4)
    await link.line("queue").send("HSET", f"{link.keys.shard(3)}:{part}", "id", "it").wait()
    with pytest.raises(Invalid, match=r"broker\.shards is 2, and the queue in Redis has 4"):
        await agree_on(link, 2)


async def test_an_empty_queue_takes_another_number(link: Link) -> None:
    await agree_on(link, 4)
    await agree_on(link, 2)
    await agree_on(link, 2)
