"""gRPC's standard health service: whether notifications are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio
from grpc_health.v1 import health, health_pb2

if TYPE_CHECKING:
    from notifyd.service.daemon import Daemon

#: Those who watch learn of a change within this; who asks learns it at once.
_FOLLOW_SECONDS: Final = 1.0


class Health(health.HealthServicer):  # type: ignore[misc] # the package has no types
    """The service *name* is SERVING while the daemon is ready; the process itself, named "", while it answers."""

    def __init__(self, name: str, daemon: Daemon) -> None:
        super().__init__()
        self._name = name
        self._daemon = daemon
        self._told: int | None = None
        self._follow()

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - grpcio finds it by this name
        """Answer for this moment. Runs in a thread of grpcio; the state is a few plain reads."""
        self._follow()
        return super().Check(request, context)

    async def run(self) -> None:
        """Keep those who watch informed, until cancelled."""
        while True:
            self._follow()
            await trio.sleep(_FOLLOW_SECONDS)

    def _follow(self) -> None:
        ready = self._daemon.state == "ready"
        status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        if status != self._told:
            self._told = status
            self.set(self._name, status)
