"""What is kept aside, and where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from notifyd.store.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path


async def test_lines_come_back_in_their_order_as_often_as_asked(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.add([b"a", b"b"])
    await spool.add([])
    await spool.add([b"c"])
    for _ in range(2):
        await spool.rewind()
        assert [await spool.take(2), await spool.take(2), await spool.take(2)] == [[b"a", b"b"], [b"c"], []]
    spool.close()


async def test_nothing_is_left_in_the_folder_not_even_meanwhile(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.add([b"secret"])
    assert os.listdir(tmp_path) == []
    spool.close()
