"""The common options may stand before the command too."""

import pytest

from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


@pytest.fixture(autouse=True)
def _ready(admin: Admin):
    admin.answers("GetStatus", samples.status())


def test_a_socket_and_a_format(lonely: Ctl, admin: Admin):
    assert lonely("--socket", str(admin.socket), "-o", "json", "status").json["state"] == "ready"


def test_it_counts_more_than_the_environment(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYCTL_SOCKET", "/nowhere")
    assert ctl("--socket", str(admin.socket), "status").status == 0


def test_after_the_command_counts_most(ctl: Ctl):
    assert "state\tready" in ctl("-o", "json", "status", "-o", "plain").lines


def test_quiet_and_a_timeout(ctl: Ctl):
    assert ctl("-q", "--timeout", "5s", "status").out == ""
    assert ctl("--timeout", "soon", "status").status == 2
