from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.logs import log_options
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_log_gets_its_options(tmp_path: Path) -> None:
    options = log_options(settings(tmp_path))
    assert (options.level, options.max_files, options.console, options.file) == ("debug", 32, True, False)


def test_the_records_of_a_worker_name_it(tmp_path: Path) -> None:
    options = log_options(settings(tmp_path), worker=2, suffix="-2")
    assert (options.worker, options.suffix) == (2, "-2")
