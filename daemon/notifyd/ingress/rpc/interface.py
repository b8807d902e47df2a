"""What one gRPC server carries."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import msgspec
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from notifyd.ingress.rpc.admission import CallGate


class Service(msgspec.Struct, frozen=True):
    """One service of the contract."""

    descriptor: ServiceDescriptor
    #: Objects whose methods serve it; see `registry`.
    parts: tuple[object, ...]
    #: The full names that it answers under.
    names: tuple[str, ...]


def no_caller(_context: grpc.ServicerContext) -> tuple[object, ...]:
    """For interfaces that let in everybody who can reach them: calls are told nothing of who makes them."""
    return ()


class Interface(msgspec.Struct, frozen=True):
    """The services of one server, and how it tells of them."""

    services: tuple[Service, ...]
    #: What every call of them is given after its own arguments, made from grpcio's context.
    caller: Callable[[grpc.ServicerContext], tuple[object, ...]] = no_caller
    #: Where reflection looks names up; None for where generated code registers them.
    pool: DescriptorPool | None = None
    #: Asked about every call before anything else of it; None where whoever can reach the server is let in.
    gate: CallGate | None = None
    #: Whether the health of "", the server as a whole, follows the daemon's too. Otherwise it is well while it answers.
    whole_follows: bool = False
    #: Whether its callers run the daemon, and are told what others are not; see `NotifydError.told`.
    to_operators: bool = False

    def names(self) -> tuple[str, ...]:
        """Every name of every service."""
        return tuple(name for service in self.services for name in service.names)
