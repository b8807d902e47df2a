"""The bodies of the REST interface that are about receiving, as those in `wire.rest.bodies`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from notifyd.wire.native import AckedIds


class AckBody(Struct, frozen=True, rename="camel"):
    """What arrived on a connection, or cannot be taken now."""

    connection_id: Annotated[str, Meta(description="The one that the stream's first event names.")]
    ids: Annotated[AckedIds, Meta(description="The notifications.")]
    nack: Annotated[bool, Meta(description="They cannot be taken now: send them again.")] = False
    reason: Annotated[str, Meta(description="With nack: why; a dead letter shows it.")] = ""


class AckAnswer(Struct, frozen=True, kw_only=True):
    """What the ack changed."""

    success: Literal[True] = True
    #: How many were not acked before; with nack how many are sent again or given up.
    acked: int
    #: What that connection has nothing to do with.
    unknown: list[str]
