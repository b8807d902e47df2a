"""notifyctl(1) says what the commands are."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAN = Path(__file__).resolve().parents[2] / "man"


def test_the_page_is_up_to_date():
    done = subprocess.run(
        [sys.executable, MAN / "notifyctl_man.py", "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not here to look at it")
def test_the_page_is_well_formed():
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", MAN / "notifyctl.1"], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""
