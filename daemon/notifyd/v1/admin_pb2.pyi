import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from notifyd.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Listener(_message.Message):
    __slots__ = ("name", "url")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    name: str
    url: str
    def __init__(self, name: _Optional[str] = ..., url: _Optional[str] = ...) -> None: ...

class EngineStatus(_message.Message):
    __slots__ = ("name", "engine", "healthy", "detail")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    engine: str
    healthy: bool
    detail: str
    def __init__(self, name: _Optional[str] = ..., engine: _Optional[str] = ..., healthy: _Optional[bool] = ..., detail: _Optional[str] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("version", "pid", "started_at", "uptime_seconds", "state", "listeners", "engines", "durability", "state_dir", "config_file", "development", "connections", "queued")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    ENGINES_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    STATE_DIR_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FILE_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    version: str
    pid: int
    started_at: _timestamp_pb2.Timestamp
    uptime_seconds: float
    state: str
    listeners: _containers.RepeatedCompositeFieldContainer[Listener]
    engines: _containers.RepeatedCompositeFieldContainer[EngineStatus]
    durability: str
    state_dir: str
    config_file: str
    development: bool
    connections: int
    queued: int
    def __init__(self, version: _Optional[str] = ..., pid: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., uptime_seconds: _Optional[float] = ..., state: _Optional[str] = ..., listeners: _Optional[_Iterable[_Union[Listener, _Mapping]]] = ..., engines: _Optional[_Iterable[_Union[EngineStatus, _Mapping]]] = ..., durability: _Optional[str] = ..., state_dir: _Optional[str] = ..., config_file: _Optional[str] = ..., development: _Optional[bool] = ..., connections: _Optional[int] = ..., queued: _Optional[int] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ("seconds",)
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    seconds: float
    def __init__(self, seconds: _Optional[float] = ...) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ("connections", "seconds")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    connections: int
    seconds: float
    def __init__(self, connections: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class GetConfigRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ConfigValue(_message.Message):
    __slots__ = ("key", "value", "origin", "reloadable")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    RELOADABLE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    origin: str
    reloadable: bool
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., origin: _Optional[str] = ..., reloadable: _Optional[bool] = ...) -> None: ...

class GetConfigResponse(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[ConfigValue]
    def __init__(self, values: _Optional[_Iterable[_Union[ConfigValue, _Mapping]]] = ...) -> None: ...

class ReloadConfigRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReloadConfigResponse(_message.Message):
    __slots__ = ("applied", "need_restart")
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    NEED_RESTART_FIELD_NUMBER: _ClassVar[int]
    applied: _containers.RepeatedScalarFieldContainer[str]
    need_restart: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, applied: _Optional[_Iterable[str]] = ..., need_restart: _Optional[_Iterable[str]] = ...) -> None: ...

class ConfigChange(_message.Message):
    __slots__ = ("key", "value", "expected")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    expected: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., expected: _Optional[str] = ...) -> None: ...

class ChangeConfigRequest(_message.Message):
    __slots__ = ("changes", "dry_run")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[ConfigChange]
    dry_run: bool
    def __init__(self, changes: _Optional[_Iterable[_Union[ConfigChange, _Mapping]]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ChangeConfigResponse(_message.Message):
    __slots__ = ("overlay", "applied", "overridden")
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    OVERRIDDEN_FIELD_NUMBER: _ClassVar[int]
    overlay: str
    applied: _containers.RepeatedScalarFieldContainer[str]
    overridden: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, overlay: _Optional[str] = ..., applied: _Optional[_Iterable[str]] = ..., overridden: _Optional[_Iterable[str]] = ...) -> None: ...

class GetAdminTokenRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetAdminTokenResponse(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class DiagnoseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Finding(_message.Message):
    __slots__ = ("name", "verdict", "found", "advice")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    verdict: str
    found: str
    advice: str
    def __init__(self, name: _Optional[str] = ..., verdict: _Optional[str] = ..., found: _Optional[str] = ..., advice: _Optional[str] = ...) -> None: ...

class DiagnoseResponse(_message.Message):
    __slots__ = ("findings",)
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class TailLogsRequest(_message.Message):
    __slots__ = ("lines", "follow", "min_level", "grep")
    LINES_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    MIN_LEVEL_FIELD_NUMBER: _ClassVar[int]
    GREP_FIELD_NUMBER: _ClassVar[int]
    lines: int
    follow: bool
    min_level: str
    grep: str
    def __init__(self, lines: _Optional[int] = ..., follow: _Optional[bool] = ..., min_level: _Optional[str] = ..., grep: _Optional[str] = ...) -> None: ...

class LogRecord(_message.Message):
    __slots__ = ("timestamp", "level", "event", "logger", "fields_json", "dropped")
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    LOGGER_FIELD_NUMBER: _ClassVar[int]
    FIELDS_JSON_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    timestamp: _timestamp_pb2.Timestamp
    level: str
    event: str
    logger: str
    fields_json: str
    dropped: int
    def __init__(self, timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., level: _Optional[str] = ..., event: _Optional[str] = ..., logger: _Optional[str] = ..., fields_json: _Optional[str] = ..., dropped: _Optional[int] = ...) -> None: ...

class CreateKeyRequest(_message.Message):
    __slots__ = ("name", "client_id", "scopes", "allowed_cidrs", "expires_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_CIDRS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    client_id: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    allowed_cidrs: _containers.RepeatedScalarFieldContainer[str]
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., client_id: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., allowed_cidrs: _Optional[_Iterable[str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class IssuedKey(_message.Message):
    __slots__ = ("key", "record")
    KEY_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    key: str
    record: _types_pb2.ApiKey
    def __init__(self, key: _Optional[str] = ..., record: _Optional[_Union[_types_pb2.ApiKey, _Mapping]] = ...) -> None: ...

class ListKeysRequest(_message.Message):
    __slots__ = ("client_id", "include_revoked")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_REVOKED_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    include_revoked: bool
    def __init__(self, client_id: _Optional[str] = ..., include_revoked: _Optional[bool] = ...) -> None: ...

class ListKeysResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[_types_pb2.ApiKey]
    def __init__(self, keys: _Optional[_Iterable[_Union[_types_pb2.ApiKey, _Mapping]]] = ...) -> None: ...

class GetKeyRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class UpdateKeyRequest(_message.Message):
    __slots__ = ("id", "scopes", "allowed_cidrs", "expires_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_CIDRS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    allowed_cidrs: _containers.RepeatedScalarFieldContainer[str]
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., allowed_cidrs: _Optional[_Iterable[str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RotateKeyRequest(_message.Message):
    __slots__ = ("id", "overlap_seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    overlap_seconds: float
    def __init__(self, id: _Optional[str] = ..., overlap_seconds: _Optional[float] = ...) -> None: ...

class RevokeKeyRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class RegisterClientCommand(_message.Message):
    __slots__ = ("name", "secret", "url", "description", "cookie_name", "id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    COOKIE_NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    secret: str
    url: str
    description: str
    cookie_name: str
    id: str
    def __init__(self, name: _Optional[str] = ..., secret: _Optional[str] = ..., url: _Optional[str] = ..., description: _Optional[str] = ..., cookie_name: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class RegisteredClient(_message.Message):
    __slots__ = ("client", "secret", "warnings")
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    client: _types_pb2.Client
    secret: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, client: _Optional[_Union[_types_pb2.Client, _Mapping]] = ..., secret: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class ListClientsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListClientsResponse(_message.Message):
    __slots__ = ("clients",)
    CLIENTS_FIELD_NUMBER: _ClassVar[int]
    clients: _containers.RepeatedCompositeFieldContainer[_types_pb2.Client]
    def __init__(self, clients: _Optional[_Iterable[_Union[_types_pb2.Client, _Mapping]]] = ...) -> None: ...

class GetClientRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class UpdateClientRequest(_message.Message):
    __slots__ = ("id", "name", "url", "description", "cookie_name")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    COOKIE_NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    url: str
    description: str
    cookie_name: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., url: _Optional[str] = ..., description: _Optional[str] = ..., cookie_name: _Optional[str] = ...) -> None: ...

class RotateClientSecretRequest(_message.Message):
    __slots__ = ("id", "secret", "overlap_seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    secret: str
    overlap_seconds: float
    def __init__(self, id: _Optional[str] = ..., secret: _Optional[str] = ..., overlap_seconds: _Optional[float] = ...) -> None: ...

class RemoveClientRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class MintTokenRequest(_message.Message):
    __slots__ = ("client_id", "user_id", "ttl_seconds", "channels")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    user_id: str
    ttl_seconds: float
    channels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, client_id: _Optional[str] = ..., user_id: _Optional[str] = ..., ttl_seconds: _Optional[float] = ..., channels: _Optional[_Iterable[str]] = ...) -> None: ...

class MintedToken(_message.Message):
    __slots__ = ("token", "expires_at")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    token: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, token: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class VerifyTokenRequest(_message.Message):
    __slots__ = ("token", "client_id")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    token: str
    client_id: str
    def __init__(self, token: _Optional[str] = ..., client_id: _Optional[str] = ...) -> None: ...

class VerifiedToken(_message.Message):
    __slots__ = ("client_id", "user_id", "expires_at", "channels", "previous_secret")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SECRET_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    user_id: str
    expires_at: _timestamp_pb2.Timestamp
    channels: _containers.RepeatedScalarFieldContainer[str]
    previous_secret: bool
    def __init__(self, client_id: _Optional[str] = ..., user_id: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channels: _Optional[_Iterable[str]] = ..., previous_secret: _Optional[bool] = ...) -> None: ...

class RegisterDeviceRequest(_message.Message):
    __slots__ = ("client_id", "user_id", "fcm_token")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    FCM_TOKEN_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    user_id: str
    fcm_token: str
    def __init__(self, client_id: _Optional[str] = ..., user_id: _Optional[str] = ..., fcm_token: _Optional[str] = ...) -> None: ...

class ListDevicesRequest(_message.Message):
    __slots__ = ("client_id", "user_id", "limit")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    user_id: str
    limit: int
    def __init__(self, client_id: _Optional[str] = ..., user_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListDevicesResponse(_message.Message):
    __slots__ = ("devices",)
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    devices: _containers.RepeatedCompositeFieldContainer[_types_pb2.Device]
    def __init__(self, devices: _Optional[_Iterable[_Union[_types_pb2.Device, _Mapping]]] = ...) -> None: ...

class RemoveDeviceRequest(_message.Message):
    __slots__ = ("client_id", "id")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    id: str
    def __init__(self, client_id: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class Inbox(_message.Message):
    __slots__ = ("client_id", "user_id", "position", "cursor", "notifications", "undelivered", "size_bytes", "last_at", "connections")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    UNDELIVERED_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    LAST_AT_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    user_id: str
    position: _types_pb2.StreamPosition
    cursor: int
    notifications: int
    undelivered: int
    size_bytes: int
    last_at: _timestamp_pb2.Timestamp
    connections: int
    def __init__(self, client_id: _Optional[str] = ..., user_id: _Optional[str] = ..., position: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ..., cursor: _Optional[int] = ..., notifications: _Optional[int] = ..., undelivered: _Optional[int] = ..., size_bytes: _Optional[int] = ..., last_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., connections: _Optional[int] = ...) -> None: ...

class ListInboxesRequest(_message.Message):
    __slots__ = ("client_id", "prefix", "limit")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    prefix: str
    limit: int
    def __init__(self, client_id: _Optional[str] = ..., prefix: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListInboxesResponse(_message.Message):
    __slots__ = ("inboxes",)
    INBOXES_FIELD_NUMBER: _ClassVar[int]
    inboxes: _containers.RepeatedCompositeFieldContainer[Inbox]
    def __init__(self, inboxes: _Optional[_Iterable[_Union[Inbox, _Mapping]]] = ...) -> None: ...

class PublishResult(_message.Message):
    __slots__ = ("index", "accepted", "refused")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    index: int
    accepted: _types_pb2.PublishResponse
    refused: Problem
    def __init__(self, index: _Optional[int] = ..., accepted: _Optional[_Union[_types_pb2.PublishResponse, _Mapping]] = ..., refused: _Optional[_Union[Problem, _Mapping]] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("code", "message", "retry_after_seconds")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    retry_after_seconds: float
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., retry_after_seconds: _Optional[float] = ...) -> None: ...

class GetNotificationRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class CancelNotificationRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListenRequest(_message.Message):
    __slots__ = ("client_id", "channels", "broadcasts", "user_id", "ack", "durable", "ack_inbox", "max_unacked")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    BROADCASTS_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    ACK_INBOX_FIELD_NUMBER: _ClassVar[int]
    MAX_UNACKED_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channels: _containers.RepeatedCompositeFieldContainer[ChannelSince]
    broadcasts: bool
    user_id: str
    ack: bool
    durable: str
    ack_inbox: bool
    max_unacked: int
    def __init__(self, client_id: _Optional[str] = ..., channels: _Optional[_Iterable[_Union[ChannelSince, _Mapping]]] = ..., broadcasts: _Optional[bool] = ..., user_id: _Optional[str] = ..., ack: _Optional[bool] = ..., durable: _Optional[str] = ..., ack_inbox: _Optional[bool] = ..., max_unacked: _Optional[int] = ...) -> None: ...

class ChannelSince(_message.Message):
    __slots__ = ("channel", "since")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    channel: str
    since: _types_pb2.StreamPosition
    def __init__(self, channel: _Optional[str] = ..., since: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ...) -> None: ...

class ListenEvent(_message.Message):
    __slots__ = ("subscribed", "publication")
    SUBSCRIBED_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    subscribed: Subscribed
    publication: _types_pb2.Publication
    def __init__(self, subscribed: _Optional[_Union[Subscribed, _Mapping]] = ..., publication: _Optional[_Union[_types_pb2.Publication, _Mapping]] = ...) -> None: ...

class Subscribed(_message.Message):
    __slots__ = ("channel", "position", "recovered", "replayed", "skipped", "connection_id")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RECOVERED_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    channel: str
    position: _types_pb2.StreamPosition
    recovered: bool
    replayed: int
    skipped: int
    connection_id: str
    def __init__(self, channel: _Optional[str] = ..., position: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ..., recovered: _Optional[bool] = ..., replayed: _Optional[int] = ..., skipped: _Optional[int] = ..., connection_id: _Optional[str] = ...) -> None: ...

class AckDeliveriesRequest(_message.Message):
    __slots__ = ("connection_id", "ids", "nack", "reason")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    NACK_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    nack: bool
    reason: str
    def __init__(self, connection_id: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., nack: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class AckDeliveriesResponse(_message.Message):
    __slots__ = ("acked", "unknown")
    ACKED_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    acked: int
    unknown: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, acked: _Optional[int] = ..., unknown: _Optional[_Iterable[str]] = ...) -> None: ...

class WaitNotificationRequest(_message.Message):
    __slots__ = ("id", "until", "acks", "timeout_seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    ACKS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    until: str
    acks: int
    timeout_seconds: float
    def __init__(self, id: _Optional[str] = ..., until: _Optional[str] = ..., acks: _Optional[int] = ..., timeout_seconds: _Optional[float] = ...) -> None: ...

class WaitEvent(_message.Message):
    __slots__ = ("receipt", "verdict", "acked", "wanted")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ACKED_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    verdict: str
    acked: int
    wanted: int
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., verdict: _Optional[str] = ..., acked: _Optional[int] = ..., wanted: _Optional[int] = ...) -> None: ...

class DeadLetterFilter(_message.Message):
    __slots__ = ("client_id", "stage", "reason", "channel", "user_id", "notification_id", "since", "until")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    stage: str
    reason: str
    channel: str
    user_id: str
    notification_id: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, client_id: _Optional[str] = ..., stage: _Optional[str] = ..., reason: _Optional[str] = ..., channel: _Optional[str] = ..., user_id: _Optional[str] = ..., notification_id: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListDeadLettersRequest(_message.Message):
    __slots__ = ("filter", "limit", "after")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    filter: DeadLetterFilter
    limit: int
    after: str
    def __init__(self, filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ..., limit: _Optional[int] = ..., after: _Optional[str] = ...) -> None: ...

class ListDeadLettersResponse(_message.Message):
    __slots__ = ("dead_letters", "total")
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    dead_letters: _containers.RepeatedCompositeFieldContainer[_types_pb2.DeadLetter]
    total: int
    def __init__(self, dead_letters: _Optional[_Iterable[_Union[_types_pb2.DeadLetter, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class GetDeadLetterRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class RetryDeadLettersRequest(_message.Message):
    __slots__ = ("ids", "filter", "ttl_ms")
    IDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    TTL_MS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    filter: DeadLetterFilter
    ttl_ms: int
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ..., ttl_ms: _Optional[int] = ...) -> None: ...

class RetryDeadLettersResponse(_message.Message):
    __slots__ = ("results", "retried")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    RETRIED_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[Retried]
    retried: int
    def __init__(self, results: _Optional[_Iterable[_Union[Retried, _Mapping]]] = ..., retried: _Optional[int] = ...) -> None: ...

class Retried(_message.Message):
    __slots__ = ("id", "notification_id", "refused")
    ID_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    id: str
    notification_id: str
    refused: Problem
    def __init__(self, id: _Optional[str] = ..., notification_id: _Optional[str] = ..., refused: _Optional[_Union[Problem, _Mapping]] = ...) -> None: ...

class DropDeadLettersRequest(_message.Message):
    __slots__ = ("ids", "filter")
    IDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    filter: DeadLetterFilter
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ...) -> None: ...

class DropDeadLettersResponse(_message.Message):
    __slots__ = ("dropped", "not_found")
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    NOT_FOUND_FIELD_NUMBER: _ClassVar[int]
    dropped: _containers.RepeatedScalarFieldContainer[str]
    not_found: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dropped: _Optional[_Iterable[str]] = ..., not_found: _Optional[_Iterable[str]] = ...) -> None: ...

class ExportDeadLettersRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: DeadLetterFilter
    def __init__(self, filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ...) -> None: ...

class ListDurableRequest(_message.Message):
    __slots__ = ("client_id", "channel", "limit")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    limit: int
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListDurableResponse(_message.Message):
    __slots__ = ("subscriptions",)
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    subscriptions: _containers.RepeatedCompositeFieldContainer[_types_pb2.DurableSubscription]
    def __init__(self, subscriptions: _Optional[_Iterable[_Union[_types_pb2.DurableSubscription, _Mapping]]] = ...) -> None: ...

class RemoveDurableRequest(_message.Message):
    __slots__ = ("client_id", "channel", "name", "user_id")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    name: str
    user_id: str
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., name: _Optional[str] = ..., user_id: _Optional[str] = ...) -> None: ...

class Webhook(_message.Message):
    __slots__ = ("name", "url", "client_id", "events", "state", "waiting", "delivered", "failed", "dead", "dropped", "last_at", "last_status", "last_error")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    LAST_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_STATUS_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    name: str
    url: str
    client_id: str
    events: _containers.RepeatedScalarFieldContainer[str]
    state: str
    waiting: int
    delivered: int
    failed: int
    dead: int
    dropped: int
    last_at: _timestamp_pb2.Timestamp
    last_status: int
    last_error: str
    def __init__(self, name: _Optional[str] = ..., url: _Optional[str] = ..., client_id: _Optional[str] = ..., events: _Optional[_Iterable[str]] = ..., state: _Optional[str] = ..., waiting: _Optional[int] = ..., delivered: _Optional[int] = ..., failed: _Optional[int] = ..., dead: _Optional[int] = ..., dropped: _Optional[int] = ..., last_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_status: _Optional[int] = ..., last_error: _Optional[str] = ...) -> None: ...

class ListWebhooksRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListWebhooksResponse(_message.Message):
    __slots__ = ("webhooks",)
    WEBHOOKS_FIELD_NUMBER: _ClassVar[int]
    webhooks: _containers.RepeatedCompositeFieldContainer[Webhook]
    def __init__(self, webhooks: _Optional[_Iterable[_Union[Webhook, _Mapping]]] = ...) -> None: ...

class GetWebhookSecretRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetWebhookSecretResponse(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: str
    def __init__(self, secret: _Optional[str] = ...) -> None: ...

class TestWebhookRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class TestWebhookResponse(_message.Message):
    __slots__ = ("event_id", "status", "error", "seconds")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    status: int
    error: str
    seconds: float
    def __init__(self, event_id: _Optional[str] = ..., status: _Optional[int] = ..., error: _Optional[str] = ..., seconds: _Optional[float] = ...) -> None: ...

class GetPresenceRequest(_message.Message):
    __slots__ = ("client_id", "channel", "limit")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    limit: int
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class Presence(_message.Message):
    __slots__ = ("channel", "member_count", "subscriber_count", "members")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEMBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    channel: str
    member_count: int
    subscriber_count: int
    members: _containers.RepeatedCompositeFieldContainer[_types_pb2.Member]
    def __init__(self, channel: _Optional[str] = ..., member_count: _Optional[int] = ..., subscriber_count: _Optional[int] = ..., members: _Optional[_Iterable[_Union[_types_pb2.Member, _Mapping]]] = ...) -> None: ...

class GetQueueRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueueStats(_message.Message):
    __slots__ = ("waiting", "ready", "scheduled", "leased", "waiting_bytes", "max_size", "max_bytes", "paused", "by_priority", "oldest_accepted_at")
    class ByPriorityEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    WAITING_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    LEASED_FIELD_NUMBER: _ClassVar[int]
    WAITING_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    BY_PRIORITY_FIELD_NUMBER: _ClassVar[int]
    OLDEST_ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    waiting: int
    ready: int
    scheduled: int
    leased: int
    waiting_bytes: int
    max_size: int
    max_bytes: int
    paused: bool
    by_priority: _containers.ScalarMap[int, int]
    oldest_accepted_at: _timestamp_pb2.Timestamp
    def __init__(self, waiting: _Optional[int] = ..., ready: _Optional[int] = ..., scheduled: _Optional[int] = ..., leased: _Optional[int] = ..., waiting_bytes: _Optional[int] = ..., max_size: _Optional[int] = ..., max_bytes: _Optional[int] = ..., paused: _Optional[bool] = ..., by_priority: _Optional[_Mapping[int, int]] = ..., oldest_accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListQueueRequest(_message.Message):
    __slots__ = ("limit", "client_id")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    limit: int
    client_id: str
    def __init__(self, limit: _Optional[int] = ..., client_id: _Optional[str] = ...) -> None: ...

class ListQueueResponse(_message.Message):
    __slots__ = ("notifications",)
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    notifications: _containers.RepeatedCompositeFieldContainer[_types_pb2.Receipt]
    def __init__(self, notifications: _Optional[_Iterable[_Union[_types_pb2.Receipt, _Mapping]]] = ...) -> None: ...

class PauseQueueRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeQueueRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ClearQueueRequest(_message.Message):
    __slots__ = ("client_id",)
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    def __init__(self, client_id: _Optional[str] = ...) -> None: ...

class ClearQueueResponse(_message.Message):
    __slots__ = ("cleared",)
    CLEARED_FIELD_NUMBER: _ClassVar[int]
    cleared: int
    def __init__(self, cleared: _Optional[int] = ...) -> None: ...

class Channel(_message.Message):
    __slots__ = ("client_id", "channel", "position", "publications", "size_bytes", "last_at", "subscriber_count")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PUBLICATIONS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    LAST_AT_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    position: _types_pb2.StreamPosition
    publications: int
    size_bytes: int
    last_at: _timestamp_pb2.Timestamp
    subscriber_count: int
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., position: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ..., publications: _Optional[int] = ..., size_bytes: _Optional[int] = ..., last_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., subscriber_count: _Optional[int] = ...) -> None: ...

class ListChannelsRequest(_message.Message):
    __slots__ = ("client_id", "prefix", "limit")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    prefix: str
    limit: int
    def __init__(self, client_id: _Optional[str] = ..., prefix: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListChannelsResponse(_message.Message):
    __slots__ = ("channels",)
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedCompositeFieldContainer[Channel]
    def __init__(self, channels: _Optional[_Iterable[_Union[Channel, _Mapping]]] = ...) -> None: ...

class GetChannelRequest(_message.Message):
    __slots__ = ("client_id", "channel")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class GetHistoryRequest(_message.Message):
    __slots__ = ("client_id", "channel", "limit", "since")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    limit: int
    since: _types_pb2.StreamPosition
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., limit: _Optional[int] = ..., since: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ...) -> None: ...

class GetHistoryResponse(_message.Message):
    __slots__ = ("position", "publications", "recovered", "skipped")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PUBLICATIONS_FIELD_NUMBER: _ClassVar[int]
    RECOVERED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    position: _types_pb2.StreamPosition
    publications: _containers.RepeatedCompositeFieldContainer[_types_pb2.Publication]
    recovered: bool
    skipped: int
    def __init__(self, position: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ..., publications: _Optional[_Iterable[_Union[_types_pb2.Publication, _Mapping]]] = ..., recovered: _Optional[bool] = ..., skipped: _Optional[int] = ...) -> None: ...

class Connection(_message.Message):
    __slots__ = ("id", "client_id", "transport", "address", "connected_at", "key_id", "subscription_count", "outbox_bytes", "sent_bytes", "idle_seconds", "channels", "user_id", "outbox_limit_bytes", "behind_since", "node")
    ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_AT_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    IDLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    BEHIND_SINCE_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    id: str
    client_id: str
    transport: str
    address: str
    connected_at: _timestamp_pb2.Timestamp
    key_id: str
    subscription_count: int
    outbox_bytes: int
    sent_bytes: int
    idle_seconds: float
    channels: _containers.RepeatedScalarFieldContainer[str]
    user_id: str
    outbox_limit_bytes: int
    behind_since: _timestamp_pb2.Timestamp
    node: str
    def __init__(self, id: _Optional[str] = ..., client_id: _Optional[str] = ..., transport: _Optional[str] = ..., address: _Optional[str] = ..., connected_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., key_id: _Optional[str] = ..., subscription_count: _Optional[int] = ..., outbox_bytes: _Optional[int] = ..., sent_bytes: _Optional[int] = ..., idle_seconds: _Optional[float] = ..., channels: _Optional[_Iterable[str]] = ..., user_id: _Optional[str] = ..., outbox_limit_bytes: _Optional[int] = ..., behind_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., node: _Optional[str] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("id", "name", "version", "pid", "started_at", "state", "connections", "subscriptions", "accepted", "deliveries", "cpu_seconds", "resident_bytes", "lag_seconds", "listeners", "self", "at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    LAG_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    SELF_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    version: str
    pid: int
    started_at: _timestamp_pb2.Timestamp
    state: str
    connections: int
    subscriptions: int
    accepted: int
    deliveries: int
    cpu_seconds: float
    resident_bytes: int
    lag_seconds: float
    listeners: _containers.RepeatedScalarFieldContainer[str]
    self: bool
    at: _timestamp_pb2.Timestamp
    def __init__(self_, id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., pid: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[str] = ..., connections: _Optional[int] = ..., subscriptions: _Optional[int] = ..., accepted: _Optional[int] = ..., deliveries: _Optional[int] = ..., cpu_seconds: _Optional[float] = ..., resident_bytes: _Optional[int] = ..., lag_seconds: _Optional[float] = ..., listeners: _Optional[_Iterable[str]] = ..., self: _Optional[bool] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListNodesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListNodesResponse(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    def __init__(self, nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ...) -> None: ...

class DrainNodeRequest(_message.Message):
    __slots__ = ("node", "seconds")
    NODE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    node: str
    seconds: float
    def __init__(self, node: _Optional[str] = ..., seconds: _Optional[float] = ...) -> None: ...

class CutOff(_message.Message):
    __slots__ = ("id", "client_id", "key_id", "user_id", "transport", "address", "outbox_bytes", "at")
    ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_BYTES_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    client_id: str
    key_id: str
    user_id: str
    transport: str
    address: str
    outbox_bytes: int
    at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., client_id: _Optional[str] = ..., key_id: _Optional[str] = ..., user_id: _Optional[str] = ..., transport: _Optional[str] = ..., address: _Optional[str] = ..., outbox_bytes: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListConnectionsRequest(_message.Message):
    __slots__ = ("client_id", "channel", "key_id", "user_id", "slow", "limit")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SLOW_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    key_id: str
    user_id: str
    slow: bool
    limit: int
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., key_id: _Optional[str] = ..., user_id: _Optional[str] = ..., slow: _Optional[bool] = ..., limit: _Optional[int] = ...) -> None: ...

class ListConnectionsResponse(_message.Message):
    __slots__ = ("connections", "total", "recently_cut", "missing_nodes")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    RECENTLY_CUT_FIELD_NUMBER: _ClassVar[int]
    MISSING_NODES_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[Connection]
    total: int
    recently_cut: _containers.RepeatedCompositeFieldContainer[CutOff]
    missing_nodes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, connections: _Optional[_Iterable[_Union[Connection, _Mapping]]] = ..., total: _Optional[int] = ..., recently_cut: _Optional[_Iterable[_Union[CutOff, _Mapping]]] = ..., missing_nodes: _Optional[_Iterable[str]] = ...) -> None: ...

class KickConnectionsRequest(_message.Message):
    __slots__ = ("ids", "key_id", "reason", "user_id", "client_id")
    IDS_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    key_id: str
    reason: str
    user_id: str
    client_id: str
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., key_id: _Optional[str] = ..., reason: _Optional[str] = ..., user_id: _Optional[str] = ..., client_id: _Optional[str] = ...) -> None: ...

class KickConnectionsResponse(_message.Message):
    __slots__ = ("kicked", "not_found", "missing_nodes")
    KICKED_FIELD_NUMBER: _ClassVar[int]
    NOT_FOUND_FIELD_NUMBER: _ClassVar[int]
    MISSING_NODES_FIELD_NUMBER: _ClassVar[int]
    kicked: _containers.RepeatedScalarFieldContainer[str]
    not_found: _containers.RepeatedScalarFieldContainer[str]
    missing_nodes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kicked: _Optional[_Iterable[str]] = ..., not_found: _Optional[_Iterable[str]] = ..., missing_nodes: _Optional[_Iterable[str]] = ...) -> None: ...

class GetStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchStatsRequest(_message.Message):
    __slots__ = ("interval_ms",)
    INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    interval_ms: int
    def __init__(self, interval_ms: _Optional[int] = ...) -> None: ...

class ChannelCount(_message.Message):
    __slots__ = ("client_id", "channel", "subscriber_count", "publications_per_second")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    PUBLICATIONS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    subscriber_count: int
    publications_per_second: float
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ..., subscriber_count: _Optional[int] = ..., publications_per_second: _Optional[float] = ...) -> None: ...

class Stats(_message.Message):
    __slots__ = ("at", "uptime_seconds", "accepted", "rejected", "dispatched", "expired", "cancelled", "dead", "deliveries", "delivered_bytes", "connections_opened", "connections_closed", "slow_consumers", "authentication_failures", "rate_limited", "http_requests", "errors", "connections", "connections_by_transport", "channels", "subscriptions", "queue", "history_publications", "history_bytes", "outbox_bytes", "resident_bytes", "cpu_seconds", "open_files", "top_channels", "history_channels", "inbox_users", "inbox_notifications", "inbox_bytes", "pushes_accepted", "pushes_failed", "inbox_evicted", "acked", "redelivered", "dead_letters_evicted", "webhooks_delivered", "webhooks_failed", "webhooks_dropped", "requeued", "dropped", "dead_letters", "dead_letter_bytes", "durable_subscriptions", "unacked", "receipts", "timeline_events", "log_entries", "nodes", "missing_nodes", "busiest_channels", "memory_limit_bytes", "open_files_limit", "processors")
    class ConnectionsByTransportEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    AT_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    DISPATCHED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_OPENED_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_CLOSED_FIELD_NUMBER: _ClassVar[int]
    SLOW_CONSUMERS_FIELD_NUMBER: _ClassVar[int]
    AUTHENTICATION_FAILURES_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMITED_FIELD_NUMBER: _ClassVar[int]
    HTTP_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_BY_TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_PUBLICATIONS_FIELD_NUMBER: _ClassVar[int]
    HISTORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_BYTES_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FILES_FIELD_NUMBER: _ClassVar[int]
    TOP_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HISTORY_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    INBOX_USERS_FIELD_NUMBER: _ClassVar[int]
    INBOX_NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    INBOX_BYTES_FIELD_NUMBER: _ClassVar[int]
    PUSHES_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    PUSHES_FAILED_FIELD_NUMBER: _ClassVar[int]
    INBOX_EVICTED_FIELD_NUMBER: _ClassVar[int]
    ACKED_FIELD_NUMBER: _ClassVar[int]
    REDELIVERED_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERS_EVICTED_FIELD_NUMBER: _ClassVar[int]
    WEBHOOKS_DELIVERED_FIELD_NUMBER: _ClassVar[int]
    WEBHOOKS_FAILED_FIELD_NUMBER: _ClassVar[int]
    WEBHOOKS_DROPPED_FIELD_NUMBER: _ClassVar[int]
    REQUEUED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_BYTES_FIELD_NUMBER: _ClassVar[int]
    DURABLE_SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    UNACKED_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    TIMELINE_EVENTS_FIELD_NUMBER: _ClassVar[int]
    LOG_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    MISSING_NODES_FIELD_NUMBER: _ClassVar[int]
    BUSIEST_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPEN_FILES_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PROCESSORS_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    uptime_seconds: float
    accepted: int
    rejected: int
    dispatched: int
    expired: int
    cancelled: int
    dead: int
    deliveries: int
    delivered_bytes: int
    connections_opened: int
    connections_closed: int
    slow_consumers: int
    authentication_failures: int
    rate_limited: int
    http_requests: int
    errors: int
    connections: int
    connections_by_transport: _containers.ScalarMap[str, int]
    channels: int
    subscriptions: int
    queue: QueueStats
    history_publications: int
    history_bytes: int
    outbox_bytes: int
    resident_bytes: int
    cpu_seconds: float
    open_files: int
    top_channels: _containers.RepeatedCompositeFieldContainer[ChannelCount]
    history_channels: int
    inbox_users: int
    inbox_notifications: int
    inbox_bytes: int
    pushes_accepted: int
    pushes_failed: int
    inbox_evicted: int
    acked: int
    redelivered: int
    dead_letters_evicted: int
    webhooks_delivered: int
    webhooks_failed: int
    webhooks_dropped: int
    requeued: int
    dropped: int
    dead_letters: int
    dead_letter_bytes: int
    durable_subscriptions: int
    unacked: int
    receipts: int
    timeline_events: int
    log_entries: int
    nodes: int
    missing_nodes: int
    busiest_channels: _containers.RepeatedCompositeFieldContainer[ChannelCount]
    memory_limit_bytes: int
    open_files_limit: int
    processors: float
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., uptime_seconds: _Optional[float] = ..., accepted: _Optional[int] = ..., rejected: _Optional[int] = ..., dispatched: _Optional[int] = ..., expired: _Optional[int] = ..., cancelled: _Optional[int] = ..., dead: _Optional[int] = ..., deliveries: _Optional[int] = ..., delivered_bytes: _Optional[int] = ..., connections_opened: _Optional[int] = ..., connections_closed: _Optional[int] = ..., slow_consumers: _Optional[int] = ..., authentication_failures: _Optional[int] = ..., rate_limited: _Optional[int] = ..., http_requests: _Optional[int] = ..., errors: _Optional[int] = ..., connections: _Optional[int] = ..., connections_by_transport: _Optional[_Mapping[str, int]] = ..., channels: _Optional[int] = ..., subscriptions: _Optional[int] = ..., queue: _Optional[_Union[QueueStats, _Mapping]] = ..., history_publications: _Optional[int] = ..., history_bytes: _Optional[int] = ..., outbox_bytes: _Optional[int] = ..., resident_bytes: _Optional[int] = ..., cpu_seconds: _Optional[float] = ..., open_files: _Optional[int] = ..., top_channels: _Optional[_Iterable[_Union[ChannelCount, _Mapping]]] = ..., history_channels: _Optional[int] = ..., inbox_users: _Optional[int] = ..., inbox_notifications: _Optional[int] = ..., inbox_bytes: _Optional[int] = ..., pushes_accepted: _Optional[int] = ..., pushes_failed: _Optional[int] = ..., inbox_evicted: _Optional[int] = ..., acked: _Optional[int] = ..., redelivered: _Optional[int] = ..., dead_letters_evicted: _Optional[int] = ..., webhooks_delivered: _Optional[int] = ..., webhooks_failed: _Optional[int] = ..., webhooks_dropped: _Optional[int] = ..., requeued: _Optional[int] = ..., dropped: _Optional[int] = ..., dead_letters: _Optional[int] = ..., dead_letter_bytes: _Optional[int] = ..., durable_subscriptions: _Optional[int] = ..., unacked: _Optional[int] = ..., receipts: _Optional[int] = ..., timeline_events: _Optional[int] = ..., log_entries: _Optional[int] = ..., nodes: _Optional[int] = ..., missing_nodes: _Optional[int] = ..., busiest_channels: _Optional[_Iterable[_Union[ChannelCount, _Mapping]]] = ..., memory_limit_bytes: _Optional[int] = ..., open_files_limit: _Optional[int] = ..., processors: _Optional[float] = ...) -> None: ...

class ExportRecordsRequest(_message.Message):
    __slots__ = ("digest_only",)
    DIGEST_ONLY_FIELD_NUMBER: _ClassVar[int]
    digest_only: bool
    def __init__(self, digest_only: _Optional[bool] = ...) -> None: ...

class RecordLines(_message.Message):
    __slots__ = ("lines",)
    LINES_FIELD_NUMBER: _ClassVar[int]
    lines: bytes
    def __init__(self, lines: _Optional[bytes] = ...) -> None: ...

class ImportRecordsRequest(_message.Message):
    __slots__ = ("part", "overwrite", "dry_run")
    PART_FIELD_NUMBER: _ClassVar[int]
    OVERWRITE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    part: bytes
    overwrite: bool
    dry_run: bool
    def __init__(self, part: _Optional[bytes] = ..., overwrite: _Optional[bool] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class RecordCounts(_message.Message):
    __slots__ = ("clients", "keys", "devices")
    CLIENTS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    clients: int
    keys: int
    devices: int
    def __init__(self, clients: _Optional[int] = ..., keys: _Optional[int] = ..., devices: _Optional[int] = ...) -> None: ...

class ImportRecordsResponse(_message.Message):
    __slots__ = ("added", "replaced", "unchanged", "digest", "here", "digest_here")
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    HERE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_HERE_FIELD_NUMBER: _ClassVar[int]
    added: RecordCounts
    replaced: RecordCounts
    unchanged: RecordCounts
    digest: str
    here: RecordCounts
    digest_here: str
    def __init__(self, added: _Optional[_Union[RecordCounts, _Mapping]] = ..., replaced: _Optional[_Union[RecordCounts, _Mapping]] = ..., unchanged: _Optional[_Union[RecordCounts, _Mapping]] = ..., digest: _Optional[str] = ..., here: _Optional[_Union[RecordCounts, _Mapping]] = ..., digest_here: _Optional[str] = ...) -> None: ...
