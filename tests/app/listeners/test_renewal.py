from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.app.listeners.renewal import LOOK_SECONDS, Renewal, watch_certificate
from notifyd.app.listeners.tls import Certificate
from tests.app.listeners.test_tls import der, make, shown

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates with their keys."""
    folder = tmp_path_factory.mktemp("pairs")
    for name in ("old", "new"):
        make(folder, name)
    return folder


class Links:
    """`live.pem` and `live.key`, which lead to one of the pairs."""

    def __init__(self, folder: Path, pairs: Path) -> None:
        self.pairs = pairs
        self.certificate, self.key = folder / "live.pem", folder / "live.key"

    def lead(self, certificate: str, key: str) -> None:
        for link, name in ((self.certificate, f"{certificate}.pem"), (self.key, f"{key}.key")):
            link.unlink(missing_ok=True)
            link.symlink_to(self.pairs / name)


@pytest.fixture
def links(tmp_path: Path, pairs: Path) -> Links:
    links = Links(tmp_path, pairs)
    links.lead("old", "old")
    return links


def test_links_that_lead_elsewhere_are_followed_once(links: Links) -> None:
    certificate = Certificate(links.certificate, links.key)
    renewed: list[bool] = []
    renewal = Renewal(certificate, lambda: renewed.append(True))
    with capture_logs() as said:
        renewal.look()
        links.lead("new", "new")
        renewal.look()
        renewal.look()
    assert ([entry["event"] for entry in said], renewed) == (["certificate_renewed"], [True])
    assert shown(certificate.context) == der(links.pairs / "new.pem")


def test_a_key_that_comes_later_is_waited_for(links: Links) -> None:
    certificate = Certificate(links.certificate, links.key)
    renewal = Renewal(certificate, lambda: None)
    with capture_logs() as said:
        links.lead("new", "old")
        renewal.look()
        links.lead("new", "new")
        renewal.look()
    assert [entry["event"] for entry in said] == ["certificate_renewed"]


def test_what_stays_broken_is_told_once_and_the_old_one_goes_on(links: Links) -> None:
    certificate = Certificate(links.certificate, links.key)
    renewal = Renewal(certificate, lambda: None)
    with capture_logs() as said:
        links.lead("new", "old")
        for _ in range(4):
            renewal.look()
        links.key.unlink()
        for _ in range(3):
            renewal.look()
    assert [(entry["event"], entry["log_level"]) for entry in said] == [("certificate_not_renewed", "warning")] * 2
    assert "live.pem" in said[0]["problem"]
    assert shown(certificate.context) == der(links.pairs / "old.pem")


async def test_it_is_looked_at_now_and_then(
    links: Links, tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    copied = [shutil.copy(path, tmp_path / f"copy{path.suffix}") for path in (links.certificate, links.key)]
    certificate = Certificate(*copied)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_certificate, certificate, lambda: None)
        links.lead("new", "new")
        for source, target in zip((links.certificate, links.key), copied, strict=True):
            shutil.copy(source, target)
        await trio.sleep(LOOK_SECONDS * 1.5)
        nursery.cancel_scope.cancel()
    assert shown(certificate.context) == der(links.pairs / "new.pem")
