"""Every node knows what the others have, whatever is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.service.cluster.shared_set import SharedSet
from tests.service.cluster.network import Network

if TYPE_CHECKING:
    import msgspec


class Seen:
    def __init__(self) -> None:
        self.told: list[str] = []

    def added(self, node: str, key: str, value: msgspec.Raw) -> None:
        self.told.append(f"{node}+{key}={bytes(value).decode()}")

    def removed(self, node: str, key: str, *, dead: bool) -> None:
        self.told.append(f"{node}-{key}" + (" dead" if dead else ""))


class Member:
    def __init__(self, network: Network, name: str, nursery: trio.Nursery) -> None:
        self.seen = Seen()
        self.peers = network.join(name)
        self.set = SharedSet(self.peers, "things", self.seen)
        nursery.start_soon(self.set.run)

    def known(self) -> list[str]:
        return sorted(f"{node}:{key}" for node, key, _ in self.set.others())


@pytest.fixture
def network() -> Network:
    return Network()


async def settled() -> None:
    await trio.sleep(1)
    await wait_all_tasks_blocked()


async def test_what_one_has_the_others_know(network: Network, nursery: trio.Nursery, autojump_clock) -> None:
    one, other = Member(network, "one", nursery), Member(network, "other", nursery)
    one.set.put("a", b"1")
    await settled()
    one.set.put("a", b"2")
    one.set.put("b")
    await settled()
    one.set.discard("a")
    one.set.discard("never")
    await settled()
    assert other.seen.told == ["one+a=1", "one+a=2", "one+b=null", "one-a"]
    assert (other.set.elsewhere("b"), other.set.elsewhere("a"), one.set.elsewhere("b")) == (True, False, False)


async def test_who_comes_later_is_told_all(network: Network, nursery: trio.Nursery, autojump_clock) -> None:
    one = Member(network, "one", nursery)
    for number in range(1200):
        one.set.put(f"k{number}")
    await settled()
    late = Member(network, "late", nursery)
    await settled()
    assert len(late.known()) == 1200


async def test_a_lost_message_is_noticed_by_the_next(network: Network, nursery: trio.Nursery, autojump_clock) -> None:
    one, other = Member(network, "one", nursery), Member(network, "other", nursery)
    one.set.put("a")
    await settled()
    network.losing = True
    one.set.discard("a")
    one.set.put("b")
    await settled()
    network.losing = False
    assert other.known() == ["one:a"]
    one.set.put("c")
    await settled()
    assert other.known() == ["one:b", "one:c"]


async def test_who_may_have_missed_something_asks(network: Network, nursery: trio.Nursery, autojump_clock) -> None:
    one, other = Member(network, "one", nursery), Member(network, "other", nursery)
    network.losing = True
    one.set.put("a")
    await settled()
    network.losing = False
    other.set.missed()
    await settled()
    assert other.known() == ["one:a"]


async def test_what_a_dead_node_had_is_gone(network: Network, nursery: trio.Nursery, autojump_clock) -> None:
    one, other = Member(network, "one", nursery), Member(network, "other", nursery)
    one.set.put("a")
    await settled()
    network.kill("one")
    assert other.seen.told == ["one+a=null", "one-a dead"]
    assert not other.known()


async def test_what_another_version_says_is_passed_over(
    network: Network, nursery: trio.Nursery, autojump_clock
) -> None:
    one = Member(network, "one", nursery)
    stranger = network.join("stranger")
    stranger.answer("things.all", _whole_of_another_version)
    stranger.tell("things.changes", b'{"changes": []}')
    other = Member(network, "other", nursery)
    other.set.put("a", b"1")
    await settled()
    assert (one.seen.told, one.known()) == (["other+a=1"], ["other:a"])


async def _whole_of_another_version(_body: msgspec.Raw) -> bytes:
    return b'{"entries": {}}'
