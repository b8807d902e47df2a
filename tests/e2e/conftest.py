from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.fixtures import daemon, start
from tests.interop.shared import shared_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.daemon import Daemon

__all__ = ["daemon", "service", "start"]


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon for all tests of a module that leave it running; the module's SETTINGS are its settings."""
    settings = getattr(request.module, "SETTINGS", ())
    with shared_daemon(tmp_path_factory.mktemp("service"), *settings) as shared:
        yield shared
