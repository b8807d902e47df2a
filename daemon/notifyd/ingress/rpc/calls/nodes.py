"""The nodes of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid
from notifyd.ingress.rpc.encode import node_message
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from notifyd.service.cluster.nodes import Nodes

_MAX_SECONDS: Final = 3600


class NodeCalls:
    """List, and have one go."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    async def list_nodes(self, _request: pb.ListNodesRequest) -> pb.ListNodesResponse:
        """Every live node."""
        here = self._nodes.node_id
        return pb.ListNodesResponse(nodes=[node_message(node, here=here) for node in self._nodes.list()])

    async def drain_node(self, request: pb.DrainNodeRequest) -> pb.Node:
        """Have one node go."""
        seconds = request.seconds if request.HasField("seconds") else None
        if seconds is not None and not 0 <= seconds <= _MAX_SECONDS:
            raise Invalid(f"seconds must be 0 to {_MAX_SECONDS}")
        return node_message(await self._nodes.drain(request.node, seconds), here=self._nodes.node_id)
