"""The programs notifyctl and notifyd."""

import sys
from pathlib import Path

import pytest

from notifyctl import main
from notifyctl.exits import Status
from notifyd.config import Loaded


def called(monkeypatch: pytest.MonkeyPatch, *argv: str) -> None:
    monkeypatch.setattr(sys, "argv", list(argv))


def test_notifyctl_alone_shows_its_help(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    called(monkeypatch, "notifyctl")
    assert main.main() == 0
    assert capfd.readouterr().out.startswith("Usage: notifyctl ")


def test_a_noun_alone_shows_its_help(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    called(monkeypatch, "notifyctl", "keys")
    assert main.main() == 0
    assert "revoke" in capfd.readouterr().out


def test_notifyd_is_serve(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    called(monkeypatch, "notifyd", "-h")
    assert main.daemon() == 0
    shown = capfd.readouterr().out
    assert shown.startswith("Usage: notifyd ")
    assert "NOTIFYCTL_SERVE_PORT" in shown


@pytest.mark.parametrize(("program", "entry"), [("notifyctl", main.main), ("notifyd", main.daemon)])
def test_versions(program: str, entry, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    called(monkeypatch, program, "--version")
    assert entry() == 0
    assert capfd.readouterr().out.startswith(f"{program} ")


@pytest.mark.parametrize(
    "args",
    [["--port", "eighty"], ["-S", "nonsense"], ["-S", "no.such_key=1"], ["--config", "/nowhere.toml"], ["--nonsense"]],
)
def test_a_wrong_setting_is_usage(args: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    called(monkeypatch, "notifyd", *args)
    assert main.daemon() == Status.USAGE
    assert args[-1].partition("=")[0] in capfd.readouterr().err


def test_a_mistyped_command_is_told_the_nearest(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    called(monkeypatch, "notifyctl", "stauts")
    assert main.main() == Status.USAGE
    assert "Did you mean 'stats', 'status'?" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "bound"),
    [
        (["--socket", "/before"], [], "/before"),
        ([], ["--socket", "/after"], "/after"),
        (["--socket", "/before"], ["--socket", "/after"], "/after"),
        ([], [], "/environment"),
        ([], ["-S", "server.admin_socket=/setting"], "/setting"),
    ],
)
def test_serve_binds_the_socket_that_is_named(
    before: list[str], after: list[str], bound: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("NOTIFYCTL_SOCKET", "/environment")
    monkeypatch.setenv("NOTIFYD_SERVER_ADMIN_SOCKET", "/other")
    monkeypatch.chdir(tmp_path)
    started: list[Loaded] = []

    def serve(loaded: Loaded, **_: object) -> int:
        started.append(loaded)
        return 0

    monkeypatch.setattr("notifyd.app.run.serve", serve)
    called(monkeypatch, "notifyctl", *before, "serve", *after)
    assert main.main() == 0
    assert str(started[0].settings.server.admin_socket) == bound
