"""Sessions that were signed out: remembered here, told to the others, forgotten in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.service.access import signed_out
from notifyd.service.access.signed_out import SignedOut

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Nodes:
    """Peers that hear each other at once."""

    def __init__(self) -> None:
        self.handlers: list[Callable[[str, msgspec.Raw], None]] = []

    def hear(self, subject: str, handler: Callable[[str, msgspec.Raw], None]) -> None:
        self.handlers.append(handler)

    def tell(self, subject: str, body: bytes) -> None:
        for handler in self.handlers:
            handler("other", msgspec.Raw(body))


def test_a_session_is_signed_out_on_every_node() -> None:
    nodes = Nodes()
    here, there = SignedOut(nodes), SignedOut(nodes)  # type: ignore[arg-type]
    here.add("a", 2000, now=1000)
    assert "a" in here
    assert "a" in there
    assert "b" not in there


def test_those_that_have_ended_are_forgotten() -> None:
    kept = SignedOut()
    kept.add("old", 2000, now=1000)
    kept.add("new", 9000, now=2001)
    assert ("old" in kept, "new" in kept) == (False, True)


def test_there_is_an_end_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_out, "MOST_REMEMBERED", 2)
    kept = SignedOut()
    for name in "abc":
        kept.add(name, 9000, now=1000)
    assert [name in kept for name in "abc"] == [False, True, True]


def test_what_another_version_says_is_passed_over() -> None:
    nodes = Nodes()
    kept = SignedOut(nodes)  # type: ignore[arg-type]
    nodes.tell("", b'{"session":"a"}')
    assert "a" not in kept
