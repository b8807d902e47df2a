"""The daemon's configuration as commands see it: every problem of it ends a command as a usage error."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from notifyctl.showing.output import Output
    from notifyd.config import Loaded


def load(
    output: Output,
    config_file: Path | None,
    *,
    flags: Mapping[str, str] | None = None,
    dotenv: Path | None = None,
    dev: bool = False,
) -> Loaded:
    """The settings that count, from the files and this process's environment.

    Raises:
        Refusal: something is wrong with them; every problem has been said.
    """
    from notifyd.config import load_settings

    with problems_said(output):
        return load_settings(config_file=config_file, environ=os.environ, flags=flags, dotenv=dotenv, dev=dev)


@contextmanager
def problems_said(output: Output) -> Iterator[None]:
    """Say every problem of a configuration that is refused inside, a line each, and end with USAGE."""
    from notifyd.config import ConfigInvalid

    try:
        yield
    except ConfigInvalid as exc:
        *others, last = (str(problem) for problem in exc.problems)
        if output.wants_json:
            last = "; ".join([*others, last])
        else:
            for line in others:
                output.note(f"Error: {line}")
        raise Refusal(last, Status.USAGE, code=exc.code) from exc
