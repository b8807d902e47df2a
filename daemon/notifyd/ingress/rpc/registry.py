"""From the contract to handlers: each method of the service finds its function by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from google.protobuf.message import Message

    from notifyd.ingress.rpc.shell import Shell


def handlers_of(service: ServiceDescriptor, parts: Iterable[object], shell: Shell) -> grpc.GenericRpcHandler:
    """Handlers for every method of *service*. `CreateKey` is served by the `create_key` of one of the *parts*."""
    parts = list(parts)
    handlers = {method.name: _handler(method, parts, shell) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _handler(method: MethodDescriptor, parts: list[object], shell: Shell) -> grpc.RpcMethodHandler[Any, Any]:
    function = _function(method.name, parts)
    read = GetMessageClass(method.input_type).FromString
    if not method.server_streaming:
        return grpc.unary_unary_rpc_method_handler(shell.unary(method.name, function), read, _serialize)
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(shell.duplex(method.name, function), read, _serialize)
    return grpc.unary_stream_rpc_method_handler(shell.stream(method.name, function), read, _serialize)


def _function(method: str, parts: list[object]) -> Any:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method).lower()
    found = [getattr(part, name) for part in parts if hasattr(part, name)]
    assert len(found) == 1, f"{len(found)} parts serve {method}; there must be one"
    return found[0]


def _serialize(message: Message | bytes) -> bytes:
    # publications are serialized once for all listeners
    return message if isinstance(message, bytes) else message.SerializeToString()
