"""The pages for those who come from a Node.js service: their tables, their commands, and what they say differs."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from notifyctl.configuring.docs import find
from notifyctl.main import run
from notifyd.config.catalogue import catalogue, sections
from tests.docs.pages import ROOT, needs
from tests.docs.test_readme import placed
from tests.e2e.daemon import run as run_beside
from tests.e2e.patience import within

if TYPE_CHECKING:
    from tests.e2e.fixtures import Starter

PAGES: Final = {
    name: (ROOT / f"docs/migrating-from-the-{name}-service.md").read_text(encoding="utf-8")
    for name in ("channel", "client")
}
#: The variables of the documents of both services.
VARIABLES: Final = {
    "channel": "HOST PORT WS_PORT MAX_QUEUE_SIZE RETRY_ATTEMPTS RETRY_DELAY BATCH_SIZE MESSAGE_EXPIRY "
    "MAX_CLIENTS_PER_KEY HEARTBEAT_INTERVAL CONNECTION_TIMEOUT API_KEY_LENGTH ENABLE_RATE_LIMIT "
    "MAX_REQUESTS_PER_MINUTE LOG_LEVEL LOG_CONSOLE LOG_FILE LOG_PATH",
    "client": "PORT GRPC_PORT NODE_ENV MONGODB_URI REDIS_HOST REDIS_PORT REDIS_PASSWORD FIREBASE_PROJECT_ID "
    "FIREBASE_CLIENT_EMAIL FIREBASE_PRIVATE_KEY",
}
#: What the documents of both services say to put into the environment.
DOTENV: Final = {
    "channel": "HOST=0.0.0.0\nPORT=3000\nWS_PORT=3001\nMAX_QUEUE_SIZE=10000\nRETRY_ATTEMPTS=3\nRETRY_DELAY=1000\n"
    "BATCH_SIZE=100\nMESSAGE_EXPIRY=86400000\nMAX_CLIENTS_PER_KEY=1000\nHEARTBEAT_INTERVAL=30000\n"
    "CONNECTION_TIMEOUT=60000\nAPI_KEY_LENGTH=32\nENABLE_RATE_LIMIT=true\nMAX_REQUESTS_PER_MINUTE=60\n"
    "LOG_LEVEL=info\nLOG_CONSOLE=true\nLOG_FILE=false\nLOG_PATH=./logs\n",
    "client": "PORT=3000\nGRPC_PORT=50051\nNODE_ENV=development\nMONGODB_URI=mongodb://localhost:27017/skybell\n"
    "REDIS_HOST=localhost\nREDIS_PORT=6379\nREDIS_PASSWORD=\nFIREBASE_PROJECT_ID=your-project-id\n"
    'FIREBASE_CLIENT_EMAIL=your-client-email\nFIREBASE_PRIVATE_KEY="your-private-key"\n',
}
ROWS = [
    (name, *(cell.strip().strip("`") for cell in row))
    for name, text in PAGES.items()
    for row in re.findall(r"^\| (`\w+`) \|([^|]*)\|([^|]*)\|[^|]*\|$", text, re.MULTILINE)
]


@pytest.mark.parametrize("name", PAGES)
def test_every_variable_of_the_service_stands_once(name: str):
    assert [row[1] for row in ROWS if row[0] == name] == VARIABLES[name].split()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_a_variable_is_the_setting_told_with_its_default(row: tuple[str, str, str, str]):
    _, variable, setting, default = row
    if variable == "NODE_ENV":
        assert (setting, default) == ("", "")
        return
    (record,) = find([variable])
    assert record["key"] == setting
    if variable.startswith("REDIS_"):
        return  # each is a part of the address
    if record["follows"] is None:
        assert default == said(record), variable


def said(record: dict[str, Any]) -> str:
    """The default as the pages write it."""
    value = record["default"]
    if record["milliseconds"]:
        return f"{value * 1000:.0f} ms"
    if record["key"] == "log.path":
        return f"./{value}"
    return str(value).lower() if isinstance(value, bool) else str(value or "")


def named(pattern: str) -> list[str]:
    """What of that pattern both pages name."""
    return sorted({found for text in PAGES.values() for found in re.findall(pattern, text)})


@pytest.mark.parametrize(
    "setting", [name for name in named(r"`([a-z]+\.[a-z_]+)\b") if name.split(".")[0] in sections()]
)
def test_setting_exists(setting: str):
    assert setting in catalogue()


@pytest.mark.parametrize("command", named(r"notifyctl ([a-z]+(?: [a-z]+)?)"))
def test_command_exists(command: str, capsys: pytest.CaptureFixture[str]):
    assert run([*command.split(), "--help"]) == 0
    assert "Usage: notifyctl " in capsys.readouterr().out


@pytest.mark.parametrize("name", PAGES)
def test_what_it_points_to_is_there(name: str):
    text = PAGES[name]
    for path in re.findall(r"`((?:daemon|protos)/[\w./-]*)`", text):
        assert (ROOT / path).exists()
    titles = [re.sub(r"[^\w -]", "", title.lower()) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    headings = {title.replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings


@needs("curl")
@within(60)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("channel", ['"apiKey"', '"uptimeSeconds"']),
        ("client", ["grpc.aliases", "skybell", "eyJ", "records.url"]),
    ],
)
async def test_its_commands_work_behind_each_other(start: Starter, name: str, printed: list[str]):
    daemon = await start(dev=False)
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```", PAGES[name], re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix(indent) for indent, block in blocks for line in block.splitlines()]
    # it runs already
    script = placed("\n".join(line for line in lines if line != "notifyd"), daemon)
    (daemon.folder / ".env").write_text(DOTENV[name])
    daemon.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = await run_beside(["bash", "-euo", "pipefail", "-c", script], daemon)
    assert done.status == 0, done
    out = done.out
    assert [each for each in printed if each not in out] == []


#: What the pages say is answered with which status: method, path, body, headers.
STATUSES: Final = [
    (401, "POST", "/api/keys", {"clientName": "a"}, {}),
    (401, "GET", "/api/keys", None, {}),
    (401, "GET", "/api/stats", None, {}),
    (401, "DELETE", "/api/queue", None, {}),
    (401, "POST", "/api/v1/clients", {"appName": "a", "clientSecret": "12345678"}, {}),
    (401, "POST", "/api/v1/notifications", {"clientId": "default", "users": ["a"], "payload": {}}, {}),
    (200, "GET", "/api/health", None, {}),
    (200, "GET", "/api/health/live", None, {}),
    (201, "POST", "/api/keys", {"clientName": "a"}, {"admin": True}),
    (415, "POST", "/api/keys", {"clientName": "a"}, {"admin": True, "Content_Type": "text/plain"}),
    (400, "POST", "/api/v1/clients", {"appName": "a", "clientSecret": "1234567"}, {"admin": True}),
    (201, "POST", "/api/v1/clients", {"appName": "a", "clientSecret": "12345678"}, {"admin": True}),
    (400, "POST", "/api/v1/notifications", {"clientId": "default", "users": [], "payload": {}}, {"admin": True}),
    (404, "POST", "/api/v1/notifications", {"clientId": "none", "users": ["a"], "payload": {}}, {"admin": True}),
    (202, "POST", "/api/v1/notifications", {"clientId": "default", "users": ["a"], "payload": {}}, {"admin": True}),
    (202, "POST", "/api/notifications", {"channel": "c", "data": "any", "more": 1}, {"key": True}),
    (400, "POST", "/api/notifications", {"channel": "c", "data": 1, "priority": 11}, {"key": True}),
    (400, "POST", "/api/notifications", {"channel": "c", "data": 1, "metadata": []}, {"key": True}),
    (400, "POST", "/api/notifications", {"channel": "c"}, {"key": True}),
    (413, "POST", "/api/notifications", {"channel": "c", "data": "x" * 270_000}, {"key": True}),
    (202, "POST", "/api/notifications/broadcast", {"data": 1}, {"key": True}),
]


@within(60)
@pytest.mark.slow
async def test_what_differs_is_as_told(start: Starter):
    daemon = await start(dev=False)
    token = (daemon.state_dir / "admin.token").read_text().strip()
    async with daemon.rest() as rest:
        admin = {"Authorization": f"Bearer {token}"}
        made = await rest.call("POST", "/api/keys", {"clientName": "tests"}, **admin)
        key = made.json["apiKey"]
        assert len(key) == 64
        listed = await rest.call("GET", "/api/keys", **admin)
        assert key not in str(listed.body)
        answers = []
        for _, method, path, body, how in STATUSES:
            headers = {name: value for name, value in how.items() if isinstance(value, str)}
            headers |= admin if how.get("admin") else {"X_API_Key": key} if how.get("key") else {}
            reply = await rest.call(method, path, body, **headers)
            if reply.status >= 400:
                assert set(reply.json["error"]) >= {"code", "message", "requestId"}
            answers.append((reply.status, method, path, body, how))
    assert answers == STATUSES
