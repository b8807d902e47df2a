"""Every example of the help does what it says, in a shell beside a daemon: the examples themselves are what is run."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import selectors
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.examples import runs
from tests.cli.examples.house import House
from tests.cli.examples.runs import FILES, MORE, NAMES, RUNS, least, run_of, runnable
from tests.cli.leaves import examples
from tests.interop.programs import tool

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.examples.runs import Run

EXAMPLES = sorted({*itertools.chain.from_iterable(examples().values()), *MORE})
_SECONDS = 60
_LOOK_SECONDS = 0.1


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    with House() as house:
        yield house


@pytest.fixture
def house(request: pytest.FixtureRequest, example: str) -> Iterator[House]:
    if not run_of(example).own:
        shared = request.getfixturevalue("shared")
        yield shared
        shared.settle()
        return
    with House("node-2") as own:
        yield own


@pytest.mark.slow
@pytest.mark.parametrize("example", runnable(EXAMPLES))
def test_it_does_what_it_says(house: House, example: str) -> None:
    for program in ("bash", "jq", "curl"):
        if program == "bash" or re.search(rf"\b{program} ", example):
            tool(program)
    run, folder = run_of(example), house.folder()
    line, client_id = named(house, example, run)
    line = (run.before + least(line)).replace("/etc/notifyd/", f"{folder}/")
    write_files(house, line, run, folder, client_id)
    if run.given is not None:
        run.given(house, client_id=client_id)
    process = house.start(house.placed(line), folder)
    told = Told(process)
    try:
        if run.until:
            while not told.has(run.until, folder):
                if run.feed is not None:
                    run.feed(house, client_id=client_id)
                told.listen(_LOOK_SECONDS)
            os.killpg(process.pid, signal.SIGINT)
        while told.goes_on:
            if run.feed is not None and not run.until:
                run.feed(house, client_id=client_id)
            told.listen(_LOOK_SECONDS)
        process.wait(_SECONDS)
    finally:
        told.end()
    allowed = {0, 128 + signal.SIGINT, -signal.SIGINT} if run.until else {run.status}
    assert process.returncode in allowed, f"{line}\nended with {process.returncode}.\n{told.text}\n{runs.__doc__}"


def named(house: House, example: str, run: Run) -> tuple[str, str]:
    """The example with what its placeholders stand for, and the id of the client that it may speak of."""
    client_id = ""
    for word, small in run.instead.items():
        example = example.replace(word, small)
    for word in sorted(set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", example))):
        make = run.names.get(word) or NAMES.get(word)
        if make is not None:
            found = make(house)
            example = re.sub(rf"\b{word}\b", found, example)
            client_id = found if word == "CLIENT_ID" else client_id
    return example, client_id


def write_files(house: House, line: str, run: Run, folder: Path, client_id: str) -> None:
    """The files that the example names, for their owner alone."""
    for name, content in FILES.items():
        if name in line and name not in run.absent:
            (folder / name).touch(mode=0o700 if name == "handle-order" else 0o600)
            (folder / name).write_text(content(house, client_id=client_id))


class Told:
    """What a process says, until it ends; it does not outlive its deadline."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._until = time.monotonic() + _SECONDS
        self._selector = selectors.DefaultSelector()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            self._selector.register(stream, selectors.EVENT_READ)
        self._said = b""

    @property
    def text(self) -> str:
        """All of it."""
        return self._said.decode(errors="replace")

    def has(self, words: str, folder: Path) -> bool:
        """Whether it has said so, or written a file of this name."""
        return words in self.text or (folder / words).exists()

    def listen(self, seconds: float) -> None:
        """Hear what it says for so long at most."""
        assert time.monotonic() < self._until, f"it goes on and on, and says only:\n{self.text}\n{runs.__doc__}"
        assert self._selector.get_map(), f"it ended, and said only:\n{self.text}\n{runs.__doc__}"
        for key, _ in self._selector.select(seconds):
            said = os.read(key.fd, 65_536)
            self._said += said
            if not said:
                self._selector.unregister(key.fileobj)

    @property
    def goes_on(self) -> bool:
        """Whether it may say more."""
        return bool(self._selector.get_map())

    def end(self) -> None:
        """Nothing of it is left."""
        self._selector.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def test_the_table_speaks_of_examples_that_are_there() -> None:
    assert sorted(RUNS.keys() - set(EXAMPLES)) == []
