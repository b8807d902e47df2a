"""The clients in memory as the store has them, whoever has changed them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from notifyd.clock import now_ms
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.access.sealing import SealBroken
from notifyd.service.clients.registry import Entry, Registry, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.model.client import Client
    from notifyd.model.ids import ClientId
    from notifyd.policy.access.sealing import Sealer
    from notifyd.service.access.keyring import KeyRing
    from notifyd.service.clients.clients import Followers

log = structlog.get_logger("notifyd.clients")


class FollowingRegistry(Registry):
    """A registry that opens what the store holds."""

    def __init__(self, ring: KeyRing, sealer: Sealer, followers: Followers) -> None:
        super().__init__()
        self._ring = ring
        self._sealer = sealer
        self._followers = followers
        #: Those of the store that this daemon cannot open, with what they were sealed as.
        self._left_out: dict[ClientId, str] = {}

    def opens(self, client: Client) -> bool:
        """Whether this daemon's master key opens the secrets of *client*, which need not be one of its own."""
        try:
            self._opened(client)
        except SealBroken:
            return False
        return True

    def follow(self, found: Iterable[Client]) -> list[ClientId]:
        """Put in force what the store has, which other daemons may have changed; answers the clients that are gone.

        For who has held `changing` since before the store was read. A client that cannot be opened with this daemon's
        master key is left out, and its connections end; `default` stays as it was.
        """
        gone = {client.id for client in self.list()} - {DEFAULT_CLIENT}
        left_out = {}
        for client in found:
            try:
                self._take_over(client)
            except SealBroken:
                left_out[client.id] = client
            else:
                gone.discard(client.id)
        for client_id in gone:
            self._forget(client_id)
        self._leave_out(left_out)
        gone -= left_out.keys()
        for client_id in gone:
            self._ring.forget_client(client_id)
        return sorted(gone)

    def _take_over(self, client: Client) -> None:
        before = self.find(client.id)
        if before == client:
            return
        self._put(self._opened(client))
        if before is not None and _secrets_of(before) != _secrets_of(client):
            self._followers.rotated(client)

    def _leave_out(self, clients: dict[ClientId, Client]) -> None:
        for client_id, client in clients.items():
            if self._left_out.get(client_id) != client.secret:
                log.error("client_left_out", client_id=client_id, problem="another master key has sealed its secret")
                # nothing of it is known any more, so that every connection by one of its tokens ends
                self._followers.rotated(client)
        self._left_out = {client_id: client.secret for client_id, client in clients.items()}

    def _opened(self, client: Client) -> Entry:
        found = [Secret(self._sealer.unseal(client.id, client.secret))]
        if client.previous_secret and client.previous_until is not None and now_ms() < client.previous_until:
            previous = self._sealer.unseal(client.id, client.previous_secret)
            found.append(Secret(previous, client.previous_until))
        return Entry(client, found)


def _secrets_of(client: Client) -> tuple[object, ...]:
    return client.secret, client.previous_secret, client.previous_until
