"""What the end of a connection comes down to."""

from functools import partial

import pytest
import trio
import trio_websocket
from wsproto.utilities import LocalProtocolError

from notifyctl.listening.link import open_link


@pytest.fixture
async def url(nursery: trio.Nursery):
    async def keep(request: trio_websocket.WebSocketRequest) -> None:
        await request.accept()
        await trio.sleep_forever()

    server = await nursery.start(partial(trio_websocket.serve_websocket, keep, "127.0.0.1", 0, None))
    yield f"ws://127.0.0.1:{server.port}"
    nursery.cancel_scope.cancel()


async def test_an_interrupt_is_one_whatever_fails_with_it(url: str):
    broken = [LocalProtocolError("it is closing"), KeyboardInterrupt()]
    with trio.fail_after(30), pytest.raises(KeyboardInterrupt):
        async with open_link(url):
            raise BaseExceptionGroup("both", broken)
