from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from notifyd.config import settings as settings_module
from notifyd.config.catalogue import (
    TABLES,
    Entry,
    catalogue,
    environment_names,
    flag_names,
    sections,
    service_names,
    table_keys,
)
from notifyd.config.settings import Settings
from notifyd.config.values import check

SERVICE_NAMES = {
    *("HOST", "PORT", "WS_PORT", "MAX_QUEUE_SIZE", "RETRY_ATTEMPTS", "RETRY_DELAY", "BATCH_SIZE", "MESSAGE_EXPIRY"),
    *("MAX_CLIENTS_PER_KEY", "HEARTBEAT_INTERVAL", "CONNECTION_TIMEOUT", "API_KEY_LENGTH", "ENABLE_RATE_LIMIT"),
    *("MAX_REQUESTS_PER_MINUTE", "LOG_LEVEL", "LOG_CONSOLE", "LOG_FILE", "LOG_PATH"),
    *("GRPC_PORT", "FIREBASE_PROJECT_ID", "FIREBASE_CLIENT_EMAIL", "FIREBASE_PRIVATE_KEY"),
    "MONGODB_URI",
}
ENTRIES = [*catalogue().values(), *(entry for table in TABLES for entry in table_keys(table).values())]


def test_every_field_of_every_section_is_a_key():
    fields = {f"{section}.{name}" for section, kind in sections().items() for name in kind.__struct_fields__}
    assert set(catalogue()) == fields
    assert {*sections(), *TABLES} == set(Settings.__struct_fields__)


def test_service_names_are_those_that_were_documented():
    assert set(service_names()) == SERVICE_NAMES


def test_milliseconds_are_named_where_that_service_used_them():
    in_milliseconds = {name for name, entry in service_names().items() if entry.setting.milliseconds}
    assert in_milliseconds == {"HEARTBEAT_INTERVAL", "CONNECTION_TIMEOUT", "RETRY_DELAY", "MESSAGE_EXPIRY"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_default_fits_its_own_declaration(entry: Entry):
    assert entry.required or check(entry, entry.default) == entry.default


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_doc_is_one_sentence(entry: Entry):
    assert entry.setting.doc[0].isupper()
    assert entry.setting.doc.endswith(".")
    assert entry.setting.doc.count(". ") == 0


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_lengths_of_time_are_fractions_and_sizes_whole(entry: Entry):
    assert (entry.kind == "float") == (entry.unit == "seconds")
    assert entry.unit != "bytes" or entry.kind == "int"


def test_environment_name_is_made_of_section_and_key():
    assert catalogue()["server.port"].environment == "NOTIFYD_SERVER_PORT"
    assert environment_names()["NOTIFYD_WEBSOCKET_OUTBOX_BYTES"].path == "websocket.outbox_bytes"
    assert len(environment_names()) == len(catalogue())


@pytest.mark.parametrize("table", TABLES)
def test_keys_of_lists_of_tables_have_no_environment_name(table: str):
    assert {entry.environment for entry in table_keys(table).values()} == {""}


def test_flags_are_long_options_and_unique():
    assert all(flag.startswith("--") for flag in flag_names())
    assert flag_names()["--port"].path == "server.port"


def test_only_what_names_a_table_and_where_it_leads_has_no_default():
    assert [entry.path for entry in ENTRIES if entry.required] == ["channels.pattern", "webhooks.name", "webhooks.url"]


def test_classes_of_the_sections_are_frozen():
    assert all(kind.__struct_config__.frozen for kind in [*sections().values(), Settings])


def test_config_imports_no_trio_and_no_driver():
    folder = Path(inspect.getfile(settings_module)).parent
    nodes = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= {
        "__future__", "ast", "collections", "contextlib", "difflib", "functools", "ipaddress", "json", "math",
        "msgspec", "notifyd", "os", "pathlib", "re", "tempfile", "textwrap", "tomli_w", "tomllib",
        "types", "typing", "urllib",
    }  # fmt: skip
