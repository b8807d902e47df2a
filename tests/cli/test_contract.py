"""What holds for every command, asked of the whole tree."""

import itertools
import os
import re
import shlex
import subprocess
import sys

import pytest
import typer

from notifyctl.program import COMMANDS, tree
from tests.cli.leaves import LEAVES, examples, options, path_of, variable

each_command = pytest.mark.parametrize("path", LEAVES)


@each_command
def test_every_option_has_an_environment_variable(path: str):
    context = LEAVES[path]
    for option in options(path):
        assert option.allow_from_autoenv
        assert variable(context, option).startswith("NOTIFYCTL_")
        assert variable(context, option) in re.sub(r"\s+", "", context.get_help())


@each_command
def test_environment_variables_of_one_command_differ(path: str):
    names = [variable(LEAVES[path], option) for option in options(path)]
    assert len(names) == len(set(names))


@each_command
def test_help_has_an_example_and_says_what_happens(path: str):
    text = LEAVES[path].get_help()
    assert "Example:" in text
    assert re.search(r"\b(Reads|Changes|Starts|Writes)\b", text)
    assert path in text.split("Example:")[1]


@pytest.mark.parametrize("line", sorted(set(itertools.chain.from_iterable(examples().values()))))
def test_examples_name_commands_and_options_that_exist(line: str):
    for found in re.finditer(r"\bnotifyctl ([^|&)]*)", line):
        words = shlex.split(found.group(1))
        known = {name for option in options(path_of(words)) for name in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if re.fullmatch(r"--?[a-zA-Z][a-z-]*", word)} <= known


@each_command
def test_every_argument_and_option_is_explained(path: str):
    assert all(param.help for param in LEAVES[path].command.params if param.name != "help")


def test_commands_are_what_the_help_lists():
    root = tree()
    text = root.get_help(typer.Context(root, info_name="notifyctl"))
    assert [word for word in COMMANDS if f"\n  {word} " not in text] == []


@pytest.mark.parametrize("noun", ["", "notifications", "bench"])
def test_a_list_of_commands_says_whole_sentences(noun: str):
    root = tree()
    command = root.get_command(None, noun) if noun else root
    listed = command.get_help(typer.Context(command, info_name=noun or "notifyctl")).partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


def modules_after(*args: str) -> set[str]:
    code = "import sys; from notifyctl.main import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    environment = {**os.environ, "NOTIFYCTL_SOCKET": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=20, env=environment, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("args", [["--version"], ["completion", "show", "bash"]])
def test_light_commands_import_nothing_heavy(args: list[str]):
    loaded = modules_after(*args)
    assert loaded.isdisjoint({"trio", "grpc", "rich", "pydantic", "asyncio", "google.protobuf", "notifyd.config"})
    assert {name for name in loaded if name.startswith("notifyd")} <= {"notifyd"}


@pytest.mark.parametrize("args", [["status"], ["keys", "list", "-o", "json"], ["send", "--channel", "c", "hello"]])
def test_commands_import_of_the_daemon_the_contract_alone(args: list[str]):
    loaded = modules_after(*args)
    assert loaded.isdisjoint({"trio", "rich", "pydantic", "asyncio"})
    assert {name.split(".")[1] for name in loaded if name.startswith("notifyd.")} <= {"v1"}


def test_inspecting_a_token_needs_neither_a_daemon_nor_cryptography(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYCTL_TOKEN", "e30.e30.x")
    loaded = modules_after("tokens", "inspect")
    assert loaded.isdisjoint({"jwt", "cryptography", "grpc", "trio", "rich"})


def test_version_is_quick():
    started = os.times()
    for _ in range(3):
        subprocess.run([sys.executable, "-m", "notifyctl", "--version"], check=True, stdout=subprocess.DEVNULL)
    ended = os.times()
    spent = ended.children_user + ended.children_system - started.children_user - started.children_system
    assert spent / 3 < 0.2
