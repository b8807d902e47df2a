"""How Redis is reached, as told by the section [broker]."""

from __future__ import annotations

from pathlib import Path

import msgspec


class RedisOptions(msgspec.Struct, frozen=True):
    """One Redis or Valkey: a server, a group watched by Sentinels, or a cluster."""

    #: redis://, rediss://, unix://, redis+sentinel:// and so on, see `Address`.
    url: str
    #: What every key and topic begins with.
    prefix: str = "notifyd"
    #: How long the answers to one batch of commands may take.
    timeout_seconds: float = 5.0
    #: How long a connection may take, and each step of its greeting.
    connect_timeout_seconds: float = 2.0
    #: How many commands may wait on one line.
    max_waiting: int = 100_000
    #: What signs the server's certificate; None: what the system trusts.
    ca_file: Path | None = None
