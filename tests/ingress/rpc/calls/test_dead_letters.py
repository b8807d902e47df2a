"""Dead letters over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.ingress.rpc.calls.dead_letters import DeadLetterCalls
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import DeadLetterId
from notifyd.model.notification import Kind
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import timestamp_of
from tests.store.samples import HOUR, notification

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def kept(house: House, count: int = 1, *, ttl: int = HOUR, data: bytes = b'{"n":1}', **changes: Any) -> list[str]:
    """The ids of dead letters of webhooks, the oldest first."""
    now = now_ms()
    details = {"reason": "refused", "error": "it said 500", "attempts": 3, "died_at": now} | changes
    made = [
        DeadLetter(DeadLetterId(f"letter-{number:04}-{ttl}"), Stage.WEBHOOK, of, **details)
        for number in range(count)
        for of in [notification("hook", kind=Kind.WEBHOOK, at=now, ttl=ttl, data=data)]
    ]
    await house.node.broker.dead_letters.add(made, now=now).wait()
    return [letter.id for letter in made]


async def test_the_newest_come_first_and_all_are_counted(house: House) -> None:
    ids = await kept(house, 5)
    listed = await house.ask("ListDeadLetters", pb.ListDeadLettersRequest(limit=2))
    assert ([letter.id for letter in listed.dead_letters], listed.total) == (ids[:2:-1], 5)
    first = listed.dead_letters[0]
    assert (first.stage, first.kind, first.channel, first.reason, first.attempts) == (
        "webhook", "webhook", "hook", "refused", 3,
    )  # fmt: skip
    assert first.data_json == ""
    behind = await house.ask("ListDeadLetters", pb.ListDeadLettersRequest(after=ids[3]))
    assert [letter.id for letter in behind.dead_letters] == ids[2::-1]


@pytest.mark.parametrize(
    ("filter_", "fits"),
    [
        ({"stage": "webhook"}, True),
        ({"stage": "push"}, False),
        ({"channel": "hook", "reason": "refused", "client_id": "default"}, True),
        ({"client_id": "other"}, False),
        ({"user_id": "alice"}, False),
        ({"notification_id": "nothing"}, False),
        ({"since": timestamp_of(1)}, True),
        ({"until": timestamp_of(1)}, False),
    ],
)
async def test_a_filter_narrows(house: House, filter_: dict[str, Any], fits: bool) -> None:
    await kept(house)
    listed = await house.ask("ListDeadLetters", pb.ListDeadLettersRequest(filter=pb.DeadLetterFilter(**filter_)))
    assert (len(listed.dead_letters), listed.total) == (fits, fits)


async def test_one_is_shown_with_what_it_carries(house: House) -> None:
    (identifier,) = await kept(house)
    shown = await house.ask("GetDeadLetter", pb.GetDeadLetterRequest(id=identifier))
    assert (shown.data_json, shown.error) == ('{"n":1}', "it said 500")
    assert (await house.refusal("GetDeadLetter", pb.GetDeadLetterRequest(id="no"))).code == "dead_letter_not_found"


async def test_each_is_put_back_by_itself(house: House) -> None:
    (good,) = await kept(house)
    (expired,) = await kept(house, ttl=-1)
    answer = await house.ask("RetryDeadLetters", pb.RetryDeadLettersRequest(ids=[good, expired, "no"]))
    assert answer.retried == 1
    assert [result.refused.code for result in answer.results] == ["", "expired", "dead_letter_not_found"]
    assert answer.results[0].notification_id
    everything = pb.RetryDeadLettersRequest(filter=pb.DeadLetterFilter(), ttl_ms=60_000)
    assert (await house.ask("RetryDeadLetters", everything)).retried == 1


async def test_they_are_dropped_by_id_and_by_filter(house: House) -> None:
    first, *rest = await kept(house, 3)
    answer = await house.ask("DropDeadLetters", pb.DropDeadLettersRequest(ids=[first, "no"]))
    assert (list(answer.dropped), list(answer.not_found)) == ([first], ["no"])
    answer = await house.ask("DropDeadLetters", pb.DropDeadLettersRequest(filter=pb.DeadLetterFilter()))
    assert list(answer.dropped) == rest


@pytest.mark.parametrize("method", ["RetryDeadLetters", "DropDeadLetters"])
async def test_either_ids_or_a_filter(house: House, method: str) -> None:
    kind = getattr(pb, f"{method}Request")
    for request in (kind(), kind(ids=["a"], filter=pb.DeadLetterFilter())):
        assert (await house.refusal(method, request)).status == "INVALID_ARGUMENT"


async def test_an_unknown_stage_is_refused(house: House) -> None:
    request = pb.ListDeadLettersRequest(filter=pb.DeadLetterFilter(stage="hook"))
    assert "dispatch, push" in (await house.refusal("ListDeadLetters", request)).message


async def test_an_export_is_whole_and_begins_with_the_oldest(house: House) -> None:
    ids = await kept(house, 150)
    stream = house.stub.ExportDeadLetters(pb.ExportDeadLettersRequest(), timeout=20)
    letters = await trio.to_thread.run_sync(list, stream)
    assert [letter.id for letter in letters] == ids
    assert {letter.data_json for letter in letters} == {'{"n":1}'}


async def test_no_batch_of_an_export_is_large(house: House) -> None:
    await kept(house, 50, data=b'"' + b"x" * 100_000 + b'"')
    send, receive = trio.open_memory_channel[list[Any]](100)
    calls = DeadLetterCalls(house.node.dead_letters)
    await calls.export_dead_letters(pb.ExportDeadLettersRequest(), send)
    sizes = [len(receive.receive_nowait()) for _ in range(receive.statistics().current_buffer_used)]
    assert (sum(sizes), max(sizes)) == (50, 11)
