"""Packages, and what reflection tells of them."""

from __future__ import annotations

import pytest

from notifyd.errors import Invalid
from notifyd.ingress.rpc.public.names import SERVICES, names_of, packages_of, pool_of


def test_every_service_has_a_name_in_every_package() -> None:
    packages = packages_of(("skybell", "shop.v2", "skybell"))
    assert packages == ("notifyd.v1", "", "skybell", "shop.v2")
    assert names_of(SERVICES["NotificationService"], packages) == (
        "notifyd.v1.NotificationService",
        "NotificationService",
        "skybell.NotificationService",
        "shop.v2.NotificationService",
    )


@pytest.mark.parametrize(
    ("alias", "hint"),
    [
        ("", "package skybell"),
        ("a b", "package skybell"),
        ("a..b", "package skybell"),
        ("1a", "package skybell"),
        ("é", "package skybell"),
        ("skybell.NotificationService", "'skybell'"),
        ("ClientRegistrationService", "without an alias"),
        ("grpc.health.v1", "gRPC itself"),
    ],
)
def test_what_is_no_alias(alias: str, hint: str) -> None:
    with pytest.raises(Invalid, match=hint):
        packages_of((alias,))


@pytest.mark.parametrize("package", ["", "skybell", "shop.v2"])
def test_an_alias_is_described_with_the_messages_of_the_contract(package: str) -> None:
    packages = packages_of(("skybell", "shop.v2"))
    pool = pool_of(packages)
    for service in SERVICES.values():
        described = pool.FindServiceByName(f"{package}.{service.name}".lstrip("."))
        assert [method.name for method in described.methods] == [method.name for method in service.methods]
        for mine, theirs in zip(described.methods, service.methods, strict=True):
            assert mine.input_type.full_name == theirs.input_type.full_name
            assert (mine.client_streaming, mine.server_streaming) == (theirs.client_streaming, theirs.server_streaming)


def test_health_and_reflection_are_described_too() -> None:
    pool = pool_of(packages_of(()))
    assert pool.FindServiceByName("grpc.health.v1.Health")
    assert pool.FindServiceByName("grpc.reflection.v1alpha.ServerReflection")
