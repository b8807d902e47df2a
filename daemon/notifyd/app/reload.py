"""Putting a changed configuration in force while the daemon runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from notifyd.app import translate
from notifyd.app.problems import CannotStart
from notifyd.config import ConfigInvalid, Loaded, catalogue, diff_settings, reloaded, value_of
from notifyd.errors import Invalid
from notifyd.service.daemon import ConfigEntry, Reloaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.graph import Graph
    from notifyd.app.tls import Certificate

log = structlog.get_logger("notifyd.config")


class Reloader:
    """Knows the settings in force and how to change them."""

    def __init__(self, graph: Graph, read: Callable[[], Loaded], certificate: Certificate | None = None) -> None:
        self._graph = graph
        self._read = read
        self._certificate = certificate
        self.settings = graph.loaded.settings
        self._origins = graph.loaded.origins

    def reload(self) -> Reloaded:
        """Read the sources again and put in force what can change.

        Raises:
            Invalid: the configuration has problems; nothing was changed, and the message names them all.
        """
        try:
            loaded = self._read()
        except ConfigInvalid as exc:
            raise Invalid(str(exc), code="config_invalid") from exc
        self._renew_certificate()
        now, later = diff_settings(self.settings, loaded.settings)
        self.settings = reloaded(self.settings, loaded.settings)
        self._origins = loaded.origins
        self._apply()
        result = Reloaded([change.path for change in now], [change.path for change in later])
        log.info("config_reloaded", applied=result.applied, need_restart=result.need_restart)
        return result

    def _renew_certificate(self) -> None:
        if self._certificate is not None:
            try:
                self._certificate.load()
            except CannotStart as exc:
                raise Invalid(exc.message, code="certificate_invalid") from exc

    def _apply(self) -> None:
        graph, settings = self._graph, self.settings
        graph.publisher.rules = translate.publish_rules(settings)
        graph.publisher.idempotency_ms = round(settings.delivery.idempotency_seconds * 1000)
        graph.dispatcher.rules = translate.dispatch_rules(settings)
        graph.subscriber.rules = translate.subscribe_rules(settings)
        graph.connector.max_connections_per_key = settings.keys.max_connections_per_key
        graph.keys.rules = translate.key_rules(settings)
        graph.engines.logbook.set_level(settings.log.level)
        graph.engines.broker.configure(translate.broker_limits(settings))
        native = translate.native_rules(settings)
        for name in native.__struct_fields__:
            setattr(graph.native_rules, name, getattr(native, name))
        limits = settings.limits
        graph.limiter.configure(enabled=limits.enabled, per_minute=limits.requests_per_minute, burst=limits.burst)
        self._apply_liveness()

    def _apply_liveness(self) -> None:
        rules = translate.liveness_rules(self.settings)
        if rules != self._graph.sweeper.rules:
            self._graph.sweeper.rules = rules
            self._graph.sweeper.look_again(self._graph.hub.connections(), trio.current_time())

    def show(self) -> list[ConfigEntry]:
        """The settings in force."""
        return [
            ConfigEntry(
                key=path,
                value="***" if entry.setting.secret else msgspec.json.encode(value_of(self.settings, path)).decode(),
                origin=self._origins.get(path, "default"),
                reloadable=entry.setting.reload,
            )
            for path, entry in catalogue().items()
        ]
