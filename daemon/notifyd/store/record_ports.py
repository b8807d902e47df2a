"""What every records engine promises: keys, clients, devices. One contract suite (tests/contract) runs against each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.client import Client
    from notifyd.model.device import Device
    from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
    from notifyd.model.key import ApiKey


class KeyStore(Protocol):
    """Durable records of API keys; few and small, read whole at start."""

    async def load(self) -> list[ApiKey]:
        """Every record, revoked ones included.

        Raises:
            StoreUnavailable: the engine cannot be read.
        """
        ...

    async def put(self, *keys: ApiKey) -> None:
        """Insert or replace records, synced to disk when this returns.

        A last use never becomes an older one, and a key that was revoked stays so, whatever its record here says: two
        daemons may change one key at once.

        Raises:
            NotFound: the client of one was removed by another daemon; that one was not kept.
            StoreUnavailable: it cannot be told whether they were kept; one was whole or not at all.
        """
        ...

    async def touch(self, last_used: dict[KeyId, int]) -> None:
        """Record the last use of several keys; an older instant never replaces a newer one.

        Raises:
            StoreUnavailable: it cannot be told which were recorded.
        """
        ...

    async def remove(self, key_id: KeyId) -> None:
        """Forget one record; no error when it is unknown. Raises as `touch`."""
        ...


class ClientStore(Protocol):
    """Durable records of clients; few and small, read whole at start. Secrets come sealed."""

    async def load(self) -> list[Client]:
        """Every record.

        Raises:
            StoreUnavailable: the engine cannot be read.
        """
        ...

    async def put(self, *clients: Client) -> None:
        """Insert or replace records, synced to disk when this returns.

        Raises:
            StoreUnavailable: it cannot be told whether they were kept; one was whole or not at all.
        """
        ...

    async def replace(self, client: Client) -> bool:
        """As `put`, where there is a record of that id; False, and nothing is kept, where there is none any more."""
        ...

    async def remove(self, client_id: ClientId) -> None:
        """Forget one record with its keys and devices; no error when it is unknown.

        Engines with transactions do so in one. Others let the client go first, so that whatever stops them in the
        middle leaves nothing that works, and finish it when they are opened next.

        Raises:
            StoreUnavailable: it cannot be told whether it was removed; to ask again does no harm.
        """
        ...


class DeviceStore(Protocol):
    """Durable records of devices. There may be millions: they are asked for by user, and never read whole.

    Guarantee: a push token belongs to one user of one client, the one it was registered for last.
    """

    async def register(self, device: Device, *, max_per_user: int) -> Device:
        """Insert, or take over the record of the same token in the same client; answers what is kept.

        Beyond *max_per_user* the device of that user that was seen longest ago goes.

        Raises:
            NotFound: the client was removed by another daemon; nothing was kept.
            StoreUnavailable: it cannot be told whether it was kept.
        """
        ...

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> dict[UserId, list[Device]]:
        """The devices of each user that has any, the latest seen first.

        Raises:
            StoreUnavailable: the engine cannot be read.
        """
        ...

    async def list(self, client_id: ClientId, *, user_id: UserId | None = None, limit: int = 1000) -> Sequence[Device]:
        """The devices of a client, or of one user of it, by user; raises as `of_users`."""
        ...

    async def remove(self, client_id: ClientId, device_id: DeviceId) -> Device | None:
        """Forget one and answer what it was; None when there is none in that client. Raises as `register`."""
        ...

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        """Forget the one with that push token, which the provider does not know any more. Raises as `register`."""
        ...

    async def page(self, after: DeviceId | None = None, *, limit: int = 1000) -> Sequence[Device]:
        """The devices of all clients in the order of their ids, behind *after*; raises as `of_users`."""
        ...

    async def rivals(self, devices: Sequence[Device]) -> Sequence[Device]:
        """What is kept under the id of any of *devices* or, in its client, under its token; raises as `of_users`."""
        ...

    async def put(self, devices: Sequence[Device]) -> None:
        """Keep each exactly as it is, in the place of its rivals; for the import alone, which respects no bound.

        Raises:
            StoreUnavailable: it cannot be told which were kept; to ask again does no harm.
        """
        ...


class Records(Protocol):
    """Everything of one records engine, opened by store.open."""

    @property
    def keys(self) -> KeyStore:
        """API keys."""
        ...

    @property
    def clients(self) -> ClientStore:
        """Clients."""
        ...

    @property
    def devices(self) -> DeviceStore:
        """Devices."""
        ...

    async def revision(self) -> int:
        """A number that is another one after every change of keys or clients that was not made through this object.

        What was made through it counts where nobody knows what came of it, and may count otherwise. Last uses and
        devices do not count. A change may come up to a few seconds behind its number where a daemon died in the middle
        of it: who reads what has changed reads it again later.

        Raises:
            StoreUnavailable: the engine cannot be read.
        """
        ...

    def failing_since(self) -> float | None:
        """Since when the engine fails (monotonic clock), or None while it works."""
        ...

    async def probe(self) -> None:
        """Find out whether it works again: when this returns, it does.

        Raises:
            StoreUnavailable: it does not.
        """
        ...

    async def close(self) -> None:
        """Let go of the engine; nothing else is called afterwards."""
        ...
