"""What the daemon's limits let a run do."""

import math

import pytest

from notifyctl.benching.planning.limits import Limits, keys_for, way
from notifyctl.benching.planning.plan import Volume
from notifyctl.exits import Refusal

LIMITED = Limits(requests_per_minute=60, burst=60, connections=18_000, connections_per_key=1000, largest_batch=1000)
FREE = Limits()
SECOND = Volume(rate=100, duration_seconds=1, warmup_seconds=0)


def test_limits_of_a_configuration():
    settings = {"limits.enabled": True, "limits.requests_per_minute": 90, "keys.max_connections_per_key": 5}
    limits = Limits.of(settings)
    assert (limits.requests_per_minute, limits.burst, limits.connections_per_key) == (90, 90, 5)
    assert math.isinf(Limits.of({**settings, "limits.enabled": False}).requests_within(1))


@pytest.mark.parametrize(("connections", "keys"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (18_000, 18)])
def test_keys(connections: int, keys: int):
    assert keys_for(connections, LIMITED) == keys


def test_more_connections_than_the_daemon_takes_are_refused():
    with pytest.raises(Refusal, match=r"server\.max_connections"):
        keys_for(18_001, LIMITED)
    with pytest.raises(Refusal, match=r"keys\.max_connections_per_key"):
        keys_for(2000, Limits(connections_per_key=1))


@pytest.mark.parametrize(
    ("limits", "http", "admin", "chosen"),
    [(FREE, True, True, "http"), (FREE, False, True, "websocket"), (LIMITED, True, True, "admin")],
)
def test_the_way_is_chosen(limits: Limits, http: bool, admin: bool, chosen: str):
    assert way("auto", SECOND, limits, http=http, admin=admin) == chosen


def test_a_run_that_fits_the_limit_goes_over_rest():
    assert way("auto", Volume(rate=10, duration_seconds=2), LIMITED, http=True, admin=True) == "http"
    batched = Volume(rate=1000, duration_seconds=2, batch=100)
    assert way("http", batched, LIMITED, http=True, admin=True) == "http"


@pytest.mark.parametrize("volume", [SECOND, Volume(), Volume(count=1000, duration_seconds=None, warmup_seconds=0)])
def test_a_run_that_would_measure_the_limit_is_refused(volume: Volume):
    with pytest.raises(Refusal, match=r"60 requests a minute .* config set limits.enabled false.*--via admin"):
        way("http", volume, LIMITED, http=True, admin=True)
    with pytest.raises(Refusal, match="on the daemon's machine"):
        way("auto", volume, LIMITED, http=True, admin=False)


@pytest.mark.parametrize(("via", "said"), [("http", "--url as http://"), ("admin", "needs the daemon's admin socket")])
def test_a_way_that_is_not_there_is_refused(via, said: str):
    with pytest.raises(Refusal, match=said):
        way(via, SECOND, FREE, http=False, admin=False)


def test_a_batch_that_is_too_large_is_refused():
    with pytest.raises(Refusal, match=r"delivery\.max_batch"):
        way("auto", Volume(batch=1001), LIMITED, http=True, admin=True)
