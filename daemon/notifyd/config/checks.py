"""What must hold between settings, whatever each of them says alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from notifyd.config.catalogue import catalogue
from notifyd.config.clash import Clash
from notifyd.config.engine_checks import engine_clashes, engine_warnings
from notifyd.config.forms import is_loopback
from notifyd.config.gathering import shown
from notifyd.config.places import MOST_SOCKET_BYTES
from notifyd.config.problems import ConfigProblem
from notifyd.config.values import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notifyd.config.settings import Settings


def clashes(settings: Settings, *, dev: bool = False, node_env: str = "") -> Iterator[Clash]:
    """Every rule between the settings that *settings* break; *dev* is `serve --dev`, *node_env* is NODE_ENV."""
    yield from _listener_clashes(settings)
    yield from _size_clashes(settings)
    yield from _time_clashes(settings)
    yield from _rule_clashes(settings)
    yield from _presence_clashes(settings)
    yield from _push_clashes(settings)
    yield from _webhook_clashes(settings)
    yield from engine_clashes(settings)
    yield from _remote_clashes(settings, dev=dev)
    if dev:
        yield from _dev_clashes(settings, node_env)


def as_problem(clash: Clash, settings: Settings, origins: Mapping[str, str]) -> ConfigProblem:
    """*clash* for the operator, with the value (unless it is a secret) and the origin of the key to blame."""
    path = clash.keys[0]
    section, _, name = path.partition(".")
    value = getattr(getattr(settings, section), name) if name else None
    text = shown(catalogue()[path], to_text(value)) if name else None
    return ConfigProblem(clash.message, path, text, origins.get(path, "default"))


def warnings(settings: Settings, variables: Mapping[str, str], origins: Mapping[str, str]) -> tuple[str, ...]:
    """What is allowed and yet worth a word, a sentence each; *origins* has the keys that somebody set."""
    production = _is_production(variables.get("NODE_ENV", ""))
    found = list(engine_warnings(settings, variables, origins, production=production))
    if not is_loopback(settings.server.host) and settings.server.tls_certificate is None:
        found.append(
            f"listening on {settings.server.host} without TLS: keys and notifications can be read on the way; "
            "set server.tls_certificate and server.tls_key, or put a proxy with TLS in front"
        )
    admin = settings.admin
    if admin.remote and not is_loopback(admin.remote_host):
        found.append(
            f"admin calls are taken on {admin.remote_host}:{admin.remote_port} from whoever shows the admin token: "
            "let a firewall admit the machines of operators alone"
        )
    return tuple(found)


def _listener_clashes(settings: Settings) -> Iterator[Clash]:
    server = settings.server
    if server.ws_port_enabled and server.port == server.ws_port != 0:
        message = (
            "must differ from server.port; WebSocket works there too, so ws_port_enabled = false may be what you want"
        )
        yield Clash(("server.ws_port", "server.port", "server.ws_port_enabled"), message)
    if settings.grpc.enabled and server.grpc_port and server.grpc_port in _other_ports(settings):
        keys = ("server.grpc_port", "server.port", "server.ws_port", "grpc.enabled")
        yield Clash(keys, "must differ from server.port and server.ws_port")
    if server.tls_certificate and not server.tls_key:
        yield Clash(("server.tls_certificate", "server.tls_key"), "needs server.tls_key as well")
    if server.tls_key and not server.tls_certificate:
        yield Clash(("server.tls_key", "server.tls_certificate"), "needs server.tls_certificate as well")
    if server.admin_socket and len(os.fsencode(server.admin_socket)) > MOST_SOCKET_BYTES:
        yield Clash(
            ("server.admin_socket",), f"is longer than the {MOST_SOCKET_BYTES} bytes that a Unix socket's path may have"
        )
    if settings.admin.max_streams >= settings.admin.workers:
        message = "must be below admin.workers, so that other calls get through while streams are open"
        yield Clash(("admin.max_streams", "admin.workers"), message)
    if settings.grpc.max_streams >= settings.grpc.workers:
        message = "must be below grpc.workers, so that other calls get through while streams are open"
        yield Clash(("grpc.max_streams", "grpc.workers"), message)


def _remote_clashes(settings: Settings, *, dev: bool) -> Iterator[Clash]:
    """The admin interface on a port: whoever reads the token on the way may do everything."""
    admin, server = settings.admin, settings.server
    if not admin.remote:
        return
    if dev:
        yield Clash(("admin.remote",), "must be off with --dev, where there is no admin token to ask for")
    if not is_loopback(admin.remote_host) and server.tls_certificate is None:
        yield Clash(
            ("admin.remote_host", "server.tls_certificate"),
            "is not loopback, and the admin token must not travel without TLS: set server.tls_certificate and "
            "server.tls_key, or let it be 127.0.0.1 and come by a tunnel (ssh -L)",
        )
    taken = (*_other_ports(settings), *([server.grpc_port] if settings.grpc.enabled else []))
    if admin.remote_port and admin.remote_port in taken:
        keys = ("admin.remote_port", "server.port", "server.ws_port", "server.grpc_port")
        yield Clash(keys, "must differ from server.port, server.ws_port and server.grpc_port")


def _other_ports(settings: Settings) -> tuple[int, ...]:
    server = settings.server
    return (server.port, server.ws_port) if server.ws_port_enabled else (server.port,)


def _push_clashes(settings: Settings) -> Iterator[Clash]:
    names = ("firebase_project_id", "firebase_client_email", "firebase_private_key")
    missing = [f"push.{name}" for name in names if not getattr(settings.push, name)]
    if missing and len(missing) < len(names):
        present = [f"push.{name}" for name in names if f"push.{name}" not in missing]
        message = f"must be set as well, because {' and '.join(present)} is set: push needs all three"
        yield Clash((*missing, *present), message)
    if settings.push.retry_max_seconds < settings.push.retry_delay_seconds:
        message = f"must not be below push.retry_delay_seconds ({to_text(settings.push.retry_delay_seconds)})"
        yield Clash(("push.retry_max_seconds", "push.retry_delay_seconds"), message)


def _size_clashes(settings: Settings) -> Iterator[Clash]:
    data = settings.delivery.max_data_bytes
    if data > settings.http.max_body_bytes:
        keys = ("delivery.max_data_bytes", "http.max_body_bytes")
        yield Clash(keys, f"must not be above http.max_body_bytes ({settings.http.max_body_bytes})")
    if settings.socketio.max_payload_bytes > settings.http.max_body_bytes:
        keys = ("socketio.max_payload_bytes", "http.max_body_bytes")
        yield Clash(keys, f"must not be above http.max_body_bytes ({settings.http.max_body_bytes})")
    if data >= settings.websocket.outbox_bytes:
        message = f"must be below websocket.outbox_bytes ({settings.websocket.outbox_bytes})"
        yield Clash(("delivery.max_data_bytes", "websocket.outbox_bytes"), message)
    if data > settings.delivery.max_queue_bytes:
        message = f"must not be above delivery.max_queue_bytes ({settings.delivery.max_queue_bytes})"
        yield Clash(("delivery.max_data_bytes", "delivery.max_queue_bytes"), message)


def _time_clashes(settings: Settings) -> Iterator[Clash]:
    socket, delivery = settings.websocket, settings.delivery
    if socket.connection_timeout_seconds <= socket.heartbeat_interval_seconds:
        message = (
            f"must be above websocket.heartbeat_interval_seconds ({to_text(socket.heartbeat_interval_seconds)}), "
            "or every connection is closed before it is pinged"
        )
        yield Clash(("websocket.connection_timeout_seconds", "websocket.heartbeat_interval_seconds"), message)
    if delivery.retry_max_seconds < delivery.retry_delay_seconds:
        message = f"must not be below delivery.retry_delay_seconds ({to_text(delivery.retry_delay_seconds)})"
        yield Clash(("delivery.retry_max_seconds", "delivery.retry_delay_seconds"), message)


def _rule_clashes(settings: Settings) -> Iterator[Clash]:
    patterns = [rule.pattern for rule in settings.channels]
    for pattern in sorted({pattern for pattern in patterns if patterns.count(pattern) > 1}):
        yield Clash(("channels",), f"two [[channels]] rules have the pattern {pattern}; only the first would count")


def _presence_clashes(settings: Settings) -> Iterator[Clash]:
    for rule in settings.channels:
        if rule.join_leave and not rule.presence:
            yield Clash(("channels",), f"the [[channels]] rule {rule.pattern} has join_leave without presence")


def _webhook_clashes(settings: Settings) -> Iterator[Clash]:
    names = [webhook.name for webhook in settings.webhooks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Clash(("webhooks",), f"two [[webhooks]] have the name {name}")
    if len(names) > settings.events.batch_size:
        message = f"must not be below the number of [[webhooks]] ({len(names)}), or they would wait for each other"
        yield Clash(("events.batch_size", "webhooks"), message)
    if settings.events.retry_max_seconds < settings.events.retry_delay_seconds:
        message = f"must not be below events.retry_delay_seconds ({to_text(settings.events.retry_delay_seconds)})"
        yield Clash(("events.retry_max_seconds", "events.retry_delay_seconds"), message)


def _dev_clashes(settings: Settings, node_env: str) -> Iterator[Clash]:
    if not is_loopback(settings.server.host):
        advice = "set HOST=127.0.0.1, or start without --dev"
        yield Clash(("server.host",), f"--dev asks for no admin token, so it listens on loopback alone: {advice}")
    if _is_production(node_env):
        yield Clash((), "NODE_ENV=production refuses --dev")


def _is_production(node_env: str) -> bool:
    return node_env.strip().lower() == "production"
