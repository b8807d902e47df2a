"""Why a stream ended, as an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from notifyd.errors import Denied, Draining, Exhausted, NotAuthenticated, NotifydError, Unavailable
from notifyd.ingress.rpc.endings import ending
from notifyd.model import disconnect as catalogue

if TYPE_CHECKING:
    from notifyd.model.disconnect import Disconnect


@pytest.mark.parametrize(
    ("disconnect", "kind", "code"),
    [
        (catalogue.SLOW_CONSUMER, Exhausted, "slow_consumer"),
        (catalogue.DRAINED, Draining, "draining"),
        (catalogue.GOING_AWAY, Draining, "draining"),
        (catalogue.KICKED, Denied, "kicked"),
        (msgspec.structs.replace(catalogue.KICKED, reason="abuse"), Denied, "kicked"),
        (catalogue.TOKEN_ENDED, NotAuthenticated, "token_expired"),
        (catalogue.SECRET_ENDED, NotAuthenticated, "secret_replaced"),
        (catalogue.CLIENT_REMOVED, NotAuthenticated, "client_removed"),
        (catalogue.CREDENTIAL_ENDED, NotAuthenticated, "api_key_ended"),
        (catalogue.DEAD_LINK, Unavailable, "unavailable"),
        (None, Unavailable, "unavailable"),
    ],
)
def test_each_ending_has_its_error(disconnect: Disconnect | None, kind: type[NotifydError], code: str) -> None:
    problem = ending(disconnect)
    assert (type(problem), problem.code) == (kind, code)
    assert problem.message
