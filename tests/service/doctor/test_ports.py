from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from notifyd.model.diagnosis import Verdict
from notifyd.service.daemon import Listener
from notifyd.service.doctor import ports
from notifyd.service.doctor.ports import BacklogCheck, ListenersCheck

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_each_port_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.create_server(("127.0.0.1", 0)) as gone:
        taken, free = there.getsockname()[1], gone.getsockname()[1]
        gone.close()
        good = Listener("http", f"http://127.0.0.1:{taken}")
        everyone = Listener("ws", f"ws://0.0.0.0:{taken}")
        bad = Listener("grpc", f"grpc://127.0.0.1:{free}")
        admin = Listener("admin", "unix:/nowhere")
        (fine,) = await ListenersCheck(lambda: [admin, good, everyone]).look()
        (broken,) = await ListenersCheck(lambda: [good, bad]).look()
    assert fine.verdict is Verdict.OK
    assert broken.verdict is Verdict.FAILED
    assert broken.found == f"{bad.url} (grpc) takes no connections: connection refused"


async def test_the_kernels_own_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    somaxconn = tmp_path / "somaxconn"
    monkeypatch.setattr(ports, "_SOMAXCONN", somaxconn)
    assert [finding.verdict for finding in await BacklogCheck(100).look()] == [Verdict.OK]
    somaxconn.write_text("64\n")
    (finding,) = await BacklogCheck(100).look()
    assert (finding.verdict, "holds 64 connections" in finding.found) == (Verdict.WARNING, True)
