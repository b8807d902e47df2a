"""What a person may lack, CI may not."""

from __future__ import annotations

import pytest

from tests.interop.programs import npm_package, tool


def test_without_the_program_a_person_is_told_and_the_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program or nor-this is not installed"):
        tool("no-such-program", "nor-this")


def test_on_ci_the_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="run npm ci --prefix tests/interop"):
        npm_package("no-such-package")


def test_what_is_there_is_found() -> None:
    assert tool("no-such-program", "sh").endswith("/sh")
