"""What a newer version has written is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.store.redis.layout import VERSION, mark_layout

if TYPE_CHECKING:
    from notifyd.redislink.link import Link


async def put(link: Link, value: str | int) -> None:
    await link.line("queue").send("SET", link.keys.layout, value).wait()


async def test_the_first_node_writes_it_down(link: Link) -> None:
    await mark_layout(link)
    await mark_layout(link)
    assert await link.line("queue").send("GET", link.keys.layout).wait() == str(VERSION).encode()


@pytest.mark.parametrize(
    ("value", "code", "sentence"),
    [
        (VERSION + 1, "store_too_new", rf"newer version \(layout {VERSION + 1}, this one knows {VERSION}\)"),
        ("theirs", "store_foreign", r"is not of notifyd: use another broker\.prefix"),
    ],
)
async def test_anything_else_is_refused_and_left(link: Link, value: str | int, code: str, sentence: str) -> None:
    await put(link, value)
    with pytest.raises(StoreUnavailable, match=sentence) as refused:
        await mark_layout(link)
    assert refused.value.code == code
    assert await link.line("queue").send("GET", link.keys.layout).wait() == str(value).encode()
