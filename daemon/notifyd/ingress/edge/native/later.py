"""Requests that have to wait until what they are about is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from notifyd.errors import NotifydError

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.store.ports import Attendance
    from notifyd.wire import native

    Request = TypeVar("Request", native.Authenticate, native.Subscribe)


async def after(
    attendance: Attendance,
    peer: NativeConnection,
    message: Request,
    answer: Callable[[NativeConnection, Request], Step],
) -> None:
    """Answer *message* again once it is at hand; what is wrong is told, and the connection stays."""
    try:
        await attendance.wait()
        if peer.connection.ended:
            return
        step = answer(peer, message)
        if step is not None:
            await step
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)
