from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from notifyd.config import ChannelRule, Settings, WebhookTable
from notifyd.config.checks import Clash, as_problem, clashes, warnings


def changed(**values: Any) -> Settings:
    """The defaults with some keys changed: `server__port=1`."""
    settings = Settings()
    for path, value in values.items():
        section, _, name = path.partition("__")
        settings = replace(settings, **{section: replace(getattr(settings, section), **{name: value})})
    return settings


def blamed(settings: Settings, *, dev: bool = False, node_env: str = "") -> list[str]:
    return [clash.keys[0] if clash.keys else "" for clash in clashes(settings, dev=dev, node_env=node_env)]


def test_defaults_go_together():
    assert blamed(Settings()) == []
    assert blamed(Settings(), dev=True) == []


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"server__port": 3001}, "server.ws_port"),
        ({"server__tls_certificate": Path("c")}, "server.tls_certificate"),
        ({"server__tls_key": Path("k")}, "server.tls_key"),
        ({"server__admin_socket": Path("/" + "x" * 107)}, "server.admin_socket"),
        ({"admin__workers": 16}, "admin.max_streams"),
        ({"http__max_body_bytes": 262_143, "socketio__max_payload_bytes": 1024}, "delivery.max_data_bytes"),
        ({"http__max_body_bytes": 999_999}, "socketio.max_payload_bytes"),
        ({"grpc__workers": 48}, "grpc.max_streams"),
        ({"server__grpc_port": 3000}, "server.grpc_port"),
        ({"push__firebase_project_id": "p"}, "push.firebase_client_email"),
        ({"push__retry_delay_seconds": 3601.0}, "push.retry_max_seconds"),
        ({"websocket__outbox_bytes": 262_144}, "delivery.max_data_bytes"),
        ({"delivery__max_queue_bytes": 262_143}, "delivery.max_data_bytes"),
        ({"websocket__heartbeat_interval_seconds": 60.0}, "websocket.connection_timeout_seconds"),
        ({"delivery__retry_delay_seconds": 301.0}, "delivery.retry_max_seconds"),
        ({"admin__remote": True, "admin__remote_host": "0.0.0.0"}, "admin.remote_host"),
        ({"admin__remote": True, "admin__remote_port": 3000}, "admin.remote_port"),
        ({"admin__remote": True, "admin__remote_port": 50_051}, "admin.remote_port"),
    ],
)
def test_settings_that_clash(values: dict[str, Any], key: str):
    assert blamed(changed(**values)) == [key]


@pytest.mark.parametrize(
    "values",
    [
        {"server__port": 0, "server__ws_port": 0},
        {"server__port": 3001, "server__ws_port_enabled": False},
        {"server__tls_key": Path("k"), "server__tls_certificate": Path("c")},
        {"server__admin_socket": Path("/" + "x" * 106)},
        {"admin__workers": 17},
        {"http__max_body_bytes": 262_144, "socketio__max_payload_bytes": 262_144},
        {"server__grpc_port": 3000, "grpc__enabled": False},
        {"server__grpc_port": 3001, "server__ws_port_enabled": False},
        {"grpc__workers": 49},
        {"websocket__outbox_bytes": 262_145},
        {"delivery__retry_delay_seconds": 300.0},
        {"admin__remote": True},
        {"admin__remote": True, "admin__remote_port": 0, "server__port": 0},
        {"admin__remote": True, "admin__remote_port": 50_051, "grpc__enabled": False},
        {"admin__remote_host": "0.0.0.0", "admin__remote_port": 3000},
    ],
)
def test_settings_that_just_go_together(values: dict[str, Any]):
    assert blamed(changed(**values)) == []


def test_two_rules_of_one_pattern_clash():
    settings = replace(Settings(), channels=(ChannelRule("a"), ChannelRule("b"), ChannelRule("a")))
    assert [clash.message for clash in clashes(settings)] == [
        "two [[channels]] rules have the pattern a; only the first would count"
    ]


def test_two_webhooks_of_one_name_clash():
    settings = replace(Settings(), webhooks=tuple(WebhookTable(name, "http://h") for name in "aba"))
    assert [clash.message for clash in clashes(settings)] == ["two [[webhooks]] have the name a"]


def test_each_webhook_has_a_call_of_its_own():
    webhooks = tuple(WebhookTable(name, "http://h") for name in "abc")
    settings = changed(events__batch_size=2)
    assert blamed(replace(settings, webhooks=webhooks[:2])) == []
    assert blamed(replace(settings, webhooks=webhooks)) == ["events.batch_size"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_dev_stays_on_loopback(host: str):
    assert blamed(changed(server__host=host), dev=True) == ["server.host"]
    assert blamed(changed(server__host=host)) == []


@pytest.mark.parametrize(
    ("node_env", "refused"), [("production", [""]), (" Production ", [""]), ("development", []), ("", [])]
)
def test_production_refuses_dev(node_env: str, refused: list[str]):
    assert blamed(Settings(), dev=True, node_env=node_env) == refused
    assert blamed(Settings(), node_env=node_env) == []


def test_a_problem_names_value_and_origin():
    clash = Clash(("server.port", "server.ws_port"), "clashes")
    problem = as_problem(clash, Settings(), {"server.port": "environment PORT"})
    assert str(problem) == "environment PORT: server.port = 3000: clashes"


def test_a_problem_of_the_rules_shows_no_value():
    assert str(as_problem(Clash(("channels",), "clash"), Settings(), {})) == "default: channels: clash"


def test_a_problem_never_shows_a_secret():
    settings = changed(broker__url="redis://:hunter2@h")
    assert "hunter2" not in str(as_problem(Clash(("broker.url",), "clashes"), settings, {}))


def test_a_wider_bind_warns_without_tls_alone():
    assert len(warnings(changed(server__host="0.0.0.0"), {}, {})) == 1
    assert warnings(changed(server__host="0.0.0.0", server__tls_certificate=Path("c")), {}, {}) == ()


def test_remote_admin_calls_need_a_token_to_ask_for():
    assert blamed(changed(admin__remote=True), dev=True) == ["admin.remote"]


def test_remote_admin_calls_beyond_loopback_need_tls_and_a_word_on_firewalls():
    values = {"admin__remote": True, "admin__remote_host": "0.0.0.0"}
    (clash,) = clashes(changed(**values))
    assert "server.tls_key" in clash.message
    safe = changed(**values, server__tls_certificate=Path("c"), server__tls_key=Path("k"))
    assert list(clashes(safe)) == []
    (warning,) = warnings(safe, {}, {})
    assert "firewall" in warning
