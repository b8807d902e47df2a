"""Settings of the edge: where the daemon listens, and what a peer may do there."""

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from notifyd.config.setting import Setting

_PORT = 65535


class ServerSettings(Struct, frozen=True):
    """Where the daemon listens and keeps its state."""

    host: Annotated[
        str,
        Setting(
            "Address to listen on: an IP address or a name; 0.0.0.0 or :: for every interface.",
            form="host",
            service="HOST",
            flag="--host",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Setting(
            "Port of REST, Server-Sent Events, WebSocket and Socket.IO; 0 takes any free port.",
            high=_PORT,
            service="PORT",
            flag="--port",
        ),
    ] = 3000
    ws_port: Annotated[
        int,
        Setting(
            "A second port for WebSocket alone; 0 takes any free port.", high=_PORT, service="WS_PORT", flag="--ws-port"
        ),
    ] = 3001
    ws_port_enabled: Annotated[bool, Setting("Open ws_port; WebSocket works on port either way.")] = True
    grpc_port: Annotated[
        int, Setting("Port of gRPC; 0 takes any free port.", high=_PORT, service="GRPC_PORT", flag="--grpc-port")
    ] = 50_051
    state_dir: Annotated[
        Path,
        Setting(
            "Folder of the journal, the records, the admin token and the master key.",
            flag="--state-dir",
            follows="$XDG_STATE_HOME/notifyd; under systemd $STATE_DIRECTORY, else /var/lib/notifyd",
        ),
    ] = Path("~/.local/state/notifyd")
    admin_socket: Annotated[
        Path | None,
        Setting(
            "Unix socket that notifyctl talks to.",
            flag="--socket",
            follows="notifyd/admin.sock in $XDG_RUNTIME_DIR or /run, else admin.sock in the state folder",
        ),
    ] = None
    workers: Annotated[
        int,
        Setting(
            "Processes that serve the same ports; more than one needs a Redis broker.",
            low=1,
            high=256,
            flag="--workers",
        ),
    ] = 1
    drain_seconds: Annotated[
        float, Setting("How long closing the connections is spread over when the daemon stops.", high=3600, reload=True)
    ] = 10.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        Setting("Networks whose forwarding headers are believed, such as 10.0.0.0/8.", form="network", reload=True),
    ] = ()
    backlog: Annotated[
        int, Setting("Connections that the kernel may hold before they are accepted.", low=1, high=_PORT)
    ] = 4096
    max_connections: Annotated[
        int,
        Setting(
            "Connections open at once on port and ws_port, and again on grpc_port; more are refused.",
            low=1,
            reload=True,
        ),
    ] = 18_000
    max_connections_per_address: Annotated[
        int,
        Setting(
            "Connections, or sessions of Socket.IO, open at once from one address; loopback is not counted.",
            low=1,
            reload=True,
        ),
    ] = 1000
    tls_certificate: Annotated[
        Path | None, Setting("PEM file of the certificate chain; with tls_key it switches TLS on for every port.")
    ] = None
    tls_key: Annotated[Path | None, Setting("PEM file of the certificate's private key.")] = None


class HttpSettings(Struct, frozen=True):
    """Limits of one HTTP connection."""

    max_head_bytes: Annotated[int, Setting("Largest request head, request line and headers together.", low=1024)] = (
        16_384
    )
    max_headers: Annotated[int, Setting("Most headers of one request.", low=8)] = 100
    max_body_bytes: Annotated[int, Setting("Largest request body.", low=1024)] = 1_048_576
    head_timeout_seconds: Annotated[float, Setting("A request head must be complete in this time.", low=0.1)] = 10.0
    body_timeout_seconds: Annotated[
        float,
        Setting(
            "Longest silence within a request body; in all it may take this time and a second more for each 512 bytes.",
            low=0.1,
        ),
    ] = 30.0
    idle_timeout_seconds: Annotated[float, Setting("A connection without a request is closed after this.", low=0.1)] = (
        75.0
    )
    max_pipelined: Annotated[int, Setting("Requests that one connection may send ahead of their answers.", low=1)] = 64
    allowed_origins: Annotated[
        tuple[str, ...],
        Setting(
            "Web origins that browsers may call the REST interface from (CORS); * for any.", form="origin", reload=True
        ),
    ] = ()


class WebSocketSettings(Struct, frozen=True):
    """Limits of one WebSocket connection."""

    heartbeat_interval_seconds: Annotated[
        float,
        Setting(
            "Time between two pings to a connection.",
            low=0.1,
            service="HEARTBEAT_INTERVAL",
            milliseconds=True,
            reload=True,
        ),
    ] = 30.0
    connection_timeout_seconds: Annotated[
        float,
        Setting(
            "A connection that has sent nothing for this long, no pong either, is closed as dead.",
            low=0.2,
            service="CONNECTION_TIMEOUT",
            milliseconds=True,
            reload=True,
            follows="60, at least twice heartbeat_interval_seconds",
        ),
    ] = 60.0
    authentication_seconds: Annotated[
        float, Setting("A connection must authenticate in this time.", low=0.1, reload=True)
    ] = 30.0
    max_message_bytes: Annotated[int, Setting("Largest message from a peer, all its fragments together.", low=1024)] = (
        65_536
    )
    max_subscriptions: Annotated[int, Setting("Channels that one connection may subscribe to.", low=1, reload=True)] = (
        1000
    )
    outbox_bytes: Annotated[
        int, Setting("Bytes that may wait for a slow connection; one more and it is closed with 4008.", low=4096)
    ] = 1_048_576
    allowed_origins: Annotated[
        tuple[str, ...],
        Setting("Web origins that browsers may connect from; empty or * for any.", form="origin", reload=True),
    ] = ()
    close_seconds: Annotated[float, Setting("How long the answer to a close is waited for.", low=0.1)] = 5.0
    max_protocol_errors: Annotated[
        int, Setting("Malformed messages after which a connection is closed with 4000.", low=1, reload=True)
    ] = 20
    max_channel_length: Annotated[int, Setting("Longest channel name, in characters.", low=1, high=4096)] = 200
