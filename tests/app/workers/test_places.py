from __future__ import annotations

from pathlib import Path

import pytest

from notifyd.app.problems import CannotStart
from notifyd.app.workers.places import admin_socket, edge_sockets, sockets_of
from notifyd.config.places import MOST_SOCKET_BYTES

FIRST = Path("/run/notifyd/admin.sock")


def test_the_first_worker_answers_for_the_daemon() -> None:
    assert [admin_socket(FIRST, index).name for index in range(3)] == ["admin.sock", "admin-1.sock", "admin-2.sock"]


def test_no_two_sockets_are_one() -> None:
    places = [FIRST, *sockets_of(FIRST, 3)]
    assert len(set(places)) == len(places) == 6
    assert set(edge_sockets(FIRST, 3)) < set(places)
    assert {path.parent for path in places} == {FIRST.parent}


def test_a_path_that_is_too_long_is_refused_before_the_start() -> None:
    longest = Path("/run") / ("x" * (MOST_SOCKET_BYTES - len("/run/")))
    with pytest.raises(CannotStart, match="--socket"):
        sockets_of(longest, 2)
