"""kill -9 of a process under load: what it was promised is there afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.position import StreamPosition
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerOptions
from tests.store.victim import DURABLE, EAGER, LIMITS, USERS


def lines_until_killed(folder: Path, seconds: float) -> list[list[str]]:
    """What a victim said before it was killed, at least a little while after its first words."""
    command = [sys.executable, "-m", "tests.store.victim", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as victim:
        assert victim.stdout is not None
        first = victim.stdout.readline()
        time.sleep(seconds)
        victim.kill()
        said = first + victim.stdout.read()
    # the last line may be cut short
    return [line.split() for line in said.decode().split("\n")[:-1]]


@pytest.mark.parametrize("rounds", [2, pytest.param(8, marks=pytest.mark.slow)])
async def test_what_was_accepted_survives_kills(tmp_path: Path, rounds: int) -> None:
    accepted: set[str] = set()
    stamped: dict[tuple[str, str], tuple[str, int]] = {}
    promised = {"cursor": 0, "floor": 0}
    for number in range(rounds):
        for kind, *words in lines_until_killed(tmp_path / "state", 0.05 + 0.07 * (number % 4)):
            if kind == "accepted":
                accepted.add(words[0])
            elif kind in promised:
                assert int(words[0]) > promised[kind]
                promised[kind] = int(words[0])
            else:
                known, user, epoch, offset = words
                assert stamped.setdefault((known, user), (epoch, int(offset))) == (epoch, int(offset))
    assert len(accepted) > rounds
    assert len({epoch for epoch, _ in stamped.values()}) == 1
    assert all(promised.values())
    waiting, kept, remembered = await what_is_left(tmp_path / "state")
    assert all(remembered[kind] >= offset for kind, offset in promised.items())
    owed = [{known for known, user in kept if user == one} for one in USERS]
    in_channels = {known for known, user in kept if user == "-"}
    assert accepted <= in_channels | set.intersection(*owed) | waiting
    # what is for users may be dispatched again, and keeps its places
    assert not in_channels & waiting
    assert all(kept[place] == offset for place, (_, offset) in stamped.items())
    assert {user for _, user in stamped} == {"-", *USERS}


async def what_is_left(folder: Path) -> tuple[set[str], dict[tuple[str, str], int], dict[str, int]]:
    """What waits, the offset of all that who comes back without a position is given, and what is known of acks."""
    broker = await open_broker(BrokerOptions(state_dir=folder, limits=LIMITS))
    kept: dict[tuple[str, str], int] = {}
    for user in USERS:
        inbox = broker.inbox.since(DEFAULT_CLIENT, UserId(user), now=now_ms())
        places = [p.inbox.offset for p in inbox.publications if p.inbox is not None]
        assert places == list(range(1, inbox.position.offset + 1))
        kept |= {(p.notification.id, user): place for p, place in zip(inbox.publications, places, strict=True)}
    for info in await broker.history.channels():
        beginning = StreamPosition(info.position.epoch, 0)
        history = broker.history.since(info.client_id, info.channel, beginning, now=now_ms())
        assert history.recovered
        assert [p.offset for p in history.publications] == list(range(1, info.position.offset + 1))
        kept |= {(p.notification.id, "-"): p.offset for p in history.publications}
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(broker.run)
            nursery.cancel_scope.cancel()
    eager, durable = broker.inbox.info(DEFAULT_CLIENT, EAGER), broker.durables.find(DURABLE)
    assert eager is not None
    assert durable is not None
    waiting = {receipt.id for receipt in await broker.queue.waiting(limit=100_000)}
    return waiting, kept, {"cursor": eager.cursor, "floor": durable.floor}
