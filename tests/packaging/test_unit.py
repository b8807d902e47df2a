"""The unit of systemd: notifyd(8) shows it, systemd takes it, and the daemon runs in what it leaves open."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sysconfig
from typing import TYPE_CHECKING

import pytest
import trio

from notifyctl.exits import Status
from notifyd.app import run as daemon_run
from notifyd.config import load_settings
from tests.docs.pages import ROOT, page, section
from tests.e2e.daemon import Daemon
from tests.packaging.building import DEPLOY, run
from tests.packaging.room import USER, open_room

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packaging.room import Room

NAME = "notification-service.service"
UNIT = (DEPLOY / "systemd" / NAME).read_text(encoding="utf-8")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")

#: What systemd-analyze calls OK; 10 is a service without any protection.
MOST_EXPOSED = 2.0


def said(unit: str = UNIT) -> dict[str, list[str]]:
    """The values of each key."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_the_manual_shows_it():
    shown = re.search(r"\.Bd -literal[^\n]*\n(.*?)\n\.Ed", section(page("notifyd.8"), "SYSTEMD"), re.DOTALL)
    assert shown is not None
    lines = [line for line in UNIT.splitlines() if line and not line.startswith("#")]
    assert [line for line in shown[1].replace("\\-", "-").splitlines() if line] == lines


def test_its_numbers_are_over_those_of_the_settings():
    settings = load_settings(config_file=None, environ={}, dotenv=None).settings
    values = said()
    assert int(values["TimeoutStopSec"][0]) > settings.server.drain_seconds
    assert int(values["LimitNOFILE"][0]) > settings.server.max_connections
    assert values["RestartPreventExitStatus"] == [f"{Status.USAGE:d} {daemon_run.CONFLICT}"]


def test_its_folders_are_where_the_daemon_and_notifyctl_look():
    values = said()
    environ = {"STATE_DIRECTORY": f"/var/lib/{values['StateDirectory'][0]}"}
    settings = load_settings(config_file=None, environ=environ, dotenv=None).settings
    assert str(settings.server.state_dir) == values["WorkingDirectory"][0]
    assert values["RuntimeDirectory"] == ["notifyd"]
    assert values["StateDirectoryMode"] == values["RuntimeDirectoryMode"] == ["0700"]


def suggested() -> str:
    """The unit with everything in force that its comments offer."""
    return re.sub(r"^#   (\w+=)", r"\1", UNIT, flags=re.MULTILINE)


@pytest.mark.slow
@needs_systemd
@pytest.mark.parametrize("unit", [UNIT, suggested()], ids=["as it is", "with its suggestions"])
def test_systemd_takes_it(unit: str, tmp_path: Path):
    path = tmp_path / NAME
    # systemd looks whether the program is there
    path.write_text(unit.replace("/usr/local/bin/notifyd", shutil.which("true") or "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    told = run("systemd-analyze", "security", "--offline=true", "--no-pager", path)
    found = re.search(r"Overall exposure level .*?: ([\d.]+)", told)
    assert found is not None, told
    assert float(found[1]) < MOST_EXPOSED


def calls() -> str:
    """The system calls that the unit allows, joined by commas."""
    allow, refuse = said()["SystemCallFilter"]
    refused = [name for group in refuse.removeprefix("~").split() for name in expanded(group)]
    return ",".join(name for name in expanded(allow) if name not in refused)


def expanded(group: str) -> list[str]:
    """The system calls of a group such as @system-service."""
    lines = run("systemd-analyze", "syscall-filter", group).splitlines()[1:]
    names = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return [name for each in names for name in (expanded(each) if each.startswith("@") else [each])]


#: What must not be possible, each in a line that would do it.
FORBIDDEN = """\
open("/etc/notifyd", "w")
open("/srv/tree/written", "w")
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)
os.setpriority(os.PRIO_PROCESS, 0, 5)
os.chroot("/tmp")
os.listdir("/proc/1/fd")
""".splitlines()

PROBE = """\
import mmap, os, socket, sys
for line in sys.argv[1:]:
    try:
        eval(line)
    except OSError:
        continue
    print(line)
"""


class Confined(Daemon):
    """The daemon as the unit starts it, in a room."""

    room: Room

    def command(self, *more: str) -> list[str]:
        """The daemon of this tree."""
        return self.confined("-m", "notifyctl", "serve", "-S", "log.format=json", *more)

    def confined(self, *arguments: str) -> list[str]:
        """Python as the unit leaves it, with the environment that systemd gives."""
        environ = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": "/srv/tree/daemon:/srv/tree:/srv/packages",
            "PYTHONDONTWRITEBYTECODE": "1",
            "STATE_DIRECTORY": "/var/lib/notifyd",
            "RUNTIME_DIRECTORY": "/run/notifyd",
            "CREDENTIALS_DIRECTORY": "/run/credentials",
            "NOTIFYD_RECORDS_MASTER_KEY_FILE": "/run/credentials/master.key",
            "NOTIFY_SOCKET": "/run/manager/notify",
            "WATCHDOG_USEC": "2000000",
            "PORT": "0",
            "WS_PORT": "0",
            "GRPC_PORT": "0",
        }
        confine = ["python", "/srv/tree/tests/packaging/confine.py", calls(), families()]
        return self.room.command(
            *confine, "python", *arguments, user=USER, cwd=said()["WorkingDirectory"][0], env=environ
        )

    def environment(self) -> dict[str, str]:
        """Of the programs that lead into the room."""
        return dict(os.environ)


def families() -> str:
    return ",".join(said()["RestrictAddressFamilies"][0].split())


def furnish(room: Room, folder: Path) -> None:
    """What ProtectSystem, PrivateTmp, ProtectProc, StateDirectory, RuntimeDirectory and LoadCredential do."""
    shared = {"/srv/tree": ROOT, "/srv/packages": sysconfig.get_path("purelib"), "/run/manager": folder}
    own = ("/var/lib/notifyd", "/run/notifyd", "/run/credentials")
    for place in (*shared, *own):
        room.run("mkdir", "-p", place)
    for place, source in shared.items():
        room.mount("--bind", source, f"ROOT{place}")
    room.mount("-o", "remount,ro", "ROOT")
    room.mount("-t", "proc", "-o", "hidepid=invisible", "proc", "ROOT/proc")
    for place in ("/tmp", "/home", "/root"):
        room.mount("-t", "tmpfs", "tmpfs", f"ROOT{place}")
    for place in own:
        room.mount("-t", "tmpfs", "-o", f"uid={USER},gid={USER},mode=0700", "tmpfs", f"ROOT{place}")
    # as systemd leaves it: closed by an ACL, whose mask shows as the mode of the group
    key = "echo 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff > /run/credentials/master.key"
    room.run("sh", "-c", f"{key}; chown 0:{USER} /run/credentials/master.key; chmod 0440 /run/credentials/master.key")


@pytest.mark.slow
@needs_systemd
async def test_the_daemon_runs_in_what_is_left_open(tmp_path: Path):
    told = trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    await told.bind(str(tmp_path / "notify"))
    run("chmod", "0777", tmp_path, tmp_path / "notify")

    async def until(*wanted: str) -> None:
        for each in wanted:
            while each not in (await told.recv(4096)).decode().splitlines():
                pass

    with open_room(tmp_path / "room") as room, told, trio.fail_after(120):
        furnish(room, tmp_path)
        async with trio.open_nursery() as nursery:
            daemon = Confined(tmp_path, nursery)
            daemon.room = room
            assert run(*daemon.confined("-c", PROBE, *FORBIDDEN)) == ""
            await daemon.start()
            await until("READY=1", "WATCHDOG=1")
            token = room.run("cat", "/var/lib/notifyd/admin.token").strip()
            async with daemon.rest() as rest:
                made = await rest.call("POST", "/api/keys", {"clientName": "c"}, Authorization=f"Bearer {token}")
                sent = await rest.call(
                    "POST", "/api/notifications", {"channel": "c", "data": 1}, X_API_Key=made.json["apiKey"]
                )
            assert (sent.status, sent.json["durability"]) == (202, "fsync")
            daemon.process.send_signal(signal.SIGHUP)
            await until("RELOADING=1", "READY=1")
            daemon.process.send_signal(signal.SIGTERM)
            await until("STOPPING=1")
            assert await daemon.ended() == 0
    daemon.forget()
    assert daemon.complaints() == []
