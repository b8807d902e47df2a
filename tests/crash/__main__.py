"""Kill a real daemon again and again under load, and prove that it kept its word.

    python -m tests.crash [--minutes 2] [--seed N]          (make crash MINUTES=2 SEED=N)

DURABILITY=fsync|os (fsync unless it is said) and BROKER=local in the environment choose how the daemon keeps what it
accepts. Ports, state and everything else are of its own. At the end the counts are printed, and each breach of the
rules of `rules.py`; the status is 1 when there is one. The seed repeats the choices of producers, subscribers and
kills, but not the moments in which they meet. CRASH_LOG=FILE keeps all facts, one a line.
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

from tests.crash.round import BRIEF, BROKERS, SETTINGS, Plan, Round
from tests.crash.rules import breaches, counts
from tests.e2e.daemon import Daemon

if TYPE_CHECKING:
    from tests.crash.log import Log

_SHOWN = 40


def main() -> int:
    """Run a round; 0 when every rule held."""
    plan, broker, durability = _asked()
    print(f"seed {plan.seed}, broker {broker}, durability {durability}, {plan.seconds / 60:g} minutes", flush=True)
    log, complaints = trio.run(_round, plan, broker, durability)
    for name, count in counts(log.facts).items():
        print(f"{name:>14} {count:>9}")
    found = [f"{breach.rule}: {breach.what}" for breach in breaches(log.facts)]
    found += [f"the daemon complained: {line.rstrip()}" for line in complaints]
    if given := os.environ.get("CRASH_LOG"):
        Path(given).write_bytes(b"\n".join(msgspec.json.encode([type(fact).__name__, fact]) for fact in log.facts))
    for line in found[:_SHOWN]:
        print(f"BREACH {line}")
    print(f"{len(found)} breaches" if found else "every rule held", flush=True)
    return 1 if found else 0


def _asked() -> tuple[Plan, str, str]:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Kill a daemon under load.")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    broker = os.environ.get("BROKER") or "local"
    durability = os.environ.get("DURABILITY") or "fsync"
    if broker not in BROKERS:
        parser.error(f"BROKER is one of {', '.join(BROKERS)}")
    if durability not in ("fsync", "os"):
        parser.error("DURABILITY is fsync or os: nothing else survives a kill")
    return Plan(seconds=given.minutes * 60, seed=given.seed), broker, durability


async def _round(plan: Plan, broker: str, durability: str) -> tuple[Log, list[str]]:
    with tempfile.TemporaryDirectory(prefix="notifyd-crash-") as folder:
        async with trio.open_nursery() as nursery:
            daemon = Daemon(Path(folder), nursery, *settings(broker, durability))
            configure(daemon)
            try:
                await daemon.start()
                log = await Round(daemon, plan).run()
                await daemon.terminate()
            finally:
                if daemon.running:
                    daemon.process.kill()
                daemon.forget()
        return log, daemon.complaints()


def settings(broker: str, durability: str) -> tuple[str, ...]:
    """What the daemon of a round is started with."""
    return (*SETTINGS, *BROKERS[broker], f"broker.durability={durability}")


def configure(daemon: Daemon) -> None:
    """Give it the file with the rules of the channels, which are no settings of the command line."""
    folder = daemon.folder / "notifyd"
    folder.mkdir()
    (folder / "notifyd.toml").write_text(f'[[channels]]\npattern = "brief"\nmax_publications = {BRIEF}\n')


if __name__ == "__main__":
    sys.exit(main())
