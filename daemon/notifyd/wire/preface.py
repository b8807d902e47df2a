"""What one process of a daemon tells another about a peer whose bytes it passes on: one line before all else."""

from __future__ import annotations

import ipaddress
from typing import Final

import msgspec

MAX_PREFACE_BYTES: Final = 256
_VERSION: Final = 1


class Preface(msgspec.Struct, frozen=True):
    """Who is at the other end, as the process saw it that accepted the connection."""

    host: str
    port: int
    #: The peer speaks TLS, which ended in that process.
    secure: bool
    version: int = _VERSION


def encode_preface(preface: Preface) -> bytes:
    """The line, its end included."""
    return msgspec.json.encode(preface) + b"\n"


def decode_preface(line: bytes) -> Preface:
    """The preface in *line*.

    Raises:
        ValueError: it is none, or one of another version.
    """
    preface = msgspec.json.decode(line, type=Preface)
    if preface.version != _VERSION:
        raise ValueError(f"a preface of version {preface.version}")
    ipaddress.ip_address(preface.host.partition("%")[0])
    return preface
