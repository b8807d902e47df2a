"""From the contract to handlers: each method of a service finds its function by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.message_factory import GetMessageClass

from notifyd.ingress.rpc.reading import reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message

    from notifyd.ingress.rpc.interface import Service
    from notifyd.ingress.rpc.shell import Shell

#: Where a word begins within a name.
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def handlers_of(service: Service, shell: Shell) -> tuple[grpc.GenericRpcHandler, ...]:
    """Handlers for every method under every name of *service*.

    `RegisterFCMToken` is served by the `register_fcm_token` of one of its parts.
    """
    handlers = {method.name: _handler(method, service.parts, shell) for method in service.descriptor.methods}
    return tuple(grpc.method_handlers_generic_handler(name, handlers) for name in service.names)


def _handler(method: MethodDescriptor, parts: Sequence[object], shell: Shell) -> grpc.RpcMethodHandler[Any, Any]:
    function = _function(method.name, parts)
    read = reader(GetMessageClass(method.input_type))
    if not method.server_streaming:
        return grpc.unary_unary_rpc_method_handler(shell.unary(method.name, function), read, _serialize)
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(shell.duplex(method.name, function), read, _serialize)
    return grpc.unary_stream_rpc_method_handler(shell.stream(method.name, function), read, _serialize)


def _function(method: str, parts: Sequence[object]) -> Any:
    name = _WORDS.sub("_", method).lower()
    found = [getattr(part, name) for part in parts if hasattr(part, name)]
    assert len(found) == 1, f"{len(found)} parts serve {method}; there must be one"
    return found[0]


def _serialize(message: Message | bytes) -> bytes:
    # publications are serialized once for all listeners
    return message if isinstance(message, bytes) else message.SerializeToString()
