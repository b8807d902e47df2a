"""Publishing with each credential, one and many, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.v1 import client_pb2 as pb
from tests.ingress.rpc.node import end_of, until
from tests.ingress.rpc.public.house import ADMIN, publication, wish, with_key, with_secret, with_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyd.v1.types_pb2 import PublishRequest, PublishResponse
    from tests.ingress.rpc.public.house import PublicHouse

in_thread = trio.to_thread.run_sync


def producing(house: PublicHouse, shown: dict[str, str], requests: Any) -> Any:
    """A stream of requests to publish."""
    return house.stub("PublishStream")(requests, metadata=tuple(shown.items()), timeout=20)


class Hold:
    """Requests that are followed by more only when somebody says so."""

    def __init__(self, *requests: PublishRequest) -> None:
        self._requests = list(requests)
        self._token = trio.lowlevel.current_trio_token()
        self.over = trio.Event()

    def __iter__(self) -> Iterator[PublishRequest]:
        yield from self._requests
        trio.from_thread.run(self.over.wait, trio_token=self._token)


async def test_what_is_accepted_has_a_receipt(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    accepted = await house.publish(shown, '{"a":1}', channel="news")
    assert (accepted.status, accepted.durability, accepted.duplicate) == ("accepted", "memory", False)
    receipt = await house.settled(accepted.notification_id, shown)
    assert (receipt.channel, receipt.kind, receipt.state) == ("news", "channel", "dispatched")


async def test_an_operator_publishes_for_any_client(house: PublicHouse) -> None:
    client_id = await house.node.client()
    for named, expected in (("", DEFAULT_CLIENT), (client_id, client_id)):
        accepted = await house.publish(ADMIN, channel="news", client_id=named)
        assert (await house.settled(accepted.notification_id)).client_id == expected
    assert (await house.refusal("Publish", publication(channel="a", client_id="none"), ADMIN)).status == "NOT_FOUND"


async def test_development_asks_for_no_credential(dev: PublicHouse) -> None:
    accepted = await dev.publish((), channel="news")
    assert (await dev.settled(accepted.notification_id, ())).state == "dispatched"


async def test_a_key_given_as_bearer_is_a_key(house: PublicHouse) -> None:
    assert (await house.publish(with_token(await house.node.key()), channel="news")).notification_id


@pytest.mark.parametrize(
    ("scopes", "allowed", "refused"),
    [
        (["publish:a.*"], {"channel": "a.b"}, {"channel": "b"}),
        (["broadcast"], {"broadcast": "x"}, {"channel": "a"}),
        (["users"], {"users": ("ann",)}, {"broadcast": ""}),
        (["publish:*"], {"channel": "a"}, {"users": ("ann",)}),
        (["subscribe:*", "publish:x"], {"channel": "x"}, {"channel": "a"}),
    ],
)
async def test_a_key_publishes_where_its_scopes_allow(
    house: PublicHouse, scopes: list[str], allowed: dict[str, Any], refused: dict[str, Any]
) -> None:
    shown = with_key(await house.node.key(*scopes))
    assert (await house.publish(shown, **allowed)).notification_id
    refusal = await house.refusal("Publish", publication(**refused), shown)
    assert (refusal.status, refusal.code) == ("PERMISSION_DENIED", "scope_missing")


async def test_a_user_publishes_where_its_token_allows(house: PublicHouse) -> None:
    shown = with_token(house.node.token("ann", channels=["publish:room.*"]))
    for to in ({"channel": "room.1"}, {"channel": "open.1"}, {"users": ("bob",)}):
        assert (await house.publish(shown, **to)).notification_id
    assert (await house.refusal("Publish", publication(channel="news"), shown)).code == "scope_missing"


@pytest.mark.parametrize("shown", [(), {"x-api-key": "no"}, {"authorization": "Bearer no"}, with_secret("x")])
@pytest.mark.parametrize("method", ["Publish", "PublishStream", "Subscribe", "AckInbox", "GetReceipt"])
async def test_every_call_needs_a_credential(house: PublicHouse, method: str, shown: Any) -> None:
    requests: dict[str, Any] = {
        "Subscribe": wish("news"), "AckInbox": pb.AckInboxRequest(), "GetReceipt": pb.GetReceiptRequest(id="x"),
    }  # fmt: skip
    request = requests.get(method, publication(channel="news"))
    assert (await house.refusal(method, request, shown)).status == "UNAUTHENTICATED"
    assert house.node.counters.accepted == 0


async def test_a_stream_answers_each_in_order(house: PublicHouse) -> None:
    requests = [publication(str(n), channel="news") if n % 2 else publication("{", channel="news") for n in range(200)]
    results = await in_thread(list, producing(house, with_key(await house.node.key()), iter(requests)))
    assert [result.index for result in results] == list(range(200))
    assert [result.WhichOneof("outcome") for result in results] == ["refused", "accepted"] * 100
    assert results[0].refused.code == "invalid_json"
    assert (house.node.counters.accepted, house.node.counters.rejected) == (100, 100)


async def test_a_stream_counts_as_a_connection_of_its_key(house: PublicHouse) -> None:
    hold = Hold(publication(channel="news"))
    stream = producing(house, with_key(await house.node.key()), iter(hold))
    await in_thread(next, stream)
    (connection,) = house.node.hub.connections()
    assert (connection.link.transport, connection.link.address) == ("rpc", "127.0.0.1")
    hold.over.set()
    assert await in_thread(list, stream) == []
    await until(lambda: not house.node.hub.connection_count)


async def test_a_stream_ends_when_its_key_is_revoked(house: PublicHouse) -> None:
    key = await house.node.key()
    hold = Hold(publication(channel="news"))
    stream = producing(house, with_key(key), iter(hold))
    await in_thread(next, stream)
    await house.node.keys.revoke(key)
    refusal = await end_of(stream)
    assert (refusal.status, refusal.code) == ("UNAUTHENTICATED", "api_key_ended")
    hold.over.set()


async def test_each_notification_of_a_stream_counts_against_the_limit(house: PublicHouse) -> None:
    house.node.limiter.configure(enabled=True, per_minute=1, burst=3)
    requests = (publication(channel="news") for _ in range(5))
    results = await in_thread(list, producing(house, with_key(await house.node.key()), requests))
    assert [result.refused.code for result in results] == ["", "", "", "rate_limited", "rate_limited"]
    assert results[-1].refused.retry_after_seconds > 0


async def test_limits_are_per_credential_and_spare_operators(house: PublicHouse) -> None:
    house.node.limiter.configure(enabled=True, per_minute=1, burst=1)
    client_id = await house.node.client()
    ann_here, ann_there = house.node.token("ann"), house.node.token("ann", client_id)
    for shown in (with_key(await house.node.key()), with_token(ann_here), with_token(ann_there)):
        await house.publish(shown, channel="news" if shown.get("x-api-key") else "open.a")
        refusal = await house.refusal("Publish", publication(channel="open.a"), shown)
        assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "rate_limited")
    for _ in range(3):
        await house.publish(ADMIN, channel="news")


async def test_an_idempotency_key_belongs_to_its_credential(house: PublicHouse) -> None:
    request = publication(channel="open.a")
    request.idempotency_key = "k"
    first = await house.ask("Publish", request, with_token(house.node.token("ann")))
    again = await house.ask("Publish", request, with_token(house.node.token("ann")))
    other = await house.ask("Publish", request, with_token(house.node.token("bob")))
    assert (again.notification_id, again.duplicate) == (first.notification_id, True)
    assert other.notification_id != first.notification_id
    request.data_json = "2"
    refusal = await house.refusal("Publish", request, with_token(house.node.token("ann")))
    assert (refusal.status, refusal.code) == ("ALREADY_EXISTS", "idempotency_key_reused")


async def test_a_receipt_is_for_those_of_its_client(house: PublicHouse) -> None:
    client_id = await house.node.client()
    key = with_key(await house.node.key())
    accepted = await house.publish(key, channel="open.a")
    request = pb.GetReceiptRequest(id=accepted.notification_id)
    for shown in (key, ADMIN, with_key(await house.node.key())):
        assert (await house.ask("GetReceipt", request, shown)).id == accepted.notification_id
    strangers = [await house.node.key(client_id=client_id)]
    for shown in [with_key(strangers[0]), with_token(house.node.token("ann", client_id))]:
        refusal = await house.refusal("GetReceipt", request, shown)
        assert (refusal.status, refusal.code) == ("NOT_FOUND", "notification_not_found")


async def test_a_user_sees_receipts_of_what_it_submitted_alone(house: PublicHouse) -> None:
    ann, bob = with_token(house.node.token("ann")), with_token(house.node.token("bob"))
    mine = await house.publish(ann, channel="open.a")
    keys = await house.publish(with_key(await house.node.key()), channel="open.a")
    assert (await house.settled(mine.notification_id, ann)).state == "dispatched"
    unknown = await house.refusal("GetReceipt", pb.GetReceiptRequest(id="none"), ann)
    for notification_id, shown in ((mine.notification_id, bob), (keys.notification_id, ann)):
        refusal = await house.refusal("GetReceipt", pb.GetReceiptRequest(id=notification_id), shown)
        assert refusal == unknown


async def test_a_receipt_tells_of_each_user(house: PublicHouse) -> None:
    accepted = await house.publish(ADMIN, users=("ann", "bob"))
    receipt = await house.settled(accepted.notification_id)
    assert [(row.user_id, row.state, row.offset) for row in receipt.users] == [
        ("ann", "stored", 1),
        ("bob", "stored", 1),
    ]
    assert (receipt.kind, receipt.stored, receipt.arrived) == ("users", 2, 0)


async def test_a_token_that_ends_is_refused_from_then_on(house: PublicHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = with_token(house.node.token("ann", ttl_ms=60_000))
    await house.publish(shown, channel="open.a")
    later: Callable[[], int] = lambda: now_ms() + 120_000  # noqa: E731
    monkeypatch.setattr("notifyd.service.access.tokens.now_ms", later)
    refusal = await house.refusal("Publish", publication(channel="open.a"), shown)
    assert (refusal.status, refusal.code) == ("UNAUTHENTICATED", "token_expired")


@pytest.mark.parametrize(("sent", "taken"), [("checkout-8841", True), ("two words", False), (None, False)])
async def test_a_call_has_an_id_that_its_answer_and_the_receipt_tell(
    house: PublicHouse, sent: str | None, taken: bool
) -> None:
    shown = (*ADMIN.items(), *((("x-request-id", sent),) if sent else ()))

    def publish() -> tuple[PublishResponse, dict[str, str]]:
        answer, call = house.stub("Publish").with_call(publication(channel="news"), metadata=shown, timeout=20)
        return answer, dict(call.trailing_metadata())

    accepted, told = await in_thread(publish)
    assert (told["x-request-id"] == sent) == taken
    assert (await house.settled(accepted.notification_id)).request_id == told["x-request-id"]


async def test_all_of_a_stream_came_in_one_call(house: PublicHouse) -> None:
    shown = ADMIN | {"x-request-id": "import-7"}
    answers = producing(house, shown, iter([publication(channel="news") for _ in range(2)]))
    accepted = [answer.accepted.notification_id for answer in await in_thread(lambda: list(answers))]
    assert [(await house.settled(each)).request_id for each in accepted] == ["import-7", "import-7"]


@pytest.mark.parametrize("method", ["Publish", "PublishStream"])
async def test_a_refusal_tells_the_id_of_the_call(house: PublicHouse, method: str) -> None:
    request = publication(channel="news")
    call = house.open(method, request) if method == "PublishStream" else house.stub(method).future(request, timeout=20)
    told = dict(await in_thread(call.trailing_metadata))
    assert (told["notifyd-code"], len(told["x-request-id"])) == ("not_authenticated", 24)
