"""gRPC's standard health service: whether notifications are taken.

grpcio's own servicer sends to those who watch from whoever changes the state, and waits until they have read it: one
that does not would hold up the daemon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio
from grpc_health.v1 import health_pb2

from notifyd.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.service.daemon import Daemon

HEALTH: Final = health_pb2.DESCRIPTOR.services_by_name["Health"]

#: Those who watch learn of a change within this; who asks learns it at once.
_FOLLOW_SECONDS: Final = 1.0
_Status = health_pb2.HealthCheckResponse


class HealthCalls:
    """The services *names* are SERVING while the daemon is ready.

    The server itself, named "", is so while it answers, or with *whole_follows* as they are.
    """

    def __init__(self, names: Iterable[str], daemon: Daemon, *, whole_follows: bool) -> None:
        self._names = frozenset((*names, ""))
        self._daemon = daemon
        self._whole_follows = whole_follows

    async def check(self, request: health_pb2.HealthCheckRequest) -> health_pb2.HealthCheckResponse:
        """Answer for this moment."""
        if request.service not in self._names:
            raise NotFound("there is no such service", code="service_not_found")
        return _Status(status=self._status(request.service))

    async def list(self, _request: health_pb2.HealthListRequest) -> health_pb2.HealthListResponse:
        """Answer for every service."""
        statuses = {name: _Status(status=self._status(name)) for name in self._names}
        return health_pb2.HealthListResponse(statuses=statuses)

    async def watch(
        self,
        request: health_pb2.HealthCheckRequest,
        answers: trio.MemorySendChannel[tuple[health_pb2.HealthCheckResponse]],
    ) -> None:
        """The status at once, then each change of it."""
        told = None
        while True:
            status = self._status(request.service)
            if status != told:
                told = status
                await answers.send((_Status(status=status),))
            await trio.sleep(_FOLLOW_SECONDS)

    def _status(self, name: str) -> int:
        if name not in self._names:
            return int(_Status.SERVICE_UNKNOWN)
        well = self._daemon.accepting or not (name or self._whole_follows)
        return int(_Status.SERVING if well else _Status.NOT_SERVING)
