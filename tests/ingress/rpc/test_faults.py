"""The table of statuses, over the wire where a call can be made to end so."""

from __future__ import annotations

import grpc
import pytest
import trio

from notifyd import errors
from notifyd.bridge.portal import Gone
from notifyd.ingress.rpc.faults import Broken, fault_of
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import Choices, House, RpcOptions, open_house

CASES = [
    (errors.Invalid("no"), "INVALID_ARGUMENT", "invalid_request"),
    (errors.Invalid("no", code="too_deep"), "INVALID_ARGUMENT", "too_deep"),
    (errors.TooLarge("no"), "INVALID_ARGUMENT", "too_large"),
    (errors.NotAuthenticated("no"), "UNAUTHENTICATED", "not_authenticated"),
    (errors.Denied("no"), "PERMISSION_DENIED", "forbidden"),
    (errors.NotFound("no"), "NOT_FOUND", "not_found"),
    (errors.Conflict("no"), "FAILED_PRECONDITION", "conflict"),
    (errors.IdempotencyMismatch("no"), "ALREADY_EXISTS", "idempotency_key_reused"),
    (errors.Exhausted("no"), "RESOURCE_EXHAUSTED", "resource_exhausted"),
    (errors.QueueFull("no"), "RESOURCE_EXHAUSTED", "queue_full"),
    (errors.RateLimited("no"), "RESOURCE_EXHAUSTED", "rate_limited"),
    (errors.Unavailable("no"), "UNAVAILABLE", "unavailable"),
    (errors.StoreUnavailable("no"), "UNAVAILABLE", "store_unavailable"),
    (errors.Draining("no"), "UNAVAILABLE", "draining"),
]


def serving(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    """Make GetQueue end with *problem*."""

    async def fail(_request: object) -> pb.QueueStats:
        raise problem

    monkeypatch.setattr("notifyd.ingress.rpc.calls.queue.QueueCalls.get_queue", staticmethod(fail))


@pytest.mark.parametrize(("problem", "status", "code"), CASES)
async def test_each_refusal_has_its_status(
    monkeypatch: pytest.MonkeyPatch, problem: errors.NotifydError, status: str, code: str
) -> None:
    serving(monkeypatch, problem)
    async with open_house() as house:
        refusal = await house.refusal("GetQueue", pb.GetQueueRequest())
    assert (refusal.status, refusal.code, refusal.message) == (status, code, "no")
    assert "notifyd-retry-after" not in refusal.metadata


def test_every_error_has_an_entry() -> None:
    covered = {type(problem) for problem, _, _ in CASES}
    named = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.NotifydError)}
    assert named - covered == {errors.NotifydError}


async def test_the_time_to_come_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, errors.QueueFull("full", retry_after_seconds=1.5))
    async with open_house() as house:
        refusal = await house.refusal("GetQueue", pb.GetQueueRequest())
    assert refusal.metadata["notifyd-retry-after"] == "1.500"


async def test_a_fault_of_ours_is_logged_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, ZeroDivisionError("the secret is swordfish"))
    async with open_house() as house:
        refusal = await house.refusal("GetQueue", pb.GetQueueRequest())
        records = await house.log_records()
        assert house.counters.errors == 1
    assert (refusal.status, refusal.code) == ("INTERNAL", "internal")
    assert "swordfish" not in refusal.message
    record = next(record for record in records if record["event"] == "rpc_failed")
    assert record["request_id"] in refusal.message
    assert record["rpc"] == "GetQueue"
    assert "ZeroDivisionError" in record["exception"]


async def test_too_slow_is_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, trio.TooSlowError())
    async with open_house() as house:
        refusal = await house.refusal("GetQueue", pb.GetQueueRequest())
    assert (refusal.status, refusal.code) == ("DEADLINE_EXCEEDED", "timed_out")


async def test_a_call_is_cut_off_at_the_servers_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(_request: object) -> pb.QueueStats:
        await trio.sleep_forever()
        raise AssertionError("unreachable")

    monkeypatch.setattr("notifyd.ingress.rpc.calls.queue.QueueCalls.get_queue", staticmethod(endless))
    async with open_house(Choices(rpc=RpcOptions(workers=4, max_streams=2, call_timeout_seconds=0.05))) as house:
        refusal = await house.refusal("GetQueue", pb.GetQueueRequest())
    assert (refusal.status, refusal.code) == ("DEADLINE_EXCEEDED", "timed_out")


@pytest.mark.parametrize("leave", ["cancel", "deadline"])
async def test_a_caller_that_leaves_ends_its_call(monkeypatch: pytest.MonkeyPatch, leave: str) -> None:
    entered, left = trio.Event(), trio.Event()

    async def endless(_request: object) -> pb.QueueStats:
        entered.set()
        try:
            await trio.sleep_forever()
        finally:
            left.set()

    monkeypatch.setattr("notifyd.ingress.rpc.calls.queue.QueueCalls.get_queue", staticmethod(endless))
    async with open_house() as house:
        call = house.stub.GetQueue.future(pb.GetQueueRequest(), timeout=0.2 if leave == "deadline" else 30)
        await entered.wait()
        if leave == "cancel":
            call.cancel()
        await left.wait()


async def test_an_unknown_method_is_unimplemented(house: House) -> None:
    with grpc.insecure_channel(f"unix:{house.path}") as grpc_channel:
        call = grpc_channel.unary_unary("/notifyd.v1.AdminService/Nothing")
        with pytest.raises(grpc.RpcError) as problem:
            await trio.to_thread.run_sync(lambda: call(b"", timeout=5))
    assert problem.value.code().name == "UNIMPLEMENTED"  # type: ignore[attr-defined]


def test_what_is_not_ours_tells_nothing() -> None:
    assert fault_of(ValueError("secret")).message == "something is wrong in the daemon; its log says more"
    assert "abc" in fault_of(Broken("abc")).message
    assert fault_of(Gone()).status is grpc.StatusCode.CANCELLED
