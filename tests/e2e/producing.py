"""Producers that go on over a daemon's death, and remember what was accepted."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import msgspec
import trio

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.rest import Rest


class Sent(msgspec.Struct, frozen=True):
    """One notification that was answered with 202."""

    id: str
    channel: str
    #: Who sent it, and its number among those of the same producer.
    producer: int
    number: int
    priority: int
    #: Unix time; 0 where it may come at once.
    due_at: float = 0.0
    #: Unix time; 0 where it does not expire.
    expires_at: float = 0.0


class Ledger:
    """What the producers know."""

    def __init__(self) -> None:
        self.accepted: dict[str, Sent] = {}
        #: Ids whose cancellation was answered with 200.
        self.cancelled: set[str] = set()
        #: Ids whose cancellation was asked for and not answered, or refused.
        self.undecided: set[str] = set()
        #: Idempotency keys with the id that they stand for.
        self.by_key: dict[str, str] = {}

    def owed(self) -> set[str]:
        """What has to arrive."""
        mortal = {sent.id for sent in self.accepted.values() if sent.expires_at}
        return self.accepted.keys() - self.cancelled - self.undecided - mortal


class Live:
    """Whether the daemon is up, and where."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self._up = trio.Event()
        self._up.set()

    async def up(self) -> None:
        """Wait until it is up."""
        await self._up.wait()

    async def bounce(self, stumble_seconds: float = 0.0) -> None:
        """Kill it and start it again; with *stumble_seconds* kill it once more after those, while it starts."""
        self._up = trio.Event()
        await self.daemon.kill()
        if stumble_seconds:
            with trio.move_on_after(stumble_seconds):
                await self.daemon.start()
            if self.daemon.running:
                await self.daemon.kill()
        await self.daemon.start()
        self._up.set()


class Producer:
    """Publishes over one REST connection after the other, in strict sequence; every fourth has an idempotency key.

    One that was not answered is lost to its producer, unless it has an idempotency key: then it is sent again until it
    is answered.
    """

    def __init__(self, live: Live, ledger: Ledger, key: str, number: int, seed: int) -> None:
        self._live = live
        self._ledger = ledger
        self._key = key
        self._number = number
        self._random = random.Random(seed * 1000 + number)
        self._next = 0
        self._pending: dict[str, Any] | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._live.up()
            try:
                async with self._live.daemon.rest(self._key) as client:
                    while True:
                        await self._one(client)
            except OSError:
                await trio.sleep(0.01)  # refused, while the daemon is being killed
            except trio.BrokenResourceError:
                continue

    async def _one(self, client: Rest) -> None:
        body = self._pending or self._compose()
        key = body["data"].get("key")
        self._pending = body if key else None
        reply = await client.call("POST", "/api/notifications", body, **({"Idempotency_Key": key} if key else {}))
        self._pending = None
        if reply.status == 429:
            await trio.sleep(0.05)
            return
        assert reply.status == 202, reply
        sent = self._record(str(reply.json["notificationId"]), body)
        if key:
            assert self._ledger.by_key.setdefault(key, sent.id) == sent.id
        if sent.channel == "later" and self._random.random() < 0.5:
            await self._cancel(client, sent)

    def _compose(self) -> dict[str, Any]:
        self._next += 1
        data: dict[str, Any] = {"producer": self._number, "number": self._next}
        body: dict[str, Any] = {"channel": "main", "data": data, "priority": self._random.choice((2, 5, 9))}
        kind = self._random.random()
        if kind < 0.25:
            data["key"] = f"{self._number}-{self._next}"
        elif kind < 0.35:
            data["due_at"] = time.time() + self._random.uniform(0.1, 0.7)
            body |= {"channel": "later", "deliverAt": _instant(data["due_at"])}
        elif kind < 0.5:
            data["expires_at"] = time.time() + self._random.uniform(0.02, 0.5)
            body |= {"channel": "mortal", "expiresAt": _instant(data["expires_at"])}
        return body

    def _record(self, notification_id: str, body: dict[str, Any]) -> Sent:
        data = body["data"]
        sent = Sent(
            notification_id,
            body["channel"],
            self._number,
            data["number"],
            body["priority"],
            data.get("due_at", 0.0),
            data.get("expires_at", 0.0),
        )
        self._ledger.accepted[sent.id] = sent
        return sent

    async def _cancel(self, client: Rest, sent: Sent) -> None:
        self._ledger.undecided.add(sent.id)
        reply = await client.call("DELETE", f"/api/notifications/{sent.id}")
        if reply.status == 200:
            self._ledger.undecided.discard(sent.id)
            self._ledger.cancelled.add(sent.id)
        else:
            assert reply.status == 409, reply
            self._ledger.undecided.discard(sent.id)  # it came too late: it is delivered


def _instant(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{whole}.{milliseconds % 1000:03d}Z"
