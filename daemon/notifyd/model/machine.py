"""What is looked at on the machine that a daemon runs on."""

from __future__ import annotations

from pathlib import Path

import msgspec


class PrivateFile(msgspec.Struct, frozen=True):
    """A file that strangers must not read, or open."""

    path: Path
    #: What it is to an operator, such as `the key of the certificate`.
    what: str
    #: Permission bits; None where it is not there, or cannot be looked at.
    mode: int | None
    #: Those bits that nobody else may have.
    forbidden: int


class ClockFacts(msgspec.Struct, frozen=True):
    """The wall clock beside the one that nobody sets."""

    #: Milliseconds since the Unix epoch.
    now: int
    #: By how much the wall clock was set since the daemon's start, forwards above 0.
    stepped_seconds: float


class SyncFacts(msgspec.Struct, frozen=True):
    """How long the disk takes to keep something."""

    #: Of each try, in seconds.
    seconds: tuple[float, ...]
    #: What the daemon promises: fsync waits for the disk each time.
    durability: str


class ListenerFacts(msgspec.Struct, frozen=True):
    """One bound address, tried from here."""

    name: str
    url: str
    #: Why no connection came about; "" where one did.
    problem: str = ""


class MemoryFacts(msgspec.Struct, frozen=True):
    """This process, and what it may grow to."""

    used_bytes: int
    #: 0 where there is none.
    limit_bytes: int
    #: What the settings let it keep in memory, beside the program itself.
    kept_bytes: int


class CertificateFacts(msgspec.Struct, frozen=True):
    """The certificate of the settings, as its files are now."""

    path: Path
    #: Names and addresses that it is for.
    names: tuple[str, ...]
    #: Milliseconds since the Unix epoch, as all here.
    begins_at: int
    ends_at: int
    #: Whether the key file holds its key.
    key_fits: bool
    #: Whether each certificate of the file is signed by the one behind it.
    chain_fits: bool
    self_signed: bool
    #: When the one that handshakes use ends.
    loaded_ends_at: int


class PushFacts(msgspec.Struct, frozen=True):
    """The credentials of the push provider."""

    client_email: str
    #: What is wrong with the private key; "" where nothing is.
    key_problem: str
    #: For how long the provider is left alone because of what it answered; 0.0 where it is not.
    paused_seconds: float
