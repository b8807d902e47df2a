from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from notifyctl.daemons.calling import Daemon
from notifyctl.exits import Refusal, Status
from notifyd.v1 import admin_pb2

if TYPE_CHECKING:
    from pathlib import Path


def _listening(place: Path) -> socket.socket:
    place.parent.mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place))
    listening.listen()
    return listening


def test_a_daemon_that_went_away_is_not_replaced_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifyctl.daemons.locate.candidates", lambda _environ: [ours, other])
    ours, other = tmp_path / "run" / "admin.sock", tmp_path / "state" / "admin.sock"
    with Daemon(None, 1) as daemon, _listening(other):
        with _listening(ours):
            daemon.stream("TailLogs", admin_pb2.TailLogsRequest()).cancel()
        daemon.close()
        with pytest.raises(Refusal, match="nobody listens") as refused:
            daemon.stream("TailLogs", admin_pb2.TailLogsRequest())
    assert refused.value.status is Status.UNREACHABLE
    assert "state" not in str(refused.value)
