"""Everything that gives values, read and parsed but not yet looked into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from notifyd.config.documents import Document
from notifyd.config.problems import ConfigProblem


class Sources(Struct, frozen=True):
    """Everything that gives values, read and parsed.

    Attributes:
        path: the configuration file, there or not.
        file: what it says.
        overlay: what the overlay beside it says.
        dotenv: the variables of the `.env` file.
        environ: the variables of the environment.
        flags: values by option (`--port`) or by key (`server.port`, as `-S` gives them).
        problems: what could not be read.
    """

    path: Path | None
    file: Document | None
    overlay: Document | None
    dotenv: Mapping[str, str]
    environ: Mapping[str, str]
    flags: Mapping[str, str]
    problems: tuple[ConfigProblem, ...] = ()
