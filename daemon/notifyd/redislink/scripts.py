"""Lua scripts, read from files beside the code that calls them."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import msgspec


class Script(msgspec.Struct, frozen=True):
    """A script, and the name that Redis gives it."""

    name: str
    source: bytes
    sha: str


@cache
def load_script(package: str, name: str) -> Script:
    """The script in the file NAME.lua of a package (a dotted name such as `notifyd.store.redis.queue`).

    Raises:
        FileNotFoundError: there is none.
    """
    return script_of(name, (resources.files(package) / f"{name}.lua").read_bytes())


def script_of(name: str, source: bytes) -> Script:
    """A script of this text."""
    return Script(name, source, hashlib.sha1(source, usedforsecurity=False).hexdigest())
