"""A node as it comes, for tests that want nothing special."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ingress.rpc.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A node behind a real server; see `open_house`."""
    async with open_house() as opened:
        yield opened
