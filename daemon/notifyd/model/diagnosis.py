"""What is looked at when the daemon examines itself, and what it thinks of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    #: It works, and may not when it matters.
    WARNING = "warning"
    #: It does not work, or will not after the next start.
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    #: What was looked at, such as broker-memory.
    name: str
    verdict: Verdict
    #: What is the case.
    found: str
    #: What to do about it; empty where nothing is to be done.
    advice: str = ""


class DescriptorFacts(msgspec.Struct, frozen=True):
    """File descriptors of this process."""

    #: Open now; 0 where the kernel does not tell.
    open: int
    #: How many there may be.
    limit: int
    #: What the daemon may need with the connections that its settings allow.
    wanted: int


class FolderFacts(msgspec.Struct, frozen=True):
    """The state folder and the disk under it."""

    path: Path
    #: Permission bits.
    mode: int
    #: Whether it belongs to the user that the daemon runs as.
    own: bool
    total_bytes: int
    free_bytes: int
    #: Files that may still be made; None where the file system does not count them.
    free_files: int | None
    #: Files in it that others may read, although only the daemon's user should.
    exposed: tuple[Path, ...] = ()


class MasterKeyFacts(msgspec.Struct, frozen=True):
    """The file of the key that seals clients' secrets."""

    path: Path
    #: Permission bits; None where there is no such file.
    mode: int | None
    #: Whether it holds the key in use; None where it cannot be read.
    same: bool | None
    #: Whether daemons on other machines have to have the same.
    shared: bool


class RedisFacts(msgspec.Struct, frozen=True):
    """What a Redis tells of itself; None and "" where it does not."""

    #: Host and port, where there are several; "" for the only one.
    place: str
    #: Such as `Valkey 9.1.2`.
    version: str
    #: standalone, sentinel or cluster.
    mode: str
    #: master or slave, in its words.
    role: str
    #: Whether every write is logged to its disk, how often that is synced, and whether the last one went well.
    appendonly: bool | None
    appendfsync: str
    append_healthy: bool
    #: What goes when its memory is full, and how much has gone so.
    maxmemory_policy: str
    evicted_keys: int
    used_bytes: int
    #: Its own bound, 0 for none, and the memory of its machine, 0 where it does not tell.
    max_bytes: int
    machine_bytes: int
    connections: int
    #: 0 where it does not tell.
    max_connections: int
    #: Whether it knows sharded publish/subscribe.
    sharded_topics: bool | None
    #: How far its clock is ahead of ours, and how far that may be off; None where it does not tell the time.
    ahead_seconds: float | None = None
    off_by_seconds: float = 0.0


class MongoFacts(msgspec.Struct, frozen=True):
    """What a MongoDB tells of itself, and what a write waits for."""

    #: Empty where it does not tell.
    version: str
    #: Empty for a single server.
    replica_set: str
    #: Servers of the set that hold data.
    members: int
    #: A router in front of a sharded cluster.
    router: bool
    #: What a write waits for: majority, a number of servers, or a tag.
    write_concern: str
    #: How far its clock is ahead of ours, and how far that may be off; None where it does not tell the time.
    ahead_seconds: float | None = None
    off_by_seconds: float = 0.0
