"""Who is let in, without a socket between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied, NotAuthenticated
from notifyd.ingress.rpc.public.credentials import Caller
from notifyd.ingress.rpc.public.gate import Gate
from notifyd.model.ids import DEFAULT_CLIENT
from tests.ingress.rpc.node import open_node
from tests.ingress.rpc.public.house import services_of

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from tests.ingress.rpc.node import Node

#: An operator may have chosen it, and it looks like a user's token.
ADMIN = "admin.token.with-dots"
HERE = "127.0.0.1"


@pytest.fixture
async def node(tmp_path: Path, nursery: trio.Nursery) -> Node:
    node = await open_node(tmp_path)
    node.start(nursery)
    await node.clients.load()
    return node


def gate_of(node: Node, *, dev: bool = False) -> Gate:
    return Gate(services_of(node), admin_token="" if dev else ADMIN, dev=dev)


async def test_the_admin_token_counts_whatever_it_looks_like(node: Node) -> None:
    gate, caller = gate_of(node), Caller(HERE, bearer=ADMIN)
    assert gate.admit(caller).principal is None
    assert gate.admit_registrar(caller, "default", "ann") == (DEFAULT_CLIENT, "ann")
    gate.admit_operator(caller)


async def test_a_user_acts_for_nobody_else(node: Node) -> None:
    gate = gate_of(node)
    caller = Caller(HERE, bearer=node.tokens.mint(DEFAULT_CLIENT, "ann").token)
    assert gate.admit_registrar(caller, "", "") == (DEFAULT_CLIENT, "ann")
    with pytest.raises(Denied):
        gate.admit_registrar(caller, "", "bob")
    with pytest.raises(Denied):
        gate.acting(gate.admit(caller), "other")


async def test_a_wrong_credential_is_refused_and_counted(node: Node) -> None:
    gate = gate_of(node)
    for caller in (Caller(HERE), Caller(HERE, bearer="wrong")):
        with pytest.raises(NotAuthenticated) as refused:
            gate.admit_operator(caller)
        assert refused.value.code == "admin_token_required"
    with pytest.raises(NotAuthenticated):
        gate.admit_registrar(Caller(HERE, client_secret="wrong"), "default", "ann")
    assert node.counters.authentication_failures == 3


@pytest.mark.parametrize("caller", [Caller("192.0.2.1"), Caller(HERE, forwarded=True), Caller("")])
async def test_in_development_only_this_machine_needs_no_credential(node: Node, caller: Caller) -> None:
    gate = gate_of(node, dev=True)
    assert gate.admit(Caller(HERE)).principal is None
    with pytest.raises(Denied):
        gate.admit(caller)
