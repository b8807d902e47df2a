"""notifyd-protocol(7) against the code."""

from __future__ import annotations

import re
from inspect import getsource
from typing import TYPE_CHECKING

import msgspec
import pytest
from wsproto.frame_protocol import CloseReason

from notifyd.config.catalogue import catalogue
from notifyd.ingress.edge.namespaces import connection, dialect, events
from notifyd.ingress.edge.socketio import codes
from notifyd.ingress.edge.websocket import frames, socket
from notifyd.model import disconnect
from notifyd.model.disconnect import Disconnect
from notifyd.policy.access.tokens import RawClaims
from notifyd.v1 import client_pb2, types_pb2
from notifyd.wire import native, presence
from notifyd.wire.http import sse
from notifyd.wire.rest.operations import OPERATIONS
from tests.docs.codes import error_codes
from tests.docs.pages import items, page, section, words

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = page("notifyd-protocol.7")
CODES = items(section(PAGE, "ERROR CODES"), "Ic")
CLOSES = items(section(PAGE, "CLOSE CODES"))
INTERNAL = "Over gRPC, on the admin socket and at the start alone"
DISCONNECTS = [value for value in vars(disconnect).values() if isinstance(value, Disconnect)]


def test_every_error_code_is_described_and_no_other():
    assert set(CODES) == set(error_codes())


@pytest.mark.parametrize("code", sorted(set(CODES) - set(items(section(PAGE, INTERNAL), "Ic"))))
def test_error_code_has_its_status(code: str):
    assert all(str(status) in CODES[code] for status in error_codes()[code])


def test_every_close_code_is_described_and_no_other():
    of_edge = {int(code) for module in (socket, frames) for code in _close_codes(getsource(module))}
    wanted = {value.code for value in DISCONNECTS} | of_edge | {int(CloseReason.PROTOCOL_ERROR)}
    assert {int(code) for code in CLOSES} == wanted


def _close_codes(source: str) -> list[str]:
    # 1005 and 1006 are never sent: they stand for a close frame without a code, and for none at all
    return re.findall(r"^_?[A-Z_0-9]+ = (10(?!05|06)\d\d)$", source, re.MULTILINE)


@pytest.mark.parametrize("value", DISCONNECTS, ids=lambda value: str(value.code))
def test_close_code_says_whether_to_reconnect(value: Disconnect):
    assert ("Do not reconnect" in CLOSES[str(value.code)]) is not value.reconnect


def test_every_operation_has_its_section():
    titles = re.findall(r"^\.Ss ([A-Z]+ /\S*)$", PAGE, re.MULTILINE)
    assert sorted(titles) == sorted(f"{operation.method} {operation.path}" for operation in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_operation_has_all_its_fields_and_parameters(operation):
    types = [kind for kind in (operation.body, operation.answer) if isinstance(kind, type)]
    wanted = {name for kind in types for name in _fields(kind)} | {p.name for p in operation.parameters}
    assert wanted <= words(PAGE)


def _fields(kind: type[msgspec.Struct]) -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        yield field.encode_name
        described = msgspec.inspect.type_info(field.type)
        nested = getattr(described, "item_type", described)
        if isinstance(nested, msgspec.inspect.StructType):
            yield from _fields(nested.cls)


def test_every_message_of_the_client_is_described_and_no_other():
    assert set(items(section(PAGE, "Messages of the client"), "Ic")) == set(native.MESSAGE_TYPES)


@pytest.mark.parametrize("kind", native.Message.__args__, ids=lambda kind: kind.__name__)
def test_message_of_the_client_has_all_its_fields(kind: type[msgspec.Struct]):
    known = words(section(PAGE, "WEBSOCKET"))
    assert {field.encode_name for field in msgspec.structs.fields(kind)} <= known


def test_every_message_of_the_daemon_is_described_and_no_other():
    said = set(re.findall(r'"type": ?"(\w+)"', getsource(native) + getsource(presence)))
    said |= {presence.JOIN, presence.LEAVE}
    assert set(items(section(PAGE, "Messages of the daemon"), "Ic")) == said


def test_every_field_of_the_daemon_s_messages_is_described():
    said = set(re.findall(r'"(\w+)":', getsource(native) + getsource(presence)))
    assert said <= words(section(PAGE, "WEBSOCKET"))


def test_every_event_of_a_stream_is_described_and_no_other():
    said = set(re.findall(r"event: (\w+)\\n", getsource(sse))) | {presence.JOIN, presence.LEAVE}
    assert set(items(section(PAGE, "EVENT STREAMS"), "Ic")) == said


def test_settings_are_named_as_they_are_called():
    sections = {path.partition(".")[0] for path in catalogue()}
    named = {word for word in words(PAGE) if "." in word and word.partition(".")[0] in sections}
    in_examples = {"notifyd.toml", "console.log", "console.warn"}
    assert named - in_examples <= set(catalogue())


def test_every_claim_of_a_token_is_described():
    assert {field.encode_name for field in msgspec.structs.fields(RawClaims)} <= words(section(PAGE, "Tokens"))


def test_every_event_of_users_is_described_and_no_other():
    told = set(items(section(PAGE, "Events of the client"), "Ic"))
    assert told == events.EVENT_NAMES


def test_every_event_to_users_is_described():
    told = words(section(PAGE, "SOCKET.IO")) | words(section(PAGE, "PLAIN JSON"))
    sources = "".join(map(getsource, (connection, dialect, events)))
    said = re.findall(r'(?:say|tell|reply|later)\([^"\n]*"(\w+)"', sources)
    assert {"exception", "pong", "authenticated", "connected"} <= set(said) <= told


def test_close_codes_of_the_drivers_are_described():
    numbers = {value for value in vars(codes).values() if isinstance(value, int)}
    assert numbers
    assert {str(number) for number in numbers} <= set(CLOSES)


GRPC = section(PAGE, "GRPC")
SPOKEN = [
    *client_pb2.DESCRIPTOR.message_types_by_name.values(),
    *(getattr(types_pb2, name).DESCRIPTOR for name in ("PublishRequest", "PublishResponse", "Target", "Publication")),
]


def test_every_call_over_grpc_is_described_and_no_other():
    services = client_pb2.DESCRIPTOR.services_by_name
    assert set(services) <= words(GRPC)
    assert set(items(GRPC, "Ic")) == {method.name for service in services.values() for method in service.methods}


@pytest.mark.parametrize("message", SPOKEN, ids=lambda message: message.name)
def test_every_field_over_grpc_is_described(message):
    assert {field.name for field in message.fields} <= words(GRPC)
