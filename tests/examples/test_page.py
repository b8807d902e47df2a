"""notifyctl-recipes(7) says what the scripts are, and the scripts are as the page wants them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.docs.pages import MAN, needs
from tests.examples.scripts import EXAMPLES, PIPELINES

RECIPES = sorted(path.stem for path in PIPELINES.iterdir())


def test_the_page_is_up_to_date():
    check = [sys.executable, MAN / "recipes.py", "--check"]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_stands_in_the_page(name: str):
    assert f"{name.replace('-', chr(92) + '-')}.sh" in (MAN / "notifyctl-recipes.7").read_text()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_stops_at_the_first_failure_and_can_be_run(name: str):
    script = PIPELINES / f"{name}.sh"
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -euo pipefail\n" in text
    assert f"# Usage: {name}.sh " in text
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("first-*")), ids=lambda path: path.name)
def test_a_first_connection_can_be_run(path):
    assert os.access(path, os.X_OK)
    assert f" {path.name}" in path.read_text().split("Usage: ")[1].splitlines()[0]


@needs("mandoc")
def test_the_page_is_well_formed():
    lint = ["mandoc", "-T", "lint", "-W", "warning", MAN / "notifyctl-recipes.7"]
    done = subprocess.run(lint, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout + done.stderr == ""
