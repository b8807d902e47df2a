"""What calling webhooks stands on, in memory: a caller that does as it is told, and what is made of it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
import trio

from notifyd.dispatch.webhook_book import Endpoint, WebhookBook
from notifyd.dispatch.webhook_router import WebhookRouter
from notifyd.model.ids import ClientId
from notifyd.policy.webhooks.answers import UNREACHABLE, WebhookAnswer, WebhookRules
from notifyd.policy.webhooks.events import Wish
from notifyd.policy.webhooks.signing import signing_key
from notifyd.service.webhooks import Webhooks

if TYPE_CHECKING:
    from notifyd.store.ports import QueueStore
    from notifyd.telemetry.metrics import Counters
    from notifyd.webhooks.ports import WebhookCall

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULES = WebhookRules(max_attempts=3, retry_seconds=1, retry_max_seconds=60, batch_size=4, timeout_seconds=10)
OK = WebhookAnswer(204)
DOWN = WebhookAnswer(500)
GONE = WebhookAnswer(410)
AWAY = WebhookAnswer(0, UNREACHABLE)


def endpoint(name: str, *events: str, client: str = "") -> Endpoint:
    """A webhook whose URL tells its name."""
    wish = Wish(events, ClientId(client) if client else None)
    return Endpoint(name, f"http://{name}/", wish, SECRET, signing_key(SECRET))


class Caller:
    """Answers each webhook from its script, then with the last answer of it, after so many seconds."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[WebhookAnswer | Exception]] = {}
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: list[WebhookCall] = []
        self.at: defaultdict[str, list[float]] = defaultdict(list)
        self.busy: defaultdict[str, int] = defaultdict(int)
        self.peak: defaultdict[str, int] = defaultdict(int)
        self.closed = False

    def script(self, name: str, *answers: WebhookAnswer | Exception) -> None:
        self.scripts[name] = list(answers)

    def events(self, name: str = "") -> list[dict[str, object]]:
        calls = [call for call in self.calls if not name or call.url == f"http://{name}/"]
        return [msgspec.json.decode(call.body) for call in calls]

    async def call(self, call: WebhookCall) -> WebhookAnswer:
        name = call.url.removeprefix("http://").rstrip("/")
        self.calls.append(call)
        self.at[name].append(trio.current_time())
        self.busy[name] += 1
        self.peak[name] = max(self.peak[name], self.busy[name])
        await trio.sleep(self.seconds[name])
        self.busy[name] -= 1
        script = self.scripts.get(name, [OK])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def webhooks_of(queue: QueueStore, counters: Counters, *endpoints: Endpoint, caller: Caller | None = None) -> Webhooks:
    """The service, with these webhooks."""
    book, caller = WebhookBook(), caller or Caller()
    book.configure(endpoints)
    return Webhooks(book, WebhookRouter(queue, book, caller, RULES, counters), caller)
