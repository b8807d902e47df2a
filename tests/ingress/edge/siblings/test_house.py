from __future__ import annotations

from pathlib import Path

import pytest

from notifyd.ingress.edge.siblings.house import Siblings

SOCKETS = [Path("/run/0"), Path("/run/1"), Path("/run/2")]


def test_a_sid_leads_to_who_made_it() -> None:
    workers = [Siblings(index, SOCKETS) for index in range(3)]
    sid = workers[2].marked("a-b_c")
    assert [worker.owner(sid) for worker in workers] == ["/run/2", "/run/2", None]


@pytest.mark.parametrize("sid", ["", "abc", "abc.", "abc.3", "abc.-1", "abc.²", ".", "abc.1.0"])
def test_other_sids_lead_nowhere(sid: str) -> None:
    assert Siblings(0, SOCKETS).owner(sid) is None


def test_who_is_alone_marks_nothing() -> None:
    assert Siblings().marked("abc") == "abc"
    assert Siblings().owner("abc.1") is None
