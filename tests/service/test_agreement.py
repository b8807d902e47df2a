"""Three daemons on one set of records, all of them busy: in the end they agree, and what was ended stays ended."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
import trio

from notifyd.errors import Conflict, Exhausted, Invalid, NotFound
from notifyd.model.ids import DEFAULT_CLIENT
from tests.service.sharing import Peer, SharedRecords

STEPS = 12


class Story:
    """What the daemons do, each at its own pace."""

    def __init__(self, seed: int) -> None:
        self.choice = random.Random(seed)
        self.records = SharedRecords()
        self.revoked: set[str] = set()
        self.removed: set[str] = set()

    async def live(self, peer: Peer) -> None:
        deeds = (self.create, self.rotate, self.revoke, self.register, self.rotate_secret, self.remove, self.look)
        for _ in range(STEPS):
            with suppress(NotFound, Conflict, Exhausted, Invalid):
                await self.choice.choice(deeds)(peer)

    def a_key(self, peer: Peer) -> str:
        return str(self.choice.choice(peer.keys.list() or peer.keys.list(include_revoked=True)).id)

    async def create(self, peer: Peer) -> None:
        await peer.key(self.choice.choice(peer.clients.list()).id)

    async def rotate(self, peer: Peer) -> None:
        await peer.keys.rotate(self.a_key(peer), overlap_ms=0)

    async def revoke(self, peer: Peer) -> None:
        key_id = self.a_key(peer)
        await peer.keys.revoke(key_id)
        self.revoked.add(key_id)

    async def register(self, peer: Peer) -> None:
        await peer.client()

    async def rotate_secret(self, peer: Peer) -> None:
        await peer.clients.rotate_secret(self.choice.choice(peer.clients.list()).id, overlap_ms=0)

    async def remove(self, peer: Peer) -> None:
        client_id = self.choice.choice(peer.clients.list()).id
        await peer.clients.remove(client_id)
        self.removed.add(client_id)

    async def look(self, peer: Peer) -> None:
        await peer.refresher.look()


@pytest.mark.parametrize("seed", range(30))
async def test_in_the_end_everybody_knows_what_is_kept(seed: int) -> None:
    story = Story(seed)
    peers = [await Peer(story.records).started() for _ in range(3)]
    await peers[0].key()
    with trio.fail_after(20):
        for peer in peers:
            await peer.refresher.look()
        async with trio.open_nursery() as nursery:
            for peer in peers:
                nursery.start_soon(story.live, peer)
        for peer in peers:
            assert await peer.refresher.look()
    clients = {client.id: client for client in await story.records.clients.load()}
    keys = {key.id: key for key in await story.records.keys.load() if key.client_id in clients}
    for peer in peers:
        assert {client.id: client for client in peer.clients.list()} == clients
        assert {key.id: key for key in peer.ring.records()} == keys
        assert [secret.digest for secret in peer.clients.secrets_of(DEFAULT_CLIENT)]
    assert all(keys[key_id].revoked_at for key_id in story.revoked & keys.keys())
    assert not story.removed & clients.keys()
