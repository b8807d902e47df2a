"""notifyd(8), section LIMITS, against the code: every bound has a setting, a metric, and a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from notifyd.app.showing.bounds import BOUNDS, Bound, limits
from notifyd.app.showing.gauges import gauges
from notifyd.config.catalogue import catalogue
from notifyd.model import disconnect
from notifyd.model.disconnect import Disconnect
from notifyd.telemetry.prometheus import Exposition
from tests.app.composed import composed, loaded_with
from tests.docs.codes import error_codes
from tests.docs.pages import items, page, section

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from notifyd.app.parts.graph import Graph

LIMITS = section(page("notifyd.8"), "LIMITS")
ITEMS = items(LIMITS, "Ic")

#: Names of settings that bound something which could grow otherwise. Ages, tries and waits end by themselves.
BOUNDING = re.compile(
    r"(?!.*(seconds|attempts)$)(max_.*|.*_per_minute|outbox_bytes|ring_entries|burst|concurrency|workers)"
)

#: What has such a name and bounds nothing: so many processes there are.
COUNTS = {"server.workers"}


class NoSessions:
    """The server of Socket.IO, as far as a gauge asks for it."""

    session_count = 0


@pytest.fixture
async def graph(tmp_path: Path, nursery: trio.Nursery) -> Graph:
    return await composed(loaded_with(tmp_path), nursery)


def test_every_setting_that_bounds_something_is_a_bound():
    wanted = {path for path in catalogue() if BOUNDING.fullmatch(path.partition(".")[2])} - COUNTS
    assert {bound.setting for bound in BOUNDS} == wanted


def test_every_bound_is_described_and_no_other():
    assert list(ITEMS) == [bound.setting for bound in BOUNDS]


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.setting)
def test_bound_is_described_with_its_metric_and_what_happens(bound: Bound):
    head, _, rest = ITEMS[bound.setting].partition(f".Ql {bound.limit} .\n")
    assert (f"notifyd_{bound.gauge} ," in head) is bool(bound.gauge)
    assert len(rest.split()) > 1


async def test_every_metric_that_is_named_is_exposed(graph: Graph):
    settings = graph.loaded.settings
    told = Exposition(graph.engines.counters, gauges(graph, lambda: settings, NoSessions())).render()[0].decode()
    exposed = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    assert set(re.findall(r"notifyd_\w+", LIMITS)) <= exposed
    assert set(limits(settings)) == set(re.findall(r'^notifyd_limit\{name="(\w+)"\}', told, re.MULTILINE))


def test_no_two_bounds_have_the_same_name():
    assert len({bound.limit for bound in BOUNDS}) == len(BOUNDS)


def test_every_code_that_is_named_exists():
    named = {word for text in ITEMS.values() for word in re.findall(r"^\.Ic ([a-z]+(?:_[a-z]+)+)", text, re.MULTILINE)}
    assert {"queue_full", "too_many_durables"} <= named <= set(error_codes())


def test_every_close_code_that_is_named_exists():
    known = {value.code for value in vars(disconnect).values() if isinstance(value, Disconnect)} | {1009}
    assert {int(code) for code in re.findall(r"\b(?:4\d\d\d|1\d\d\d)\b", LIMITS)} <= known
