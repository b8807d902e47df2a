"""A daemon that many tests use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.shared import shared_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.daemon import Daemon


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon for all tests of a module that leave it running, with the module's SETTINGS."""
    settings = getattr(request.module, "SETTINGS", ())
    with shared_daemon(tmp_path_factory.mktemp("service"), *settings) as shared:
        yield shared
