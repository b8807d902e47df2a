"""Settings of operation: keys, limits, logs, the admin interface, metrics."""

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from notifyd.config.setting import Setting

LEVELS = ("debug", "info", "warning", "error", "critical")
# the channel service's logger knew more words, and its users have them in their environments
_LEVEL_ALIASES = {
    "trace": "debug",
    "silly": "debug",
    "verbose": "debug",
    "http": "info",
    "warn": "warning",
    "fatal": "critical",
}


class KeySettings(Struct, frozen=True):
    """API keys."""

    key_bytes: Annotated[
        int, Setting("Random bytes of a new API key.", low=16, high=128, service="API_KEY_LENGTH", reload=True)
    ] = 32
    max_connections_per_key: Annotated[
        int, Setting("Connections open at once with one API key.", low=1, service="MAX_CLIENTS_PER_KEY", reload=True)
    ] = 1000
    rotation_overlap_seconds: Annotated[
        float, Setting("How long the old key works on after a rotation.", reload=True)
    ] = 86_400.0
    max_keys: Annotated[int, Setting("API keys that may exist.", low=1, reload=True)] = 100_000


class LimitSettings(Struct, frozen=True):
    """Rate limits of each API key and each user."""

    enabled: Annotated[bool, Setting("Limit the rate of requests.", service="ENABLE_RATE_LIMIT", reload=True)] = True
    requests_per_minute: Annotated[
        int,
        Setting("Requests that each may make in a minute.", low=1, service="MAX_REQUESTS_PER_MINUTE", reload=True),
    ] = 60
    burst: Annotated[
        int,
        Setting(
            "Requests that each may make at once after a pause.", low=1, reload=True, follows="as requests_per_minute"
        ),
    ] = 60


class LogSettings(Struct, frozen=True):
    """Where the log goes."""

    level: Annotated[
        str,
        Setting(
            "Least serious entries to log.",
            choices=LEVELS,
            aliases=_LEVEL_ALIASES,
            service="LOG_LEVEL",
            flag="--log-level",
            reload=True,
        ),
    ] = "info"
    console: Annotated[bool, Setting("Log to standard error.", service="LOG_CONSOLE")] = True
    file: Annotated[bool, Setting("Log to app.log and error.log in path.", service="LOG_FILE")] = False
    path: Annotated[Path, Setting("Folder of the log files.", service="LOG_PATH")] = Path("./logs")
    format: Annotated[
        str,
        Setting(
            "Look of the console log; auto is human on a terminal and JSON elsewhere.",
            choices=("auto", "human", "json"),
        ),
    ] = "auto"
    max_file_bytes: Annotated[int, Setting("A log file is rotated at this size.", low=4096)] = 10_485_760
    max_files: Annotated[int, Setting("Rotated files kept of each log.", low=1, high=1000)] = 5
    ring_entries: Annotated[int, Setting("Entries kept in memory for notifyctl logs tail.", low=1, high=1_000_000)] = (
        10_000
    )


class AdminSettings(Struct, frozen=True):
    """The admin interface, which notifyctl talks to: on server.admin_socket, and if wanted on a port as well."""

    remote: Annotated[
        bool,
        Setting(
            "Serve it on remote_port too, to who shows the admin token; "
            "beyond loopback it needs server.tls_certificate."
        ),
    ] = False
    remote_host: Annotated[
        str, Setting("Address of the port, as server.host; 0.0.0.0 or :: for every interface.", form="host")
    ] = "127.0.0.1"
    remote_port: Annotated[
        int, Setting("Port for notifyctl on other machines; 0 takes any free port.", high=65_535)
    ] = 50_052
    max_remote_connections: Annotated[
        int, Setting("Connections open at once on remote_port; more are refused.", low=1, high=100_000)
    ] = 256
    workers: Annotated[int, Setting("Calls served at once, streams included.", low=2, high=1000)] = 24
    max_streams: Annotated[
        int, Setting("Streams open at once (listen, logs tail -f); must be below workers.", low=1, high=999)
    ] = 16
    call_timeout_seconds: Annotated[float, Setting("A call that takes longer is cut off.", low=0.1, high=3600)] = 30.0


class MetricsSettings(Struct, frozen=True):
    """Prometheus metrics at /metrics."""

    open: Annotated[bool, Setting("Serve them without the admin token.", reload=True)] = False


class ConsoleSettings(Struct, frozen=True):
    """The web console at /console."""

    enabled: Annotated[
        bool, Setting("Serve the web console; what only operators may needs the admin token there too.", reload=True)
    ] = True
    idle_seconds: Annotated[
        float,
        Setting("An operator is signed out when no page has asked for anything for this long.", low=60, reload=True),
    ] = 1800.0
    session_seconds: Annotated[
        float, Setting("An operator is signed out this long after signing in, whatever is done.", low=60, reload=True)
    ] = 43_200.0
