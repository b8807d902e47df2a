"""The inbox of a user as something to catch up with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.edge.catch_up import Gap
from notifyd.service.receiving.inbox import user_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.connection import Connection
    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.service.receiving.subscribe import Subscription


class InboxSource:
    """What one connection is to have from its user's inbox; a `Source`."""

    channel: None = None

    def __init__(
        self,
        inboxes: Inboxes,
        connection: Connection,
        found: Subscription,
        encode: Callable[[Publication], bytes],
    ) -> None:
        """*found* is what `Inboxes.check` answered in this very step: the peer may have been told."""
        self._inboxes = inboxes
        self._connection = connection
        self._found: Subscription | None = found
        self._position = found.position
        self._written: StreamPosition | None = None
        self.encode_publication = encode

    def missing(self) -> list[Publication]:
        """See `Source.missing`."""
        found, self._found = self._found, None
        if found is None:
            found = self._look()
            self._position = found.position
        return found.replay

    def _look(self) -> Subscription:
        principal = self._connection.principal
        assert principal is not None, "it was authenticated before it had an inbox"
        found = self._inboxes.look(principal.client_id, user_of(principal), self._position)
        if not found.recovered:
            raise Gap
        return found

    def encode(self, publication: Publication) -> bytes:
        """See `Source.encode`."""
        self._written = publication.inbox
        return self.encode_publication(publication)

    def arrived(self) -> None:
        """See `Source.arrived`."""
        principal = self._connection.principal
        if principal is not None and self._written is not None:
            self._inboxes.advance(principal, self._written)

    def go_live(self) -> None:
        """See `Source.go_live`."""
        self._inboxes.go_live(self._connection, self._position)

    def written(self) -> None:
        """See `Source.written`."""
        if self._written is not None:
            self._inboxes.wrote(self._connection, self._position)
