"""The daemons of a round, and what they share."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tests.e2e.cluster import shared
from tests.valkey import Valkey, running_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon

BROKERS: Final = ("local", "redis")
APPENDFSYNC: Final = ("everysec", "always")

#: Enough to be outrun by who stays away, so that `recovered: false` comes up as well.
BRIEF: Final = 5

#: What every daemon of a round is started with.
SETTINGS: Final = (
    "limits.enabled=false",
    "server.drain_seconds=1",
    "grpc.enabled=true",
    "delivery.max_queue_size=1000000",
    "history.max_publications=1000000",
    "history.max_bytes=1073741824",
    "inbox.max_notifications=100000",
    "inbox.max_user_bytes=67108864",
    # what is not acked comes again soon, and does not die of being killed
    "subscriptions.ack_seconds=1",
    "subscriptions.max_unacked=1000",
    "delivery.retry_attempts=12",
    "delivery.retry_delay_seconds=0.1",
    "delivery.retry_max_seconds=0.3",
)


class House(Struct, frozen=True):
    """How the daemons of a round keep what they accept."""

    broker: str = "local"
    #: `fsync` or `os`, of the local engine.
    durability: str = "fsync"
    #: How many daemons there are; the local engine knows one alone.
    nodes: int = 1
    #: When Redis syncs what it writes to its file.
    appendfsync: str = "everysec"
    #: Redis is killed as well, and comes back with what it kept.
    redis_kills: bool = False

    def __str__(self) -> str:
        if self.broker == "local":
            return f"broker local, durability {self.durability}"
        killed = ", which is killed too" if self.redis_kills else ""
        return f"broker redis, {self.nodes} daemons, appendfsync {self.appendfsync}{killed}"


@contextmanager
def opened(house: House, folder: Path) -> Iterator[tuple[tuple[str, ...], Valkey | None]]:
    """The settings of each daemon, and the Redis that they share while the body runs."""
    with ExitStack() as stack:
        if house.broker == "local":
            yield (*SETTINGS, f"broker.durability={house.durability}"), None
            return
        redis = stack.enter_context(running_valkey("--appendonly", "yes", "--appendfsync", house.appendfsync))
        common = stack.enter_context(shared(folder, redis.url))
        yield (*SETTINGS, *common), redis


def configure(daemon: Daemon) -> None:
    """Give it the file with the rules of the channels, which are no settings of the command line."""
    folder = daemon.folder / "notifyd"
    folder.mkdir()
    (folder / "notifyd.toml").write_text(f'[[channels]]\npattern = "brief"\nmax_publications = {BRIEF}\n')
