"""Users who hand in what is no notification, or too much: each is refused by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tests.e2e.hostile import nothing_left, register
from tests.e2e.patience import within
from tests.e2e.sockets import websocket
from tests.e2e.witness import undisturbed

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

BAD_JOBS: tuple[Any, ...] = (
    None, 1, "text", [], True, {}, {"payload": 1, "data": 2}, {"payload": 1, "users": "alice"},
    {"payload": 1, "users": [None]}, {"payload": 1, "users": [[]]}, {"payload": 1, "users": [""]},
    {"payload": 1, "users": ["\x00"]}, {"payload": 1, "users": ["u" * 257]}, {"payload": 1, "sockets": [1]},
    {"payload": 1, "sockets": {"a": 1}}, {"payload": 1, "sockets": ["s" * 5000]}, {"payload": 1, "priority": 11},
    {"payload": 1, "priority": "5"}, {"payload": 1, "priority": 1.5}, {"payload": 1, "priority": 10**30},
    {"payload": 1, "ttl": -1}, {"payload": 1, "ttl": 10**18}, {"payload": 1, "delay": -1},
    {"payload": 1, "delay": 10**15}, {"payload": 1, "deliverAt": "tomorrow"}, {"payload": 1, "expiresAt": 1},
    {"payload": 1, "deliverAt": 10**30}, {"payload": 1, "metadata": []}, {"payload": 1, "metadata": 1},
    {"payload": 1, "channel": 1}, {"payload": 1, "channel": "c" * 5000}, {"payload": 1, "channel": "\x00"},
    {"payload": 1, "clientId": "default"}, {"payload": 1, "clientId": 1}, {"payload": 1, "idempotencyKey": "\n"},
    {"payload": 1, "users": ["u"] * 10, "sockets": "all"}, {"payload": "x" * 300_000},
)  # fmt: skip


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@within(90)
async def test_jobs_that_are_none_are_refused_one_by_one(start: Starter) -> None:
    daemon = await start("websocket.max_protocol_errors=1000", "clients.publishes_per_minute=100000")
    app = await register(daemon)
    many = [{"payload": 1, name: [f"{name}{n}" for n in range(60_000)]} for name in ("users", "sockets")]
    async with undisturbed(daemon), app.socket() as io:
        assert (await io.ask("notification-job", {"payload": _deep(64)}))[0]["success"] is True
        for job in (*BAD_JOBS, *many, {"payload": _deep(65)}):
            answer, _ = await io.ask("notification-job", job)
            assert answer["success"] is False, str(job)[:200]
            assert answer["error"]["code"] != "internal"
        target = f"{app.namespace}?token={app.token()}"
        async with websocket(daemon.http, target) as ws:
            await ws.hear()
            for job in (*BAD_JOBS[:-1], {"payload": _deep(65)}):
                await ws.send(msgspec.json.encode({"event": "notification-job", "id": 1, "data": job}).decode())
                answer = await ws.hear()
                assert isinstance(answer, str), (job, answer)
                assert msgspec.json.decode(answer)["data"]["success"] is False, job


@within(60)
async def test_protocol_errors_add_up_to_an_end(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service):
        async with app.socket() as io:
            for _ in range(20):
                await io.emit("no-such-event")
            heard = [await io.hear() for _ in range(22)]
            assert heard[-1] == f"1{app.namespace},"
            assert '"exception"' in str(heard[-2])
        async with websocket(service.http, f"{app.namespace}?token={app.token()}") as ws:
            await ws.send(*["{"] * 20)
            assert (await ws.ended()).code == 4000


@within(60)
async def test_a_user_may_not_publish_without_end(start: Starter) -> None:
    daemon = await start("clients.publishes_per_minute=10")
    app = await register(daemon)
    async with undisturbed(daemon), app.socket() as io:
        answers = [(await io.ask("notification-job", {"payload": n}))[0] for n in range(12)]
        assert [answer["success"] for answer in answers] == [True] * 10 + [False] * 2
        assert answers[-1]["error"]["code"] == "rate_limited"
        assert answers[-1]["error"]["retryAfter"] > 0
