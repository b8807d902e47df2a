"""Acks over gRPC: a call of its own, which names the connection of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.principal import Principal
    from notifyd.service.acks import Acked, Acks

_MAX_IDS: Final = 10_000


class AckMessage(Protocol):
    """An ack or a refusal, as either contract spells it."""

    connection_id: str
    nack: bool
    reason: str

    @property
    def ids(self) -> Sequence[str]:
        """Of notifications."""
        ...


async def acknowledge(acks: Acks, principal: Principal | None, request: AckMessage) -> Acked:
    """Do what *request* says for a connection of *principal*; None stands for an operator.

    Raises:
        Invalid: there are no ids, or too many.
        NotFound: it has no such connection.
        StoreUnavailable: see `Acks.ack`.
    """
    if not 0 < len(request.ids) <= _MAX_IDS:
        raise Invalid(f"ids must name 1 to {_MAX_IDS} notifications")
    connection = acks.connection_of(request.connection_id, principal)
    if request.nack:
        return await acks.nack(connection, request.ids, reason=request.reason)
    return await acks.ack(connection, request.ids)
