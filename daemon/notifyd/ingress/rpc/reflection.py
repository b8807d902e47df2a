"""gRPC's server reflection, for tools such as grpcurl that know nothing of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection, reflection_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor_pool import DescriptorPool

#: The second is the same under its final name, which newer tools ask for first.
NAMES: Final = (reflection.SERVICE_NAME, "grpc.reflection.v1.ServerReflection")


def reflection_handlers(names: Iterable[str], pool: DescriptorPool | None) -> tuple[grpc.GenericRpcHandler, ...]:
    """Handlers that tell of the services *names*, as *pool* describes them."""
    servicer = reflection.ReflectionServicer((*names, reflection.SERVICE_NAME), pool=pool)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=_read,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return tuple(grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in NAMES)


def _read(content: bytes) -> reflection_pb2.ServerReflectionRequest:
    """What is no request is read as an empty one, which is answered with an error."""
    try:
        return reflection_pb2.ServerReflectionRequest.FromString(content)
    except DecodeError:
        return reflection_pb2.ServerReflectionRequest()
