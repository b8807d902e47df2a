"""The REST interface's own fixtures, and an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ingress.edge.console.operator import Operator

if TYPE_CHECKING:
    from tests.ingress.harness import Service


@pytest.fixture
async def operator(service: Service) -> Operator:
    """Somebody who is signed in."""
    someone = Operator(service)
    assert (await someone.sign_in()).status == 200
    return someone
