"""The daemon itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.errors import Invalid
from notifyd.service.daemon import ConfigChange
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import timestamp_of

if TYPE_CHECKING:
    from notifyd.service.cluster.figures import ServiceFigures
    from notifyd.service.daemon import Daemon


class DaemonCalls:
    """Status, drain, configuration, admin token."""

    def __init__(self, daemon: Daemon, stats: ServiceFigures, admin_token: str) -> None:
        self._daemon = daemon
        self._stats = stats
        self._admin_token = admin_token

    async def get_status(self, _request: pb.GetStatusRequest) -> pb.Status:
        """How the daemon is."""
        daemon, about = self._daemon, self._daemon.about
        figures = await self._stats.fresh()
        return pb.Status(
            version=about.version,
            pid=daemon.pid,
            started_at=timestamp_of(daemon.started_at),
            uptime_seconds=(now_ms() - daemon.started_at) / 1000,
            state=daemon.state,
            listeners=[pb.Listener(name=listener.name, url=listener.url) for listener in daemon.listeners],
            engines=[
                pb.EngineStatus(name=engine.name, engine=engine.engine, healthy=engine.healthy, detail=engine.detail)
                for engine in daemon.engines()
            ],
            durability=about.durability,
            state_dir=str(about.state_dir),
            config_file=str(about.config_file or ""),
            development=about.development,
            connections=figures.connections,
            queued=figures.queue.waiting,
        )

    async def drain(self, request: pb.DrainRequest) -> pb.DrainResponse:
        """Begin to go down politely."""
        seconds = request.seconds if request.HasField("seconds") else None
        if seconds is not None and not 0 <= seconds <= 3600:
            raise Invalid("seconds must be 0 to 3600")
        drain = self._daemon.drain(seconds)
        return pb.DrainResponse(connections=drain.connections, seconds=drain.seconds)

    async def get_config(self, _request: pb.GetConfigRequest) -> pb.GetConfigResponse:
        """The settings in force."""
        return pb.GetConfigResponse(
            values=[
                pb.ConfigValue(key=entry.key, value=entry.value, origin=entry.origin, reloadable=entry.reloadable)
                for entry in self._daemon.show_config()
            ]
        )

    async def reload_config(self, _request: pb.ReloadConfigRequest) -> pb.ReloadConfigResponse:
        """Read the configuration again."""
        reloaded = self._daemon.reload()
        return pb.ReloadConfigResponse(applied=reloaded.applied, need_restart=reloaded.need_restart)

    async def change_config(self, request: pb.ChangeConfigRequest) -> pb.ChangeConfigResponse:
        """Change what the configuration says."""
        changes = [
            ConfigChange(each.key, each.value, each.expected if each.HasField("expected") else None)
            for each in request.changes
        ]
        changed = self._daemon.change_config(changes, dry_run=request.dry_run)
        return pb.ChangeConfigResponse(
            overlay=str(changed.overlay), applied=changed.applied, overridden=changed.overridden
        )

    async def get_admin_token(self, _request: pb.GetAdminTokenRequest) -> pb.GetAdminTokenResponse:
        """The token of the admin REST calls."""
        return pb.GetAdminTokenResponse(token=self._admin_token)
