import os
import socket
import stat
from pathlib import Path

import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.app.listeners.test_tls import make
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl
from tests.e2e.ports import free_port

FINE = pb.Finding(name="daemon", verdict="ok", found="notifyd 0.1.0, process 17, is ready")
HOLLOW = pb.Finding(name="broker-persistence", verdict="warning", found="appendonly is off", advice="switch it on")
FULL = pb.Finding(name="disk", verdict="failed", found="0 MiB are free", advice="make room")


def answer(*findings: pb.Finding) -> pb.DiagnoseResponse:
    return pb.DiagnoseResponse(findings=findings)


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
    assert set(by_name) == {"daemon", "configuration", "listeners", "state-folder", "disk", "secret-files"}


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


def test_without_a_daemon_who_has_its_port_is_told(lonely: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("NOTIFYD_SERVER_PORT", str(port))
        verdict, said = found(lonely)["listeners"]
    assert verdict == "failed"
    assert said.startswith(f"127.0.0.1:{port} (server.port) is taken by ")
    assert said.endswith(f"(process {os.getpid()})")


def test_without_a_daemon_ports_that_are_free_are_told(lonely: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "WS_PORT", "GRPC_PORT"):
        monkeypatch.setenv(f"NOTIFYD_SERVER_{name}", "0")
    assert found(lonely)["listeners"] == ("ok", "ports of any number are free on 127.0.0.1")


def test_without_a_daemon_an_address_of_another_machine_is_told(lonely: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFYD_SERVER_HOST", "192.0.2.1")
    assert "cannot be bound: cannot assign requested address" in found(lonely)["listeners"][1]


def test_without_a_daemon_a_configuration_that_all_may_read_is_told(
    lonely: Ctl, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "notifyd.toml"
    file.write_text('[records]\nurl = "mongodb://u:hunter2@127.0.0.1:1/x"\n')
    file.chmod(0o644)
    monkeypatch.setenv("NOTIFYD_CONFIG", str(file))
    assert found(lonely)["secret-files"] == ("failed", f"everybody here may read {file}")
    file.chmod(0o640)
    assert found(lonely)["secret-files"][0] == "ok"


def test_without_a_daemon_its_certificate_is_looked_at(
    lonely: Ctl, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make(folder, "push.example")
    monkeypatch.setenv("NOTIFYD_SERVER_TLS_CERTIFICATE", str(certificate))
    monkeypatch.setenv("NOTIFYD_SERVER_TLS_KEY", str(key))
    # it is good for a day
    assert found(lonely)["tls"][0] == "warning"
    certificate.write_text("none")
    assert found(lonely)["tls"] == ("failed", f"{certificate} is no certificate in PEM")


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
