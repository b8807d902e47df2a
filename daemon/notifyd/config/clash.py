"""A rule between settings that is broken."""

from __future__ import annotations

from msgspec import Struct


class Clash(Struct, frozen=True):
    """A rule between settings that is broken: the keys it is about, the first of them to blame, and what to do."""

    keys: tuple[str, ...]
    message: str
