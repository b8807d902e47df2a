"""Load a real daemon for long, and see whether everything comes back that it took.

    python -m tests.soak [--minutes 20] [--quiet]          (make soak MINUTES=20)

A crowd of about 190 comes and goes on every transport; some are slow, some are rude. Memory, descriptors, threads,
tasks and files are looked at every few seconds: quiet afterwards is compared with quiet before, as `verdict.py` says.
The status is 1 when something did not come back, or the daemon complained. It shares the machine: under one core of it
and one more of the crowd's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tests.e2e.daemon import Daemon
from tests.soak.soak import SETTINGS, Plan, Soak, configure
from tests.soak.verdict import table, verdict

if TYPE_CHECKING:
    from tests.soak.samples import Sample


def main() -> int:
    """Soak; 0 when everything came back."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Load a daemon for long.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone")
    given = parser.parse_args()
    samples, complaints = trio.run(_soak, Plan.of(given.minutes * 60), given.quiet)
    rows = verdict(samples)
    print("\n".join(table(rows)))
    last = samples[-1]
    print(f"{last.accepted:,} accepted, {last.deliveries:,} delivered, {last.opened:,} connections,", end=" ")
    print(f"{last.slow_consumers:,} too slow, {last.cpu_seconds / last.at:.0%} of a core")
    for line in complaints[:20]:
        print(f"the daemon complained: {line.rstrip()}")
    bad = [row.name for row in rows if not row.good]
    if not last.slow_consumers:
        bad.append("slow consumers: none was cut off, so that nothing was shown of them")
    print(f"did not come back: {', '.join(bad)}" if bad else "everything came back", flush=True)
    return 1 if bad or complaints else 0


async def _soak(plan: Plan, quiet: bool) -> tuple[list[Sample], list[str]]:
    with tempfile.TemporaryDirectory(prefix="notifyd-soak-") as folder:
        async with trio.open_nursery() as nursery:
            daemon = Daemon(Path(folder), nursery, *SETTINGS)
            configure(daemon)
            try:
                await daemon.start()
                samples = await Soak(daemon, plan, _nothing if quiet else _say).run()
                await daemon.terminate()
            finally:
                if daemon.running:
                    daemon.process.kill()
                daemon.forget()
        return samples, daemon.complaints()


def _say(line: str) -> None:
    print(line, flush=True)


def _nothing(_line: str) -> None:
    """Says nothing."""


if __name__ == "__main__":
    sys.exit(main())
