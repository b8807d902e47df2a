"""Upwards: calls from foreign threads (grpcio's pool) into the daemon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import trio

from notifyd.errors import Draining, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")

#: How long a thread may take to pick up the failure of its stream before the call is cut off.
LINGER_SECONDS: Final = 5.0


class Gone(Exception):
    """The caller has left: nobody waits for the answer."""


class Peer(Protocol):
    """The caller's side of one call. A grpcio ServicerContext is one."""

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Call *callback*, in any thread, when the call is over; False: it is over already."""
        ...

    def cancel(self) -> object:
        """Cut the call off."""
        ...


class TrioPortal:
    """Lets foreign threads (grpcio's pool) call async functions of the daemon.

    Trio runs such calls as system tasks, outside our nurseries; each call therefore carries its own
    cancel scope, so that draining the daemon also ends calls that are still waiting. Streams run in *nursery*.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._nursery = nursery
        self._calls: set[trio.CancelScope] = set()
        self._streams: set[trio.CancelScope] = set()
        self._draining = False
        self._closed = False

    def call(self, function: Callable[..., Awaitable[T]], *args: object, peer: Peer, timeout: float = math.inf) -> T:
        """Run `await function(*args)` in the daemon and block this thread until it is done.

        What the function raises crosses unchanged. The function is cancelled when *peer* leaves.

        Raises:
            Unavailable: the daemon is draining or has stopped.
            TimeoutError: it took longer than *timeout* seconds.
            Gone: the caller has left.
        """
        ticket = _Ticket(self._token)
        if not peer.add_callback(ticket.abandon):
            raise Gone
        try:
            return trio.from_thread.run(self._host, ticket, timeout, function, args, trio_token=self._token)
        except (trio.RunFinishedError, trio.Cancelled) as exc:
            raise Unavailable("the daemon has stopped") from exc
        finally:
            ticket.over = True

    def stream(
        self, produce: Callable[[trio.MemorySendChannel[T]], Awaitable[None]], *, peer: Peer, buffer: int = 64
    ) -> Iterator[T]:
        """Run `await produce(inbox)` in the daemon and yield in this thread what it sends, in order.

        A slow reader holds the producer back after *buffer* items. When the peer leaves, the producer is cancelled and
        the iteration ends; what the producer raises is raised here, after what it had sent before.

        Raises:
            Unavailable: the daemon is draining or has stopped.
            Gone: the caller has left before the stream began.
        """
        feed: _Feed[T] = _Feed(self._token, peer, buffer)
        if not peer.add_callback(feed.ticket.abandon):
            raise Gone
        try:
            trio.from_thread.run_sync(self._start, feed, produce, trio_token=self._token)
            while items := trio.from_thread.run(feed.take, trio_token=self._token):
                yield from items
            feed.ticket.over = True
        except (trio.RunFinishedError, trio.Cancelled) as exc:
            raise Unavailable("the daemon has stopped") from exc
        finally:
            # also reached when the generator is dropped before its end, by whichever thread collects it
            feed.ticket.abandon()
        if feed.failure is not None and not feed.ticket.abandoned:
            raise feed.failure

    def drain(self) -> None:
        """End every stream and refuse new ones; calls go on."""
        self._draining = True
        for scope in self._streams:
            scope.cancel()

    def close(self) -> None:
        """Refuse new calls and cancel those in flight."""
        self._closed = True
        self.drain()
        for scope in self._calls:
            scope.cancel()

    async def _host(
        self, ticket: _Ticket, timeout: float, function: Callable[..., Awaitable[T]], args: tuple[object, ...]
    ) -> T:
        if self._closed:
            raise Draining("the daemon is shutting down")
        ticket.scope.deadline = trio.current_time() + timeout
        self._calls.add(ticket.scope)
        try:
            with ticket.scope:
                return await function(*args)
        finally:
            self._calls.discard(ticket.scope)
        # reached only when the scope was cancelled: by the peer, by close(), or by its deadline
        if ticket.abandoned:
            raise Gone
        if self._closed:
            raise Draining("the daemon is shutting down")
        raise TimeoutError(f"took longer than {timeout:g} seconds")

    def _start(self, feed: _Feed[T], produce: Callable[[trio.MemorySendChannel[T]], Awaitable[None]]) -> None:
        if self._draining:
            raise Draining("the daemon is shutting down")
        self._streams.add(feed.ticket.scope)
        try:
            self._nursery.start_soon(self._run, feed, produce)
        except RuntimeError as exc:  # the nursery has ended
            raise Unavailable("the daemon has stopped") from exc

    async def _run(self, feed: _Feed[T], produce: Callable[[trio.MemorySendChannel[T]], Awaitable[None]]) -> None:
        try:
            with feed.inbox, feed.ticket.scope:
                await feed.watch(produce)
        finally:
            self._streams.discard(feed.ticket.scope)
        await feed.linger()


class _Ticket:
    """The cancel scope of one call, and the way for any thread to cancel it."""

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        self._token = token
        self.scope = trio.CancelScope()
        self.abandoned = False
        self.over = False

    def abandon(self) -> None:
        """The peer has left. Called at every call's end, so it costs nothing once the call is over."""
        if self.over:
            return
        try:
            self._token.run_sync_soon(self._cancel)
        except trio.RunFinishedError:
            return

    def _cancel(self) -> None:
        self.abandoned = True
        self.scope.cancel()


class _Feed(Generic[T]):
    """One stream between its producer (trio) and its reader (a thread)."""

    def __init__(self, token: trio.lowlevel.TrioToken, peer: Peer, buffer: int) -> None:
        self.ticket = _Ticket(token)
        self.inbox, self._outlet = trio.open_memory_channel[T](buffer)
        self.failure: Exception | None = None
        self._peer = peer
        self._buffer = buffer
        self._read_out = trio.Event()

    async def watch(self, produce: Callable[[trio.MemorySendChannel[T]], Awaitable[None]]) -> None:
        """Run the producer. What it raises belongs to the reader: in the nursery it would end the daemon."""
        self.failure = Draining("the daemon is shutting down")  # stands when it is cancelled
        try:
            await produce(self.inbox)
        except Exception as exc:  # noqa: BLE001 it crosses to the thread
            self.failure = exc
        else:
            self.failure = None

    async def take(self) -> list[T]:
        """Wait for something, then take all there is, so that a thread hop is paid per batch; [] at the end."""
        items: list[T] = []
        try:
            items.append(await self._outlet.receive())
            while len(items) < self._buffer:
                items.append(self._outlet.receive_nowait())
        except trio.WouldBlock:
            return items
        except trio.EndOfChannel:
            if not items:
                self._read_out.set()
        return items

    async def linger(self) -> None:
        """Cut a failed call off when its thread hangs in a write that the peer does not read."""
        if self.failure is None or self.ticket.abandoned:
            return
        # in the place of the producer's scope, so that a peer that leaves ends this wait too
        self.ticket.scope = trio.CancelScope(deadline=trio.current_time() + LINGER_SECONDS)
        with self.ticket.scope:
            await self._read_out.wait()
            return
        if not self.ticket.abandoned:
            self._peer.cancel()
