"""Options that `notifyctl apply` and `notifyctl diff` share."""

from __future__ import annotations

from typing import Annotated

import typer

Files = Annotated[
    list[str],
    typer.Option(
        "--file",
        "-f",
        metavar="FILE",
        help="What is declared, in TOML, or JSON where it ends in .json; - reads stdin. Repeatable.",
    ),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Also remove what is there and not declared, of the kinds, and the clients, that the files name.",
    ),
]
PlainSecrets = Annotated[
    bool, typer.Option("--plain-secrets", help="Take clients' secrets that stand in the files themselves.")
]
