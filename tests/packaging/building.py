"""The distribution as `pip` sees it: built from this tree, and installed into environments that hold nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from typing import TYPE_CHECKING, Final

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Downloads on a slow line, and a disk that others use.
_SECONDS: Final = 400

DEPLOY: Final = ROOT / "daemon" / "deploy"


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What it prints; it must succeed. *env* comes on top of this process's."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=None if env is None else os.environ | env,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(folder: Path, *kinds: str, source: Path = ROOT) -> None:
    """Put the sdist and the wheel of the tree at *source*, or one of them, into *folder*."""
    targets = [part for kind in kinds for part in ("-t", kind)]
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, *targets, cwd=source)


def environment(folder: Path) -> Path:
    """A new virtual environment that has pip and nothing else; the folder of its programs."""
    venv.create(folder, with_pip=True, symlinks=True)
    return folder / "bin"


def files_below(*folders: Path, apart: Iterable[str] = ()) -> set[str]:
    """Every file and folder there, but for those that have one of the parts *apart* in their path."""
    found = (path for folder in folders for path in folder.rglob("*"))
    return {str(path) for path in found if not set(path.parts) & set(apart)}
