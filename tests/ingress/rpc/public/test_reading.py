from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trio

from notifyd.errors import Invalid
from notifyd.ingress.rpc.reading import readable, reader
from notifyd.v1 import client_pb2 as pb
from notifyd.v1.types_pb2 import PublishRequest
from tests.ingress.rpc.node import refusal_of
from tests.ingress.rpc.public.house import ADMIN, PublicHouse, publication

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "/notifyd.v1.NotificationService/"
GARBAGE = b"\x0a\xff\xff\xff\xff\x0f"


def test_a_message_is_read() -> None:
    read = reader(PublishRequest)
    request = publication(channel="news")
    assert readable(read(request.SerializeToString())) == request


def test_what_is_none_is_a_refusal_that_names_the_message() -> None:
    with pytest.raises(Invalid, match=r"no notifyd\.v1\.PublishRequest") as problem:
        readable(reader(PublishRequest)(GARBAGE))
    assert problem.value.code == "invalid_message"


def answers_of(house: PublicHouse, kind: str, method: str, *bodies: bytes) -> tuple[list[bytes], Any]:
    """What a caller that sends these bytes is answered, and how the call ends."""
    call = getattr(house.grpc_channel, kind)(method)
    metadata = tuple(ADMIN.items())
    answers: list[bytes] = []
    try:
        given: Iterator[bytes] | bytes = iter(bodies) if kind == "stream_stream" else bodies[0]
        answered = call(given, metadata=metadata, timeout=10)
        answers += [answered] if kind == "unary_unary" else answered
    except grpc.RpcError as exc:
        return answers, refusal_of(exc)
    return answers, None


@pytest.mark.parametrize(
    ("kind", "method"),
    [("unary_unary", "Publish"), ("unary_stream", "Subscribe"), ("stream_stream", "PublishStream")],
)
async def test_each_kind_of_call_refuses_it_and_nothing_is_logged(
    house: PublicHouse, caplog: pytest.LogCaptureFixture, kind: str, method: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        _, refusal = await trio.to_thread.run_sync(answers_of, house, kind, SERVICE + method, GARBAGE)
    assert (refusal.status, refusal.code) == ("INVALID_ARGUMENT", "invalid_message")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_came_before_it_on_a_stream_is_taken(house: PublicHouse) -> None:
    good = publication(channel="news").SerializeToString()
    bodies = (good, GARBAGE, good)
    answers, refusal = await trio.to_thread.run_sync(
        answers_of, house, "stream_stream", f"{SERVICE}PublishStream", *bodies
    )
    assert len(answers) == 1
    assert pb.PublishStreamResult.FromString(answers[0]).HasField("accepted")
    assert refusal.code == "invalid_message"


async def test_reflection_answers_it_with_an_error(house: PublicHouse, caplog: pytest.LogCaptureFixture) -> None:
    method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    with caplog.at_level(logging.DEBUG):
        answers, refusal = await trio.to_thread.run_sync(answers_of, house, "stream_stream", method, GARBAGE)
    assert (len(answers), refusal) == (1, None)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
