"""Settings of the client service: registered clients, users and their inboxes, Socket.IO, gRPC, push."""

from typing import Annotated

from msgspec import Struct

from notifyd.config.setting import Setting


class ClientSettings(Struct, frozen=True):
    """Registered clients, and what their users may do."""

    max_clients: Annotated[int, Setting("Clients that may be registered.", low=1, reload=True)] = 10_000
    secret_overlap_seconds: Annotated[
        float, Setting("How long tokens signed with the old secret work on after a rotation.", reload=True)
    ] = 86_400.0
    leeway_seconds: Annotated[
        float, Setting("How far the clock that made a token may be off.", high=300, reload=True)
    ] = 5.0
    max_token_bytes: Annotated[int, Setting("Longest token of a user.", low=256, high=65_536, reload=True)] = 8192
    max_connections_per_user: Annotated[int, Setting("Connections open at once of one user.", low=1, reload=True)] = 100
    users_may_publish: Annotated[
        bool,
        Setting("Whether users may hand in notifications for others (notification-job, and over gRPC).", reload=True),
    ] = True
    publishes_per_minute: Annotated[
        int, Setting("Notifications that one connection of a user may hand in in a minute.", low=1, reload=True)
    ] = 120
    max_targets: Annotated[
        int, Setting("Users and connections that one notification may name.", low=1, high=100_000, reload=True)
    ] = 1000
    max_devices_per_user: Annotated[
        int, Setting("Push tokens kept of one user; beyond that the one seen longest ago goes.", low=1, reload=True)
    ] = 20


class InboxSettings(Struct, frozen=True):
    """Notifications kept for users until they arrive."""

    max_notifications: Annotated[
        int, Setting("Kept for one user; beyond that the oldest goes.", low=1, reload=True)
    ] = 1000
    max_user_bytes: Annotated[
        int, Setting("Bytes kept for one user; beyond that the oldest go.", low=1024, reload=True)
    ] = 1_048_576
    max_age_seconds: Annotated[float, Setting("Notifications older than this are dropped.", low=1, reload=True)] = (
        604_800.0
    )
    max_bytes: Annotated[
        int, Setting("Bytes kept over all users; beyond that the oldest go.", low=1024, reload=True)
    ] = 268_435_456
    max_users: Annotated[int, Setting("Users that may have an inbox at once.", low=1, reload=True)] = 1_000_000


class SocketIoSettings(Struct, frozen=True):
    """Engine.IO and Socket.IO on port."""

    path: Annotated[str, Setting("Where it is served.", form="path")] = "/socket.io"
    ping_interval_seconds: Annotated[float, Setting("Time between two pings to a connection.", low=0.1)] = 25.0
    ping_timeout_seconds: Annotated[float, Setting("An answer to a ping must come in this time.", low=0.1)] = 20.0
    connect_timeout_seconds: Annotated[float, Setting("A connection must enter a namespace in this time.", low=0.1)] = (
        45.0
    )
    upgrade_timeout_seconds: Annotated[
        float, Setting("An upgrade from polling to WebSocket must be done in this time.", low=0.1)
    ] = 10.0
    max_payload_bytes: Annotated[
        int,
        Setting(
            "Largest message or polling body from a peer.", low=1024, follows="1000000, at most http.max_body_bytes"
        ),
    ] = 1_000_000
    max_attachments: Annotated[int, Setting("Binary attachments that one packet may have.", high=1000)] = 10
    max_namespaces: Annotated[int, Setting("Namespaces that one connection may enter.", low=1, high=1000)] = 16
    max_sessions: Annotated[int, Setting("Sessions open at once that began with polling.", low=1)] = 18_000


class GrpcSettings(Struct, frozen=True):
    """The gRPC interface for applications, on server.grpc_port."""

    enabled: Annotated[bool, Setting("Open server.grpc_port.")] = True
    aliases: Annotated[
        tuple[str, ...],
        Setting("Packages under which the services answer as well, such as skybell.v1.", form="package"),
    ] = ()
    workers: Annotated[int, Setting("Calls served at once, streams included.", low=2, high=1000)] = 64
    max_streams: Annotated[int, Setting("Streams open at once; must be below workers.", low=1, high=999)] = 48
    call_timeout_seconds: Annotated[float, Setting("A call that takes longer is cut off.", low=0.1, high=3600)] = 30.0


class PushSettings(Struct, frozen=True):
    """Push to the devices of users without a connection, through Firebase Cloud Messaging."""

    firebase_project_id: Annotated[
        str,
        Setting("Project of the service account; all three together switch push on.", service="FIREBASE_PROJECT_ID"),
    ] = ""
    firebase_client_email: Annotated[
        str, Setting("E-mail address of the service account.", service="FIREBASE_CLIENT_EMAIL")
    ] = ""
    firebase_private_key: Annotated[
        str,
        Setting(
            "Its private key in PEM; line breaks may be written as \\n.", service="FIREBASE_PRIVATE_KEY", secret=True
        ),
    ] = ""
    endpoint: Annotated[
        str, Setting("Base URL of a stand-in for Google's servers, for tests; empty means the real ones.")
    ] = ""
    timeout_seconds: Annotated[
        float, Setting("Time to reach the provider, and again for its answer.", low=0.1, high=60)
    ] = 5.0
    max_attempts: Annotated[int, Setting("Tries before a push is dead-lettered.", low=1, high=1000, reload=True)] = 5
    retry_delay_seconds: Annotated[
        float, Setting("Wait before the second try; it doubles from try to try.", low=0.001, reload=True)
    ] = 1.0
    retry_max_seconds: Annotated[
        float, Setting("Longest wait between two tries, one that the provider asks for included.", low=0.1, reload=True)
    ] = 3600.0
    batch_size: Annotated[int, Setting("Pushes, and calls to the provider, at once.", low=1, high=500)] = 50
