"""The table of the connections that a sid leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from notifyd.ingress.edge.deadlines import Deadlines
from notifyd.ingress.edge.socketio.sessions import Sessions, new_sid
from notifyd.ingress.edge.socketio.settings import EngineSettings

if TYPE_CHECKING:
    from notifyd.ingress.edge.socketio.connection import EngineConnection

ANY = cast("EngineConnection", object())


def test_addresses_are_bounded_and_loopback_is_not() -> None:
    sessions = Sessions(EngineSettings(max_sessions=5, max_sessions_per_address=2), Deadlines())
    for sid, address in (("a", "192.0.2.1"), ("b", "192.0.2.1"), ("c", "127.0.0.1"), ("d", "127.0.0.1")):
        assert sessions.may_add(address)
        sessions.add(sid, address, ANY)
    assert [sessions.may_add(address) for address in ("192.0.2.1", "192.0.2.2", "127.0.0.1")] == [False, True, True]
    sessions.remove("a", "192.0.2.1")
    sessions.remove("a", "192.0.2.1")
    assert sessions.may_add("192.0.2.1")
    assert (sessions.find("a"), sessions.find("b")) == (None, ANY)


def test_all_together_are_bounded() -> None:
    sessions = Sessions(EngineSettings(max_sessions=1), Deadlines())
    sessions.add("a", "::1", ANY)
    assert not sessions.may_add("::1")
    sessions.remove("a", "::1")
    assert (len(sessions), sessions.may_add("::1")) == (0, True)


def test_sids_carry_sixteen_random_bytes() -> None:
    sids = {new_sid() for _ in range(100)}
    assert len(sids) == 100
    assert {len(sid) for sid in sids} == {22}
