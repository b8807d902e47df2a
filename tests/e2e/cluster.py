"""What several daemons share, so that they are one service."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.mongo_double.fixtures import database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A node that is killed is given up sooner than with the default of 4 s, so that tests need not wait.
NODE_SECONDS: Final = 2.0
#: What one node does to clients and keys the others know after so long.
REFRESH_SECONDS: Final = 0.2
#: The double that stands for MongoDB shares a process with the test, and is not what is to fail.
RECORDS_SECONDS: Final = 30.0


@contextmanager
def shared(folder: Path, redis_url: str, *more: str) -> Iterator[tuple[str, ...]]:
    """The settings of every daemon of a service on this Redis; *folder* holds the master key of all of them.

    Their clients and keys are in a database of their own while the body runs, *more* are further settings.
    """
    with database() as records_url:
        yield (
            f"broker.url={redis_url}",
            f"broker.prefix=t{os.urandom(6).hex()}",
            f"records.url={records_url}",
            f"records.master_key_file={folder / 'master.key'}",
            f"records.refresh_seconds={REFRESH_SECONDS}",
            f"records.timeout_seconds={RECORDS_SECONDS}",
            f"cluster.timeout_seconds={NODE_SECONDS}",
            f"cluster.heartbeat_seconds={NODE_SECONDS / 4}",
            *more,
        )
