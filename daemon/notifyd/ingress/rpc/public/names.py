"""Under which names the services answer, and how reflection describes those.

Each service answers as `notifyd.v1.NAME`, as the bare `NAME`, and for each alias as `ALIAS.NAME`: an alias is the
package that an application's own .proto files give the services. The messages are the same under every name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from notifyd.errors import Invalid
from notifyd.v1 import client_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor

#: The services by name, without a package.
SERVICES: Final = client_pb2.DESCRIPTOR.services_by_name
PACKAGE: Final = client_pb2.DESCRIPTOR.package


def packages_of(aliases: Sequence[str]) -> tuple[str, ...]:
    """Every package that the services are in, "" included, each once.

    Raises:
        Invalid: an alias is no package; the message says what it should be.
    """
    for alias in aliases:
        _check(alias)
    return tuple(dict.fromkeys((PACKAGE, "", *aliases)))


def names_of(service: ServiceDescriptor, packages: Sequence[str]) -> tuple[str, ...]:
    """The full names of *service* in these packages."""
    return tuple(_within(package, service.name) for package in packages)


def pool_of(packages: Sequence[str]) -> DescriptorPool:
    """Descriptions of the services in these packages, for reflection."""
    pool = DescriptorPool()
    known: set[str] = set()
    for file in (client_pb2.DESCRIPTOR, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
        _add(pool, file, known)
    for package in packages:
        if package != PACKAGE:
            pool.Add(_alias_file(package))  # type: ignore[no-untyped-call, unused-ignore]
    return pool


def _check(alias: str) -> None:
    words = alias.split(".")
    if not all(word.isascii() and word.isidentifier() for word in words):
        raise Invalid(f"{alias!r} is no package: write it as in `package skybell.v1;`", code="invalid_alias")
    if words[-1] in SERVICES:
        package = ".".join(words[:-1])
        instead = f"name its package {package!r} alone" if package else "that name is served without an alias"
        raise Invalid(f"{alias!r} names a service: {instead}", code="invalid_alias")
    if words[0] == "grpc":
        raise Invalid(f"{alias!r} belongs to gRPC itself", code="invalid_alias")


def _within(package: str, name: str) -> str:
    return f"{package}.{name}" if package else name


def _add(pool: DescriptorPool, file: FileDescriptor, known: set[str]) -> None:
    if file.name in known:
        return
    known.add(file.name)
    for dependency in file.dependencies:
        _add(pool, dependency, known)
    pool.AddSerializedFile(file.serialized_pb)


def _alias_file(package: str) -> descriptor_pb2.FileDescriptorProto:
    """A file that declares the services once more, with the messages of the contract."""
    contract = descriptor_pb2.FileDescriptorProto()
    client_pb2.DESCRIPTOR.CopyToProto(contract)
    name = f"notifyd/aliases/{package or 'bare'}.proto"
    needed = [client_pb2.DESCRIPTOR.name, *contract.dependency]
    return descriptor_pb2.FileDescriptorProto(
        name=name, package=package, dependency=needed, service=contract.service, syntax=contract.syntax
    )
