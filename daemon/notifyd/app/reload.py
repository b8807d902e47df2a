"""Putting a changed configuration in force while the daemon runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from notifyd.app.parts.presence import configure_presence
from notifyd.app.parts.webhooks import read_endpoints
from notifyd.app.problems import CannotStart
from notifyd.app.translate.access import client_rules, connect_rules, device_rules, key_rules, token_rules
from notifyd.app.translate.delivery import dispatch_rules, publish_rules
from notifyd.app.translate.edge import namespace_rules, native_rules
from notifyd.app.translate.engines import broker_limits
from notifyd.app.translate.pushing import push_rules
from notifyd.app.translate.receiving import ack_rules, liveness_rules, subscribe_rules
from notifyd.config import ConfigInvalid, Loaded, catalogue, diff_settings, reloaded, value_of
from notifyd.config.catalogue import TABLES
from notifyd.config.gathering import SECRET, kept_secret
from notifyd.config.values import to_toml
from notifyd.errors import Invalid
from notifyd.service.daemon import ConfigEntry, Reloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.app.listeners.tls import Certificate
    from notifyd.app.parts.graph import Graph
    from notifyd.config import Entry, Settings
    from notifyd.dispatch.webhook_book import Endpoint

log = structlog.get_logger("notifyd.config")


class Reloader:
    """Knows the settings in force and how to change them."""

    def __init__(self, graph: Graph, read: Callable[[], Loaded], certificate: Certificate | None = None) -> None:
        self._graph = graph
        self._read = read
        self._certificate = certificate
        #: Those in force.
        self.settings = graph.loaded.settings
        self._origins = graph.loaded.origins
        self._followers: list[Callable[[Settings], None]] = []

    def follow(self, apply: Callable[[Settings], None]) -> None:
        """Have *apply* called with the settings in force after each reload."""
        self._followers.append(apply)

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
        result = Reloaded([change.path for change in now], [change.path for change in later])
        settings = reloaded(self.settings, loaded.settings)
        endpoints = _endpoints(settings)
        self.settings = settings
        # What waits for a restart still comes from where it came from.
        self._origins = loaded.origins | {path: self._origins[path] for path in result.need_restart}
        self._apply(result.applied)
        graph = self._graph
        graph.telling.configure(settings, endpoints)
        graph.telling.listen_to(graph.dispatcher, graph.pushing)
        log.info("config_reloaded", applied=result.applied, need_restart=result.need_restart)
        return result

    def _renew_certificate(self) -> None:
        if self._certificate is not None:
            try:
                self._certificate.load()
            except CannotStart as exc:
                raise Invalid(exc.message, code="certificate_invalid") from exc

    def _apply(self, changed: Sequence[str]) -> None:
        graph, settings = self._graph, self.settings
        graph.publisher.rules = publish_rules(settings)
        graph.publisher.idempotency_ms = round(settings.delivery.idempotency_seconds * 1000)
        graph.dispatcher.rules = dispatch_rules(settings)
        graph.waiting.max_waiters = settings.receipts.max_waiters
        graph.subscriber.rules = subscribe_rules(settings)
        graph.acks.configure(ack_rules(settings))
        graph.connector.rules = connect_rules(settings)
        graph.keys.rules = key_rules(settings)
        graph.clients.rules = client_rules(settings)
        graph.tokens.rules = token_rules(settings)
        graph.devices.rules = device_rules(settings)
        configure_presence(graph.presence, graph.presence_news, settings)
        graph.engines.logbook.set_level(settings.log.level)
        graph.engines.broker.configure(broker_limits(settings))
        _take_over(graph.native_rules, native_rules(settings))
        _take_over(graph.namespace_rules, namespace_rules(settings))
        if graph.pushing is not None:
            graph.pushing.router.rules = push_rules(settings)
        if any(path.startswith("limits.") for path in changed):
            # Only then: it gives everybody a full bucket.
            limits = settings.limits
            graph.limiter.configure(enabled=limits.enabled, per_minute=limits.requests_per_minute, burst=limits.burst)
        self._apply_liveness()
        for apply in self._followers:
            apply(settings)

    def _apply_liveness(self) -> None:
        rules = liveness_rules(self.settings)
        if rules != self._graph.sweeper.rules:
            self._graph.sweeper.rules = rules
            self._graph.sweeper.look_again(self._graph.hub.connections(), trio.current_time())

    def show(self) -> list[ConfigEntry]:
        """The settings in force, values in TOML; each list of tables is one entry."""
        entries = [
            ConfigEntry(path, self._shown(entry), self._origins[path], entry.setting.reload)
            for path, entry in catalogue().items()
        ]
        tables = [
            ConfigEntry(table, _inline(getattr(self.settings, table)), self._origins[table], reloadable=True)
            for table in TABLES
        ]
        return [*entries, *tables]

    def _shown(self, entry: Entry) -> str:
        value = value_of(self.settings, entry.path)
        hidden = kept_secret(entry, value)
        return SECRET if hidden == SECRET else to_toml(value if hidden is None else hidden)


def _endpoints(settings: Settings) -> list[Endpoint]:
    try:
        return read_endpoints(settings)
    except CannotStart as exc:
        raise Invalid(exc.message, code="config_invalid") from exc


def _take_over(rules: msgspec.Struct, newest: msgspec.Struct) -> None:
    """Change rules that live connections hold."""
    for name in rules.__struct_fields__:
        setattr(rules, name, getattr(newest, name))


def _inline(rows: Sequence[msgspec.Struct]) -> str:
    tables = [msgspec.structs.asdict(row).items() for row in rows]
    said = [", ".join(f"{name} = {to_toml(value)}" for name, value in table if value is not None) for table in tables]
    return f"[{', '.join(f'{{{fields}}}' for fields in said)}]"
