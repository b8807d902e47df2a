from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Exhausted, Invalid, NotAuthenticated, NotFound, NotifydError, StoreUnavailable
from notifyd.model.disconnect import CREDENTIAL_ENDED
from notifyd.model.ids import ClientId, KeyId
from notifyd.policy.access.scopes import DEFAULT_SCOPES
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import KeyRights, KeyRules, Keys
from notifyd.store.memory.keys import MemoryKeys
from tests.service.node import DAY_MS, MakeNode, Node, endings

if TYPE_CHECKING:
    from notifyd.model.key import ApiKey


class FailingKeys(MemoryKeys):
    """A store that is away while `away` is set."""

    away = False

    async def put(self, key: ApiKey) -> None:
        self._check()
        await super().put(key)

    async def touch(self, last_used: dict[KeyId, int]) -> None:
        self._check()
        await super().touch(last_used)

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("away")


@pytest.fixture
def failing(node: Node) -> FailingKeys:
    """The store of the node's keys, from now on one that can be away."""
    store = FailingKeys()
    node.keys = Keys(store, node.ring, node.keys.rules, node.connector.end_key, node.clients.known)
    return store


def knows(node: Node, key: str) -> bool:
    try:
        node.connector.principal(key, "127.0.0.1")
    except NotAuthenticated:
        return False
    return True


async def test_a_key_is_random_shown_once_and_kept_as_a_digest(node: Node) -> None:
    first, second = await node.key(), await node.key()
    assert len(bytes.fromhex(first.key)) == 32
    assert first.key != second.key
    kept = await node.key_store.load()
    assert [record.id for record in kept] == [first.record.id, second.record.id]
    assert first.key not in repr(kept)


async def test_a_key_has_what_was_asked_for(node: Node) -> None:
    expires_at = now_ms() + DAY_MS
    issued = await node.key("publish:a", name="shop", allowed_cidrs=["10.0.0.0/8", "::1"], expires_at=expires_at)
    record = node.keys.get(issued.record.id)
    assert (record.name, record.client_id, record.expires_at) == ("shop", "default", expires_at)
    assert (record.scopes, record.allowed_cidrs) == (("publish:a",), ("10.0.0.0/8", "::1/128"))


async def test_without_scopes_it_may_do_everything(node: Node) -> None:
    assert (await node.key()).record.scopes == DEFAULT_SCOPES


@pytest.mark.parametrize(
    ("fields", "refusal", "code"),
    [
        ({"name": ""}, Invalid, "invalid_name"),
        ({"name": "   "}, Invalid, "invalid_name"),
        ({"name": "x" * 201}, Invalid, "invalid_name"),
        ({"name": "a\nb"}, Invalid, "invalid_name"),
        ({"expires_at": 1}, Invalid, "invalid_request"),
        ({"allowed_cidrs": ["10.0.0.1/8"]}, Invalid, "invalid_cidr"),
        ({"allowed_cidrs": ["all"]}, Invalid, "invalid_cidr"),
        ({"client_id": ClientId("nobody")}, NotFound, "client_not_found"),
    ],
)
async def test_what_no_key_can_be_is_refused(
    node: Node, fields: dict[str, Any], refusal: type[NotifydError], code: str
) -> None:
    with pytest.raises(refusal) as problem:
        await node.key(**fields)
    assert problem.value.code == code
    assert node.keys.list(include_revoked=True) == []


async def test_an_unknown_scope_is_refused(node: Node) -> None:
    with pytest.raises(Invalid, match="'listen' is not known"):
        await node.key("publish:*", "listen")


async def test_there_are_so_many_keys_and_no_more(make_node: MakeNode) -> None:
    node = await make_node(max_keys=2)
    first, _ = await node.key(), await node.key()
    with pytest.raises(Exhausted, match="there are 2 keys already: revoke some first"):
        await node.key()
    await node.keys.revoke(first.record.id)
    await node.key()


async def test_revoked_keys_make_room_the_oldest_first(make_node: MakeNode) -> None:
    node = await make_node(max_keys=3)
    issued = [await node.key() for _ in range(3)]
    await node.keys.revoke(issued[1].record.id)
    await trio.sleep(0.002)  # a millisecond later, by the wall clock
    await node.keys.revoke(issued[0].record.id)
    newest = await node.key()
    kept = [record.id for record in node.keys.list(include_revoked=True)]
    assert sorted(kept) == sorted([issued[0].record.id, issued[2].record.id, newest.record.id])
    assert len(await node.key_store.load()) == 3


async def test_a_key_is_found_by_its_id_and_by_itself(node: Node) -> None:
    issued = await node.key()
    assert node.keys.get(issued.record.id) == node.keys.get(issued.key) == issued.record
    for unknown in ("nothing", "x" * 5000, ""):
        with pytest.raises(NotFound, match="no such API key"):
            node.keys.get(unknown)


async def test_the_list_is_in_the_order_of_creation_without_the_revoked(node: Node) -> None:
    issued = [await node.key() for _ in range(3)]
    await node.keys.revoke(issued[1].record.id)
    assert {record.id for record in node.keys.list()} == {issued[0].record.id, issued[2].record.id}
    assert len(node.keys.list(include_revoked=True)) == 3
    assert node.keys.list(ClientId("other")) == []


async def test_rotating_gives_a_new_key_and_leaves_the_old_one_a_while(node: Node) -> None:
    issued = await node.key("publish:a")
    rotated = await node.keys.rotate(issued.record.id, overlap_ms=60_000)
    assert rotated.key != issued.key
    assert (rotated.record.id, rotated.record.scopes) == (issued.record.id, issued.record.scopes)
    old = node.connector.principal(issued.key, "")
    assert now_ms() < (old.expires_at or 0) <= now_ms() + 60_000
    assert node.connector.principal(rotated.key, "").expires_at is None


async def test_the_overlap_is_a_setting(node: Node) -> None:
    rotated = await node.keys.rotate((await node.key()).record.id)
    assert abs((rotated.record.previous_until or 0) - now_ms() - DAY_MS) < 10_000


async def test_without_an_overlap_the_old_key_ends_at_once(node: Node) -> None:
    issued = await node.key()
    connection = await node.connect_with(issued)
    await node.keys.rotate(issued.record.id, overlap_ms=0)
    assert not knows(node, issued.key)
    assert endings(connection) == [CREDENTIAL_ENDED]


async def test_the_old_key_is_no_longer_good_after_the_overlap(node: Node) -> None:
    issued = await node.key()
    await node.keys.rotate(issued.record.id, overlap_ms=1)
    await trio.sleep(0.01)
    with pytest.raises(NotAuthenticated) as problem:
        node.connector.principal(issued.key, "")
    assert problem.value.code == "api_key_expired"


async def test_rotating_twice_leaves_the_last_two_keys(node: Node) -> None:
    first = await node.key()
    second = await node.keys.rotate(first.key)
    third = await node.keys.rotate(second.key)
    assert [knows(node, issued.key) for issued in (first, second, third)] == [False, True, True]


async def test_the_expiry_of_the_key_bounds_the_overlap(node: Node) -> None:
    expires_at = now_ms() + 5000
    issued = await node.key(expires_at=expires_at)
    await node.keys.rotate(issued.key)
    assert node.connector.principal(issued.key, "").expires_at == expires_at


async def test_connections_of_the_old_key_end_with_the_overlap(node: Node, nursery, autojump_clock) -> None:
    nursery.start_soon(node.sweeper.run)
    issued = await node.key()
    connection = await node.connect_with(issued)
    rotated = await node.keys.rotate(issued.record.id, overlap_ms=5000)
    newer = await node.connect_with(rotated)
    await trio.sleep(4.5)
    assert endings(connection) == []
    await trio.sleep(2)
    assert (endings(connection), endings(newer)) == ([CREDENTIAL_ENDED], [])


async def test_a_second_rotation_ends_the_connections_of_the_first_key_at_once(
    node: Node, nursery, autojump_clock
) -> None:
    nursery.start_soon(node.sweeper.run)
    first = await node.key()
    oldest = await node.connect_with(first)
    second = await node.keys.rotate(first.record.id, overlap_ms=60_000)
    older = await node.connect_with(second)
    third = await node.keys.rotate(first.record.id, overlap_ms=5000)
    newest = await node.connect_with(third)
    assert (endings(oldest), endings(older), endings(newest)) == ([CREDENTIAL_ENDED], [], [])
    await trio.sleep(10)
    assert (endings(older), endings(newest)) == ([CREDENTIAL_ENDED], [])


async def test_a_connection_that_takes_up_the_new_key_stays(node: Node, nursery, autojump_clock) -> None:
    nursery.start_soon(node.sweeper.run)
    issued = await node.key()
    connection = await node.connect_with(issued)
    rotated = await node.keys.rotate(issued.record.id, overlap_ms=5000)
    node.enter(connection, rotated.key)
    await trio.sleep(20)
    assert endings(connection) == []


async def test_what_cannot_be_rotated(node: Node) -> None:
    issued = await node.key()
    with pytest.raises(Invalid, match="the overlap is negative"):
        await node.keys.rotate(issued.key, overlap_ms=-1)
    await node.keys.revoke(issued.key)
    with pytest.raises(Conflict, match="is revoked: make a new one"):
        await node.keys.rotate(issued.record.id)
    with pytest.raises(NotFound):
        await node.keys.rotate("nothing")


async def test_an_expired_key_cannot_be_rotated(node: Node) -> None:
    issued = await node.key(expires_at=now_ms() + 2)
    await trio.sleep(0.01)
    with pytest.raises(Conflict, match="has expired: make a new one"):
        await node.keys.rotate(issued.record.id)


async def test_a_revoked_key_ends_at_once_and_its_record_stays(node: Node) -> None:
    issued, other = await node.key(), await node.key()
    connection, untouched = await node.connect_with(issued), await node.connect_with(other)
    record = await node.keys.revoke(issued.key)
    assert record.revoked_at is not None
    assert not knows(node, issued.key)
    assert (endings(connection), endings(untouched)) == ([CREDENTIAL_ENDED], [])
    assert node.keys.get(record.id) == record


async def test_revoking_again_changes_nothing(node: Node) -> None:
    issued = await node.key()
    first = await node.keys.revoke(issued.record.id)
    assert await node.keys.revoke(issued.record.id) == first


async def test_both_keys_of_a_rotation_are_revoked(node: Node) -> None:
    first = await node.key()
    second = await node.keys.rotate(first.key)
    await node.keys.revoke(first.record.id)
    assert not knows(node, first.key)
    assert not knows(node, second.key)


async def test_a_rotation_under_way_does_not_bring_a_revoked_key_back(node: Node) -> None:
    issued = await node.key()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.keys.revoke, issued.record.id)
        nursery.start_soon(_rotate, node, issued.record.id)
    assert node.keys.get(issued.record.id).revoked_at is not None
    assert not knows(node, issued.key)


async def _rotate(node: Node, key_id: str) -> None:
    try:
        await node.keys.rotate(key_id)
    except Conflict:
        return


async def test_what_cannot_be_kept_is_not_in_force(node: Node, failing: FailingKeys) -> None:
    issued = await node.key()
    failing.away = True
    for change in (node.keys.revoke(issued.key), node.keys.rotate(issued.key), node.key()):
        with pytest.raises(StoreUnavailable):
            await change
    assert knows(node, issued.key)
    assert node.keys.list() == [node.keys.get(issued.key)]
    assert node.keys.get(issued.key).previous_until is None


async def test_a_last_use_is_seen_at_once_and_kept_later(node: Node) -> None:
    issued = await node.key()
    assert node.keys.get(issued.key).last_used_at is None
    assert knows(node, issued.key)
    used_at = node.keys.get(issued.key).last_used_at
    assert used_at is not None
    assert (await node.key_store.load())[0].last_used_at is None
    await node.keys.keep_last_uses()
    assert (await node.key_store.load())[0].last_used_at == node.keys.get(issued.key).last_used_at == used_at


async def test_last_uses_that_could_not_be_kept_are_handed_in_again(node: Node, failing: FailingKeys) -> None:
    issued = await node.key()
    assert knows(node, issued.key)
    failing.away = True
    with pytest.raises(StoreUnavailable):
        await node.keys.keep_last_uses()
    failing.away = False
    await node.keys.keep_last_uses()
    assert (await failing.load())[0].last_used_at is not None


async def test_keeping_nothing_needs_no_store(node: Node, failing: FailingKeys) -> None:
    failing.away = True
    await node.keys.keep_last_uses()


async def test_what_the_store_had_is_known_after_a_restart(node: Node) -> None:
    issued = await node.key()
    revoked = await node.key()
    await node.keys.revoke(revoked.key)
    ring = KeyRing()
    ring.load(await node.key_store.load())
    keys = Keys(node.key_store, ring, KeyRules(32, DAY_MS, 100), lambda record: None, node.clients.known)
    assert keys.get(issued.key).id == issued.record.id
    assert [record.id for record in keys.list(include_revoked=True)].count(revoked.record.id) == 1
    with pytest.raises(NotAuthenticated):
        ring.authenticate(revoked.key, address="", now=now_ms())


async def test_the_log_tells_every_change_of_a_key_and_never_the_key(node: Node) -> None:
    with capture_logs() as logs:
        issued = await node.key()
        rotated = await node.keys.rotate(issued.record.id, overlap_ms=1500)
        await node.keys.revoke(issued.record.id)
        await node.keys.revoke(issued.record.id)
    assert [entry["event"] for entry in logs] == ["key_created", "key_rotated", "key_revoked"]
    assert {entry["key_id"] for entry in logs} == {issued.record.id}
    assert logs[1]["overlap_seconds"] == 1.5
    assert issued.key not in str(logs)
    assert rotated.key not in str(logs)


async def test_a_key_with_other_rights_has_them_and_its_connections_end(node: Node) -> None:
    issued, other = await node.key(), await node.key()
    connection, untouched = await node.connect_with(issued), await node.connect_with(other)
    changed = await node.keys.update(issued.record.id, KeyRights(("subscribe:a.*",), ("127.0.0.0/8",)))
    assert (changed.scopes, changed.allowed_cidrs) == (("subscribe:a.*",), ("127.0.0.0/8",))
    assert node.keys.get(issued.record.id) == changed
    assert (endings(connection), endings(untouched)) == ([CREDENTIAL_ENDED], [])
    assert node.connector.principal(issued.key, "127.0.0.1").grants.subscribe == ("a.*",)


async def test_another_expiry_alone_closes_nothing(node: Node) -> None:
    issued = await node.key()
    connection = await node.connect_with(issued)
    changed = await node.keys.update(issued.record.id, KeyRights(expires_at=now_ms() + DAY_MS))
    assert (changed.scopes, endings(connection)) == (DEFAULT_SCOPES, [])
    assert connection.expires_at is not None


async def test_the_same_rights_change_nothing(node: Node) -> None:
    issued = await node.key()
    connection = await node.connect_with(issued)
    with capture_logs() as logs:
        assert (await node.keys.update(issued.record.id, KeyRights())).scopes == DEFAULT_SCOPES
    assert (logs, endings(connection)) == ([], [])


@pytest.mark.parametrize(
    "rights", [KeyRights(("publish",)), KeyRights(allowed_cidrs=("10.0.0.1/8",)), KeyRights(expires_at=1)]
)
async def test_rights_that_are_none_change_nothing(node: Node, rights: KeyRights) -> None:
    issued = await node.key()
    with pytest.raises(Invalid):
        await node.keys.update(issued.record.id, rights)
    assert node.keys.get(issued.record.id).scopes == DEFAULT_SCOPES


async def test_a_revoked_key_gets_no_rights(node: Node) -> None:
    issued = await node.key()
    await node.keys.revoke(issued.record.id)
    with pytest.raises(Conflict):
        await node.keys.update(issued.record.id, KeyRights())
