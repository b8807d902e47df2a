"""The cheat sheet: what it says can be typed as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from notifyctl.cheat.cheats import Cheat, cheats, parts, topics
from notifyctl.exits import Status
from notifyctl.program import ENVIRONMENT_PREFIX, tree
from notifyd.config.catalogue import catalogue
from tests.docs.pages import needs
from tests.e2e.patience import PATIENCE
from tests.e2e.service import service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.scripted import Ctl
    from tests.e2e.daemon import Daemon

__all__ = ["service"]

SETTINGS = ("limits.enabled=false",)
each_cheat = pytest.mark.parametrize("cheat", cheats(), ids=lambda cheat: cheat.run)
ENDLESS = (
    "notifyctl serve --dev",
    "notifyctl config init && notifyctl serve",
    "notifyctl stats --watch",
    "notifyctl listen orders",
)
#: Those that stop or change more than a shared daemon bears, or that need what is not there.
NOT_RUN = (
    "--durable w |",
    "--wait-ack",
    "curl -N",
    "--url WS_URL",
    "dead-letters show",
    "notifyd -S broker.url",
    "cluster drain",
    "config set",
    "config check",
    "notifyctl drain",
    "notifyctl bench",
    "context add",
    "--context shop",
)


def invocations(command: str) -> Iterator[list[str]]:
    """The arguments of each notifyctl in *command*; notifyd is `notifyctl serve`."""
    while inner := re.search(r"\$\(([^()]*)\)", command):
        yield from invocations(inner[1])
        command = command.replace(inner[0], "X")
    for program, rest in re.findall(r"\b(notifyctl|notifyd) ((?:'[^']*'|[^|&;<>'])*)", command):
        yield (["serve"] if program == "notifyd" else []) + shlex.split(rest)


def parse(args: list[str]) -> None:
    """Have the command line read *args*, as it would before it does anything."""
    command = tree()
    context = command.make_context("notifyctl", [], resilient_parsing=True, auto_envvar_prefix=ENVIRONMENT_PREFIX)
    while hasattr(command, "get_command"):
        name, *args = args
        command = command.get_command(context, name)
        assert command is not None, name
        last = not hasattr(command, "get_command")
        given = args if last else []
        context = command.make_context(name, list(given), parent=context, resilient_parsing=not last)


@each_cheat
def test_the_command_line_takes_it(cheat: Cheat):
    found = list(invocations(cheat.run.replace("--help", "x")))
    assert found or cheat.run.startswith("curl ")
    for args in found:
        parse(args)


def test_a_wrong_one_would_be_found():
    for wrong in ("keys create", "keys list --nonsense", "send -c x --priority 11", "keys revoke"):
        with pytest.raises(Exception, match=r"Missing|[Nn]o such|not between"):
            parse(wrong.split())


@each_cheat
def test_settings_that_it_names_exist(cheat: Cheat):
    assert set(re.findall(r"(?:-S |config set )([a-z_.]+)", cheat.run)) <= set(catalogue())


@each_cheat
def test_it_fits_a_terminal(cheat: Cheat):
    assert len(cheat.run) <= 77
    assert len(cheat.say) <= 60
    assert "".join(piece for piece, _ in parts(cheat.run)) == cheat.run


def test_there_are_a_few_for_each_topic():
    assert set(Counter(cheat.topic for cheat in cheats()).values()) <= set(range(3, 7))
    assert len({cheat.run for cheat in cheats()}) == len(cheats())


def test_the_help_names_the_topics(lonely: Ctl):
    said = " ".join(lonely("cheat", "--help").out.split())
    assert f"Topics are {', '.join(topics()[:-1])} and {topics()[-1]}." in said


def test_pieces():
    kinds = [
        (piece, kind) for piece, kind in parts("K=$(notifyctl keys show KEY_ID -o json) X-API-Key: $KEY 'A'") if kind
    ]
    assert kinds == [("notifyctl", "program"), ("KEY_ID", "blank"), ("-o", "option"), ("'A'", "quoted")]


def test_formats(lonely: Ctl):
    plain = lonely("cheat", "keys").lines
    assert plain[2] == "notifyctl keys list\twho has one, and when it was used last\tkeys"
    assert lonely("cheat", "keys", "-q").lines[2] == "notifyctl keys list"
    assert lonely("cheat", "keys", "-o", "json").json[2]["command"] == "notifyctl keys list"
    assert len(lonely("cheat").lines) == len(cheats())
    table = lonely("cheat", "keys", "-o", "table").out
    assert "KEYS  API keys for producers and subscribers\n" in table
    assert "  notifyctl keys list" in table


@pytest.mark.parametrize(("topic", "hint"), [("key", "Did you mean 'keys'?"), ("zzz", "There are start, keys,")])
def test_another_topic_is_refused(lonely: Ctl, topic: str, hint: str):
    done = lonely("cheat", topic)
    assert done.status == Status.USAGE
    assert hint in done.err


@dataclass(frozen=True)
class Desk:
    """A folder where commands are typed, beside a daemon."""

    folder: Path
    environment: dict[str, str]
    #: What the words in capitals stand for.
    blanks: dict[str, str]

    def type(self, line: str) -> str:
        """Run *line* as a shell does, the blanks filled in; what it printed."""
        names = sorted(self.blanks, key=len, reverse=True)
        filled = re.sub("|".join(names), lambda blank: self.blanks[blank.group()], line) if names else line
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", filled], env=self.environment, cwd=self.folder, check=False,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30 * PATIENCE,
        )  # fmt: skip
        assert (done.returncode, line) == (0, line), done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def desk(service: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """With what the commands need: a client with a user, a key, a notification, and the files that they read."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "bin").mkdir()
    script = folder / "bin" / "notifyctl"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m notifyctl "$@"\n')
    script.chmod(0o755)
    environment = {**service.environment(), "PATH": f"{script.parent}:{os.environ['PATH']}"}
    made = Desk(folder, environment, {"URL": service.http_url})
    (folder / "app.log").write_text("one\ntwo\n")
    made.blanks["CLIENT_ID"] = made.type("notifyctl clients register --name other -q --secret-out other.secret")
    made.type("notifyctl tokens mint --client CLIENT_ID --user alice -q > token.txt")
    made.blanks["KEY_ID"] = made.type("notifyctl keys create --name shop -o json | jq -r .id")
    made.blanks["NOTIFICATION_ID"] = made.type("notifyctl send --channel orders first --wait -q")
    made.type("notifyctl export > state.toml")
    return made


def is_run(cheat: Cheat) -> bool:
    return cheat.run not in ENDLESS and not any(words in cheat.run for words in NOT_RUN)


@pytest.mark.slow
@needs("curl")
@needs("jq")
@pytest.mark.parametrize("topic", sorted({cheat.topic for cheat in cheats() if is_run(cheat)}))
def test_they_do_what_they_say(desk: Desk, topic: str):
    for cheat in cheats():
        if cheat.topic == topic and is_run(cheat):
            desk.type(cheat.run)


def test_most_of_them_are_run():
    assert sum(map(is_run, cheats())) > len(cheats()) / 2
