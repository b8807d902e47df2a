"""A line to a server that can be cut: what a partition of the network looks like from one side."""

from __future__ import annotations

from contextlib import suppress

import trio

_BROKEN = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


class Proxy:
    """Hands on what comes to a port of the loopback, until it is cut."""

    def __init__(self, port: int) -> None:
        """*port* is that of the server."""
        self._target = port
        self._listener: trio.SocketListener | None = None
        self._streams: set[trio.SocketStream] = set()
        self._through = trio.Event()
        self._through.set()

    @property
    def url(self) -> str:
        """As settings name it."""
        assert self._listener is not None, "it runs"
        return f"redis://127.0.0.1:{self._listener.socket.getsockname()[1]}"

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hand on until cancelled."""
        (self._listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._serve, [self._listener])
            task_status.started()

    def fall_silent(self) -> None:
        """From now on nothing gets through, and nobody is told."""
        self._through = trio.Event()

    async def cut(self) -> None:
        """As `fall_silent`, and every connection breaks."""
        self.fall_silent()
        for stream in list(self._streams):
            await trio.aclose_forcefully(stream)

    async def mend(self) -> None:
        """Everything gets through again; what was connected before has broken by now."""
        for stream in list(self._streams):
            await trio.aclose_forcefully(stream)
        self._through.set()

    async def _serve(self, client: trio.SocketStream) -> None:
        self._streams.add(client)
        try:
            with suppress(*_BROKEN):
                # one that connects while nothing gets through hears nothing
                await self._through.wait()
                async with await trio.open_tcp_stream("127.0.0.1", self._target) as server, trio.open_nursery() as both:
                    self._streams.add(server)
                    both.start_soon(self._hand_on, client, server, both.cancel_scope)
                    both.start_soon(self._hand_on, server, client, both.cancel_scope)
                    self._streams.discard(server)
        finally:
            self._streams.discard(client)
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(client)

    async def _hand_on(self, source: trio.SocketStream, to: trio.SocketStream, over: trio.CancelScope) -> None:
        with suppress(*_BROKEN):
            while data := await source.receive_some(65_536):
                await self._through.wait()
                await to.send_all(data)
        over.cancel()
