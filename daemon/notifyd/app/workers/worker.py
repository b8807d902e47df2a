"""The program of a worker, which a supervisor starts: `python -m notifyd.app.workers.worker I/N`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.app.run import serve
from notifyd.app.workers.membership import Membership, join
from notifyd.app.workers.ports import with_ports
from notifyd.config import ConfigInvalid, Loaded, load_settings

if TYPE_CHECKING:
    from notifyd.app.workers.messages import Start
    from notifyd.config.documents import Document

_USAGE: Final = 2


def main() -> int:
    """Read who this worker is and serve; answers the exit status."""
    # a terminal tells all of its processes; what is to be done about it, the supervisor says
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        membership = join()
    except (OSError, ValueError):
        sys.stderr.write("notifyd: a worker is started by `notifyctl serve --workers N` alone\n")
        return _USAGE
    return _work(membership)


def _work(membership: Membership) -> int:
    start = membership.start

    def read(overlay: Document | None = None) -> Loaded:
        return as_worker(
            load_settings(
                config_file=Path(start.config) if start.config else None,
                environ=os.environ,
                flags=start.flags,
                dotenv=Path(".env"),
                dev=start.dev,
                overlay=overlay,
            ),
            start,
        )

    try:
        loaded = read()
    except ConfigInvalid as exc:
        sys.stderr.write(f"Error: worker {start.index} was not started.\n{exc.message}\n")
        return _USAGE
    return serve(loaded, dev=start.dev, reload=read, membership=membership)


def as_worker(loaded: Loaded, start: Start) -> Loaded:
    """*loaded* as it is in force in one worker: with the ports that all share, and a name of its own."""
    settings = with_ports(loaded.settings, start.ports)
    cluster = settings.cluster
    if cluster.node_name:
        named = msgspec.structs.replace(cluster, node_name=f"{cluster.node_name}-{start.index}")
        settings = msgspec.structs.replace(settings, cluster=named)
    return msgspec.structs.replace(loaded, settings=settings)


if __name__ == "__main__":
    sys.exit(main())
