"""Nodes of another version, or who say what no node would: each is as one that did not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.service.cluster.shared_set import SharedSet
from notifyd.service.presence.presence import Presence
from tests.service.cluster.network import Network
from tests.service.cluster.test_everywhere import RULES
from tests.service.cluster.test_shared_set import Member, settled

if TYPE_CHECKING:
    import msgspec

    from tests.service.cluster.network import FakePeers

NO_CHANGES = (b"null", b'[0,[["\xff",true,null]]]', b"{}", b"[0]", b'[0,[["a",true]]]', b'[0,{"a":1}]', b'["0",[]]')


@pytest.fixture
def network() -> Network:
    return Network()


def answering(peers: FakePeers, subject: str, body: bytes) -> None:
    async def answer(_body: msgspec.Raw) -> bytes:
        await trio.lowlevel.checkpoint()
        return body

    peers.answer(subject, answer)


@pytest.mark.parametrize("body", NO_CHANGES)
async def test_changes_that_are_none_leave_what_is_known(
    body: bytes, network: Network, nursery: trio.Nursery, autojump_clock
) -> None:
    one, other = Member(network, "one", nursery), Member(network, "other", nursery)
    one.set.put("a")
    await settled()
    one.peers.tell("things.changes", body)
    one.set.put("b")
    await settled()
    assert other.known() == ["one:a", "one:b"]


@pytest.mark.parametrize("body", [*NO_CHANGES[:5], b'["0",{}]', b'[0,{"\xff":1}]', b'[0,[["a",true,1]]]'])
async def test_one_who_answers_with_something_else_has_nothing(
    body: bytes, network: Network, nursery: trio.Nursery, autojump_clock
) -> None:
    answering(network.join("odd"), "things.all", body)
    other, one = Member(network, "other", nursery), Member(network, "one", nursery)
    one.set.put("a")
    await settled()
    assert other.known() == ["one:a"]


@pytest.mark.parametrize(("key", "value"), [("{}", "5"), ('["c","news","k"]', "5"), ("5", '["u",1]')])
async def test_somebody_in_a_channel_who_cannot_be_read_is_nobody(
    key: str, value: str, network: Network, make_node, nursery: trio.Nursery, autojump_clock
) -> None:
    presence, peers = Presence((await make_node()).hub, RULES, lambda _: None), network.join("here")
    shared = presence.share(peers)
    nursery.start_soon(shared.run)
    told = SharedSet(network.join("there"), "presence", presence)
    nursery.start_soon(told.run)
    told.put(key, value.encode())
    await settled()
    assert not list(shared.others())
    told.put('["c","news","k1"]', b'["ann",1]')
    await settled()
    assert [key for _, key, _ in shared.others()] == ['["c","news","k1"]']
    told.discard(key)
    network.kill("there")
    await settled()
    assert presence.member_count == 0


async def test_who_went_while_the_answer_was_on_its_way_has_nothing(
    network: Network, nursery: trio.Nursery, autojump_clock
) -> None:
    other, late = Member(network, "other", nursery), network.join("late")

    async def answer(_body: msgspec.Raw) -> bytes:
        await trio.sleep(0.1)
        network.kill("late")
        return b'[1,{"a":null}]'

    late.answer("things.all", answer)
    await settled()
    assert not other.known()
    assert not other.seen.told
