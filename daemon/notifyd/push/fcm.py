"""Firebase Cloud Messaging, through Google's own library in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.bridge.worker import ThreadWorker
from notifyd.policy.pushing.answers import UNREACHABLE, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.policy.pushing.content import PushMessage
    from notifyd.push.firebase import Firebase
    from notifyd.push.options import FcmOptions

_NOT_TRIED: Final = SendResult(0, UNREACHABLE)


async def open_push(options: FcmOptions) -> FcmProvider:
    """Load the library and make it ready; nothing is sent and nobody is connected to.

    Raises:
        Invalid: an option cannot be right, such as a private key that is none.
    """
    options.check()
    worker = ThreadWorker("notifyd-fcm", threads=options.max_in_flight)
    return FcmProvider(await worker.run(_load, options), worker)


def _load(options: FcmOptions) -> Firebase:
    from notifyd.push.firebase import Firebase  # here, because it is slow and large

    return Firebase(options)


class FcmProvider:
    """Sends each message in a thread of its own limiter, so that one that hangs holds nobody else up."""

    def __init__(self, firebase: Firebase, worker: ThreadWorker) -> None:
        """See `open_push`."""
        self._firebase = firebase
        self._worker = worker
        self._tokens = ThreadWorker("notifyd-fcm-token")
        self._authorizing: _Authorizing | None = None

    async def send(self, messages: Sequence[PushMessage]) -> list[SendResult]:
        """See `PushProvider.send`."""
        results = [_NOT_TRIED] * len(messages)

        async def send_one(number: int) -> None:
            failure = await self._authorize()
            if failure is None:
                results[number] = await self._worker.run(self._firebase.send, messages[number])
            else:
                results[number] = failure

        async with trio.open_nursery() as nursery:
            for number in range(len(messages)):
                nursery.start_soon(send_one, number)
        return results

    async def close(self) -> None:
        """See `PushProvider.close`."""
        await self._worker.run(self._firebase.close)

    async def _authorize(self) -> SendResult | None:
        """Have an access token: one request for all who need it, and one answer for them when it fails."""
        if self._firebase.authorized():
            return None
        if self._authorizing is not None:
            return await self._authorizing.result()
        self._authorizing = running = _Authorizing()
        try:
            running.failure = await self._tokens.run(self._firebase.authorize)
        finally:
            self._authorizing = None
            running.done.set()
        return running.failure


class _Authorizing:
    """One request for an access token, and those who wait for it."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.failure: SendResult | None = _NOT_TRIED

    async def result(self) -> SendResult | None:
        await self.done.wait()
        return self.failure
