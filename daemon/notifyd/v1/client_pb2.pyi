from notifyd.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterClientRequest(_message.Message):
    __slots__ = ("appName", "clientSecret", "clientUrl", "description", "cookieName")
    APPNAME_FIELD_NUMBER: _ClassVar[int]
    CLIENTSECRET_FIELD_NUMBER: _ClassVar[int]
    CLIENTURL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    COOKIENAME_FIELD_NUMBER: _ClassVar[int]
    appName: str
    clientSecret: str
    clientUrl: str
    description: str
    cookieName: str
    def __init__(self, appName: _Optional[str] = ..., clientSecret: _Optional[str] = ..., clientUrl: _Optional[str] = ..., description: _Optional[str] = ..., cookieName: _Optional[str] = ...) -> None: ...

class RegisterClientResponse(_message.Message):
    __slots__ = ("id", "appName", "clientSecret", "warnings")
    ID_FIELD_NUMBER: _ClassVar[int]
    APPNAME_FIELD_NUMBER: _ClassVar[int]
    CLIENTSECRET_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    appName: str
    clientSecret: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., appName: _Optional[str] = ..., clientSecret: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class RegisterFCMTokenRequest(_message.Message):
    __slots__ = ("userId", "clientId", "fcmToken")
    USERID_FIELD_NUMBER: _ClassVar[int]
    CLIENTID_FIELD_NUMBER: _ClassVar[int]
    FCMTOKEN_FIELD_NUMBER: _ClassVar[int]
    userId: str
    clientId: str
    fcmToken: str
    def __init__(self, userId: _Optional[str] = ..., clientId: _Optional[str] = ..., fcmToken: _Optional[str] = ...) -> None: ...

class RegisterFCMTokenResponse(_message.Message):
    __slots__ = ("success", "deviceId")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    DEVICEID_FIELD_NUMBER: _ClassVar[int]
    success: bool
    deviceId: str
    def __init__(self, success: _Optional[bool] = ..., deviceId: _Optional[str] = ...) -> None: ...

class PublishStreamResult(_message.Message):
    __slots__ = ("index", "accepted", "refused")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    index: int
    accepted: _types_pb2.PublishResponse
    refused: Refusal
    def __init__(self, index: _Optional[int] = ..., accepted: _Optional[_Union[_types_pb2.PublishResponse, _Mapping]] = ..., refused: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "message", "retry_after_seconds")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    retry_after_seconds: float
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., retry_after_seconds: _Optional[float] = ...) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("client_id", "channels", "broadcasts", "without_inbox", "inbox_since", "ack_inbox")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    BROADCASTS_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_INBOX_FIELD_NUMBER: _ClassVar[int]
    INBOX_SINCE_FIELD_NUMBER: _ClassVar[int]
    ACK_INBOX_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channels: _containers.RepeatedCompositeFieldContainer[ChannelPosition]
    broadcasts: bool
    without_inbox: bool
    inbox_since: _types_pb2.StreamPosition
    ack_inbox: bool
    def __init__(self, client_id: _Optional[str] = ..., channels: _Optional[_Iterable[_Union[ChannelPosition, _Mapping]]] = ..., broadcasts: _Optional[bool] = ..., without_inbox: _Optional[bool] = ..., inbox_since: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ..., ack_inbox: _Optional[bool] = ...) -> None: ...

class ChannelPosition(_message.Message):
    __slots__ = ("channel", "since", "ack", "durable")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    channel: str
    since: _types_pb2.StreamPosition
    ack: bool
    durable: str
    def __init__(self, channel: _Optional[str] = ..., since: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ..., ack: _Optional[bool] = ..., durable: _Optional[str] = ...) -> None: ...

class SubscribeEvent(_message.Message):
    __slots__ = ("started", "publication")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    started: SubscribeStarted
    publication: _types_pb2.Publication
    def __init__(self, started: _Optional[_Union[SubscribeStarted, _Mapping]] = ..., publication: _Optional[_Union[_types_pb2.Publication, _Mapping]] = ...) -> None: ...

class SubscribeStarted(_message.Message):
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

class AckRequest(_message.Message):
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

class AckResponse(_message.Message):
    __slots__ = ("acked", "unknown")
    ACKED_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    acked: int
    unknown: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, acked: _Optional[int] = ..., unknown: _Optional[_Iterable[str]] = ...) -> None: ...

class PresenceRequest(_message.Message):
    __slots__ = ("client_id", "channel")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    channel: str
    def __init__(self, client_id: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class PresenceResponse(_message.Message):
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

class AckInboxRequest(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: _types_pb2.StreamPosition
    def __init__(self, position: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ...) -> None: ...

class AckInboxResponse(_message.Message):
    __slots__ = ("acked",)
    ACKED_FIELD_NUMBER: _ClassVar[int]
    acked: int
    def __init__(self, acked: _Optional[int] = ...) -> None: ...

class GetReceiptRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...
