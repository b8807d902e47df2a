"""All nodes have to agree on the number of shards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Invalid, StoreUnavailable
from notifyd.store.redis.shard_count import agree_on, keep_agreed

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


@pytest.mark.parametrize("value", ["theirs", "-4", "4000000000"])
async def test_what_no_node_wrote_is_refused(link: Link, value: str) -> None:
    await link.line("queue").send("SET", link.keys.shard_count, value).wait()
    with pytest.raises(StoreUnavailable, match=r"is not of notifyd: use another broker\.prefix") as refused:
        await agree_on(link, 4)
    assert refused.value.code == "store_foreign"


async def test_it_is_written_down_again_where_redis_has_lost_it(link: Link) -> None:
    await keep_agreed(link, 4)
    await keep_agreed(link, 2)
    assert await link.line("queue").send("GET", link.keys.shard_count).wait() == b"4"


async def test_an_empty_queue_takes_another_number(link: Link) -> None:
    await agree_on(link, 4)
    await agree_on(link, 2)
    await agree_on(link, 2)
