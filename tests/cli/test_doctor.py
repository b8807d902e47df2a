import socket
import stat
from pathlib import Path

import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl

FINE = pb.Finding(name="daemon", verdict="ok", found="notifyd 0.1.0, process 17, is ready")
HOLLOW = pb.Finding(name="broker-persistence", verdict="warning", found="appendonly is off", advice="switch it on")
FULL = pb.Finding(name="disk", verdict="failed", found="0 MiB are free", advice="make room")


def answer(*findings: pb.Finding) -> pb.DiagnoseResponse:
    return pb.DiagnoseResponse(findings=findings)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def found(ctl: Ctl) -> dict[str, tuple[str, str]]:
    return {each["name"]: (each["verdict"], each["found"]) for each in ctl("doctor", "-o", "json").json}


def test_warnings_do_not_fail(ctl: Ctl, admin: Admin) -> None:
    admin.answers("Diagnose", answer(FINE, HOLLOW))
    result = ctl("doctor")
    assert result.status == 0
    assert result.lines == [
        "daemon\tok\tnotifyd 0.1.0, process 17, is ready\t",
        "broker-persistence\twarning\tappendonly is off\tswitch it on",
    ]


def test_what_failed_fails(ctl: Ctl, admin: Admin) -> None:
    admin.answers("Diagnose", answer(FINE, FULL))
    result = ctl("doctor", "-o", "json")
    assert result.status == 1
    assert result.json[1] == {"name": "disk", "verdict": "failed", "found": "0 MiB are free", "advice": "make room"}
    assert result.err == ""


def test_quiet_names_what_is_not_well(ctl: Ctl, admin: Admin) -> None:
    admin.answers("Diagnose", answer(FINE, HOLLOW, FULL))
    assert ctl("doctor", "-q").lines == ["broker-persistence", "disk"]


def test_a_table_says_what_to_do_below(ctl: Ctl, admin: Admin) -> None:
    admin.answers("Diagnose", answer(FINE, HOLLOW))
    lines = [line.split() for line in ctl("doctor", "-o", "table").lines]
    assert lines[1:] == [["broker-persistence", "warning", "appendonly", "is", "off"], ["->", "switch", "it", "on"]]


def test_hostile_words_are_shown_as_they_are(ctl: Ctl, admin: Admin) -> None:
    admin.answers("Diagnose", answer(pb.Finding(name="daemon", verdict="ok", found=HOSTILE, advice=HOSTILE)))
    for form in ("table", "plain", "json"):
        out = ctl("doctor", "-o", form).out
        assert "\x1b" not in out
        assert "[bold red]" in out


def test_without_a_daemon_it_looks_for_itself(lonely: Ctl, folder: Path) -> None:
    result = lonely("doctor", "-o", "json")
    assert result.status == 1
    by_name = {each["name"]: each for each in result.json}
    assert by_name["daemon"]["verdict"] == "failed"
    assert by_name["daemon"]["found"].startswith("No daemon answers")
    assert by_name["configuration"]["verdict"] == "ok"
    assert by_name["state-folder"]["found"].endswith("is not there; the first start makes it")
    assert by_name["disk"]["verdict"] in ("ok", "failed")
    assert set(by_name) == {"daemon", "configuration", "state-folder", "disk"}


def test_without_a_daemon_a_wrong_setting_is_told(lonely: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFYD_SERVER_PORT", "many")
    verdict, said = found(lonely)["configuration"]
    assert (verdict, said) == ("failed", "environment: NOTIFYD_SERVER_PORT = many: must be a whole number")


def test_without_a_daemon_an_open_state_folder_is_told(lonely: Ctl, folder: Path) -> None:
    state = folder / "xdg_state_home" / "notifyd"
    state.mkdir(parents=True)
    state.chmod(0o755)
    assert stat.S_IMODE(state.stat().st_mode) == 0o755
    assert found(lonely)["state-folder"] == ("warning", f"{state} is open to others (mode 0755)")


def test_without_a_daemon_its_engines_are_called(lonely: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = listening.getsockname()[1]
        monkeypatch.setenv("NOTIFYD_BROKER_URL", f"redis+sentinel://:hunter2@127.0.0.1:{port},127.0.0.1:{there}/main")
        monkeypatch.setenv("MONGODB_URI", f"mongodb://u:hunter2@127.0.0.1:{port}")
        result = found(lonely)
    assert result["broker"] == ("ok", f"127.0.0.1:{there} takes connections")
    assert result["records"] == ("failed", f"cannot be reached: 127.0.0.1:{port} (connection refused)")
    assert "hunter2" not in str(result)


def test_a_daemon_that_refuses_is_no_absent_one(ctl: Ctl, admin: Admin) -> None:
    result = ctl("doctor")
    assert result.status == 1
    assert "no script for Diagnose" in result.err
