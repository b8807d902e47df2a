"""How a setting declares itself: the one sentence from which file, environment, manual and checks are derived."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Form = Literal[
    "", "host", "network", "origin", "pattern", "path", "package", "name", "url",
    "broker", "records", "bullmq", "word", "node", "queue", "tag",
]  # fmt: skip
"""A narrower shape that texts of a setting must have; see `notifyd.config.forms`."""


class Setting(Struct, frozen=True):
    """What `Annotated[type, Setting(...)]` says about a field of a section; the field's default is the default.

    Attributes:
        doc: one sentence for the operator.
        low: the smallest number allowed.
        high: the largest number allowed; None means the bound of its unit.
        choices: the words allowed, empty for any.
        aliases: other words that are understood, with the choice that they mean.
        form: a narrower shape for texts.
        service: the name that the channel service gave to this setting in the environment.
        milliseconds: the value under `service` is in milliseconds.
        flag: the option of `notifyctl serve` that sets it.
        reload: it changes while the daemon runs; otherwise it needs a restart.
        secret: shown as `***`, unless it is the default.
        follows: what the default is where it depends on something else, as a phrase for the manual.
    """

    doc: str
    low: float = 0
    high: float | None = None
    choices: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    form: Form = ""
    service: str = ""
    milliseconds: bool = False
    flag: str = ""
    reload: bool = False
    secret: bool = False
    follows: str = ""
