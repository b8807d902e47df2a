"""A composed daemon for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.composed import composed, loaded_with
from tests.store.samples import expire

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from notifyd.app.parts.graph import Graph


@pytest.fixture
async def graph(request: pytest.FixtureRequest, nursery: trio.Nursery, tmp_path: Path) -> Graph:
    """With the default settings, but for the memory engine."""
    nursery.start_soon(expire, 1_000_000 if "autojump_clock" in request.fixturenames else 20)
    return await composed(loaded_with(tmp_path), nursery)
