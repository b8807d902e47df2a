"""Kill real daemons again and again under load, and prove that they kept their word.

    python -m tests.crash [--minutes 2] [--seed N]          (make crash MINUTES=2 SEED=N)

The environment chooses how they keep what they accept: BROKER=local (one daemon, unless it is said otherwise) with
DURABILITY=fsync|os (fsync), or BROKER=redis with NODES=3 daemons on one server with APPENDFSYNC=everysec|always. With
REDIS_KILLS=1 that is killed as well; then it syncs always, since what it has answered it must know when it comes back.
Who uses the daemons goes to any that is up. Ports, state and everything else are of its own.

At the end the counts are printed, and each breach of the rules of `rules.py`; the status is 1 when there is one. The
seed repeats the choices of producers, subscribers and kills, but not the moments in which they meet. CRASH_LOG=FILE
keeps all facts, one a line.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio

from tests.crash.house import APPENDFSYNC, BROKERS, House, configure, opened
from tests.crash.round import Plan, Round
from tests.crash.rules import breaches, counts
from tests.e2e.daemon import Daemon

if TYPE_CHECKING:
    from tests.crash.log import Log

_SHOWN = 40


def main() -> int:
    """Run a round; 0 when every rule held."""
    plan, house = _asked()
    print(f"seed {plan.seed}, {house}, {plan.seconds / 60:g} minutes", flush=True)
    log, complaints = trio.run(_round, plan, house)
    for name, count in counts(log.facts).items():
        print(f"{name:>14} {count:>9}")
    found = [f"{breach.rule}: {breach.what}" for breach in breaches(log.facts)]
    found += [f"a daemon complained: {line.rstrip()}" for line in complaints]
    if given := os.environ.get("CRASH_LOG"):
        Path(given).write_bytes(b"\n".join(msgspec.json.encode([type(fact).__name__, fact]) for fact in log.facts))
    for line in found[:_SHOWN]:
        print(f"BREACH {line}")
    print(f"{len(found)} breaches" if found else "every rule held", flush=True)
    return 1 if found else 0


def _asked() -> tuple[Plan, House]:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Kill daemons under load.")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    house = _house(parser)
    return Plan(seconds=given.minutes * 60, seed=given.seed), house


def _house(parser: argparse.ArgumentParser) -> House:
    def chosen(name: str, *words: str) -> str:
        word = os.environ.get(name) or words[0]
        if word not in words:
            parser.error(f"{name} is one of {', '.join(words)}")
        return word

    # nothing else survives a kill
    durability = chosen("DURABILITY", "fsync", "os")
    if chosen("BROKER", *BROKERS) == "local":
        return House(durability=durability)
    nodes, redis_kills = chosen("NODES", "3", "2", "4", "5"), chosen("REDIS_KILLS", "0", "1") == "1"
    appendfsync = chosen("APPENDFSYNC", *(reversed(APPENDFSYNC) if redis_kills else APPENDFSYNC))
    return House("redis", nodes=int(nodes), appendfsync=appendfsync, redis_kills=redis_kills)


async def _round(plan: Plan, house: House) -> tuple[Log, list[str]]:
    with tempfile.TemporaryDirectory(prefix="notifyd-crash-") as folder, opened(house, Path(folder)) as (given, redis):
        async with trio.open_nursery() as nursery:
            daemons = [_daemon(Path(folder) / f"{n}", nursery, given) for n in range(house.nodes)]
            try:
                async with trio.open_nursery() as starting:
                    for daemon in daemons:
                        starting.start_soon(daemon.start)
                log = await Round(plan, *daemons, redis=redis if house.redis_kills else None).run()
                for daemon in daemons:
                    await daemon.terminate()
            finally:
                for daemon in daemons:
                    if daemon.running:
                        daemon.process.kill()
                    daemon.forget()
        return log, [line for daemon in daemons for line in daemon.complaints()]


def _daemon(folder: Path, nursery: trio.Nursery, settings: tuple[str, ...]) -> Daemon:
    folder.mkdir()
    daemon = Daemon(folder, nursery, *settings)
    configure(daemon)
    return daemon


if __name__ == "__main__":
    sys.exit(main())
