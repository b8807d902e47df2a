"""A public server as it comes, for tests that want nothing special."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ingress.rpc.public.house import DEV, PublicHouse, open_public_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def house() -> AsyncIterator[PublicHouse]:
    """A server that asks for credentials."""
    async with open_public_house() as opened:
        yield opened


@pytest.fixture
async def dev() -> AsyncIterator[PublicHouse]:
    """A server in development mode."""
    async with open_public_house(DEV) as opened:
        yield opened
