"""The wheel: what it holds, that it works where nothing else is, and that nothing stays when it goes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
import trio

from notifyctl.completing.shells import SCRIPTS
from tests.docs.pages import ROOT
from tests.docs.test_readme import block, placed, read_until, running
from tests.e2e.daemon import Daemon
from tests.e2e.fixtures import SETTINGS
from tests.packaging.building import DEPLOY, build, environment, files_below, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

DATA = {
    "share/man/man1/notifyctl.1": ROOT / "man/notifyctl.1",
    "share/man/man5/notifyd.toml.5": ROOT / "man/notifyd.toml.5",
    "share/man/man7/notifyd-protocol.7": ROOT / "man/notifyd-protocol.7",
    "share/man/man7/notifyctl-recipes.7": ROOT / "man/notifyctl-recipes.7",
    "share/man/man8/notifyd.8": ROOT / "man/notifyd.8",
    "share/notifyd/examples/pipelines/worker.sh": ROOT / "examples/pipelines/worker.sh",
    "share/notifyd/config.example.toml": ROOT / "config.example.toml",
    "share/notifyd/protos/notifyd/v1/client.proto": ROOT / "protos/notifyd/v1/client.proto",
    "share/notifyd/systemd/notification-service.service": DEPLOY / "systemd/notification-service.service",
    "share/notifyd/grafana/notifyd.json": DEPLOY / "grafana/notifyd.json",
    "share/notifyd/prometheus/alerts.yml": DEPLOY / "prometheus/alerts.yml",
    "share/doc/notifyd/UPGRADING.md": ROOT / "UPGRADING.md",
}
COMPLETIONS = {
    "share/bash-completion/completions/notifyctl": "bash",
    "share/zsh/site-functions/_notifyctl": "zsh",
    "share/fish/vendor_completions.d/notifyctl.fish": "fish",
}


class Installed(Daemon):
    """A daemon that an environment holds."""

    programs: Path

    def command(self, *more: str) -> list[str]:
        """How it is started: as the program that was installed."""
        _, _, _, _, *options = super().command(*more)
        return [str(self.programs / "notifyd"), *options]

    def environment(self) -> dict[str, str]:
        """Nothing of this tree, and no cache of bytecode that pip knows nothing of."""
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        own = {"XDG_STATE_HOME": str(self.folder / ".local/state"), "XDG_CONFIG_HOME": str(self.folder / ".config")}
        return super().environment() | own | {"PATH": path}

    @property
    def state_dir(self) -> Path:
        """Where it is unless told otherwise."""
        return self.folder / ".local/state/notifyd"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(folder, "wheel")
    return next(folder.glob("*.whl"))


def sources() -> set[str]:
    """Every file of the packages that the repository holds, and that is of use to who runs them."""
    listed = run("git", "ls-files", "notifyctl", "daemon/notifyd").splitlines()
    return {name.removeprefix("daemon/") for name in listed if (ROOT / name).exists()}


def test_it_holds_everything(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        data = f"{'-'.join(wheel.name.split('-')[:2])}.data/data/"
        for place, source in DATA.items():
            assert archive.read(data + place) == source.read_bytes()
        for place, shell in COMPLETIONS.items():
            assert archive.read(data + place).decode() == SCRIPTS[shell]
    assert sources() <= names
    assert {"notifyctl/py.typed", "notifyd/py.typed"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_the_source_distribution_gives_the_same_wheel(wheel: Path, tmp_path: Path):
    build(tmp_path, "sdist")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    source = next(path for path in tmp_path.iterdir() if path.is_dir())
    assert not (source / "tests/interop/node_modules").exists()
    build(tmp_path, "wheel", source=source)
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as theirs:
        assert {i.filename: i.CRC for i in ours.infolist()} == {i.filename: i.CRC for i in theirs.infolist()}


async def quick_start(daemon: Installed) -> None:
    """README's first notification, with the programs that were installed."""
    lines = block("sh", "keys create").replace(".venv/bin/notifyctl", str(daemon.programs / "notifyctl"))
    async with running(["bash", "-euc", f"{placed(lines, daemon)}\nwait"], daemon) as process:
        said = await read_until(process, b'"data":{"title":"Hello"}')
    assert b"event: notification" in said


def ctl(daemon: Installed, *command: str) -> str:
    return run(daemon.programs / command[0], *command[1:], cwd=daemon.folder, env=daemon.environment())


async def test_from_a_clean_environment_to_nothing_but_the_state_folder(wheel: Path, tmp_path: Path):
    programs = await trio.to_thread.run_sync(environment, tmp_path / "venv")
    pip = [programs / "python", "-m", "pip"]
    locked = [*pip, "install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r", DEPLOY / "requirements.lock"]
    # most of it is never imported here
    locked.append("--no-compile")
    await trio.to_thread.run_sync(run, *locked)
    before = files_below(tmp_path / "venv", apart=["__pycache__"])
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
    assert "No broken requirements found." in run(*pip, "check")

    (tmp_path / "home").mkdir()
    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            daemon = Installed(tmp_path / "home", nursery, *SETTINGS)
            daemon.programs = programs
            await daemon.start()
            await quick_start(daemon)
            assert "ready" in ctl(daemon, "notifyctl", "status", "-o", "plain")
            assert await daemon.terminate() == 0
    daemon.forget()
    assert daemon.complaints() == []

    assert_pages_are_found(daemon)
    assert re.fullmatch(r"notifyctl \S+\n", ctl(daemon, "notifyctl", "--version"))
    written = ctl(daemon, "notifyctl", "config", "init", "-")
    assert written == (programs.parent / "share/notifyd/config.example.toml").read_text()

    run(*pip, "uninstall", "--yes", "--quiet", "notifyctl")
    left_in = files_below(tmp_path / "venv", apart=["__pycache__"]) - before
    # pip leaves folders that others may share, such as share/man; it left them empty
    assert not [path for path in map(Path, left_in) if path.is_file() or path.name.startswith("notify")]
    left = {path.relative_to(daemon.folder) for path in daemon.folder.rglob("*")}
    state = daemon.state_dir.relative_to(daemon.folder)
    assert {path for path in left if state not in (path, *path.parents)} == set(state.parents) & left


def assert_pages_are_found(daemon: Installed) -> None:
    """`man` looks beside the programs of the PATH."""
    if not os.environ.get("CI") and shutil.which("manpath") is None:
        return
    for page in ("notifyctl.1", "notifyd.toml.5", "notifyd-protocol.7", "notifyctl-recipes.7", "notifyd.8"):
        name, section = page.rsplit(".", 1)
        found = daemon.programs.parent / f"share/man/man{section}" / page
        assert found.is_file()
        if shutil.which("manpath"):
            clean = {"PATH": daemon.environment()["PATH"], "LANG": "C.UTF-8"}
            done = subprocess.run(
                ["man", "-w", section, name], env=clean, capture_output=True, text=True, timeout=30, check=False
            )
            assert done.stdout.strip() == str(found), done.stderr
