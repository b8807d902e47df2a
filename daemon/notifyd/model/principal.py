"""Who is asking, once the credential was verified."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ClientId, KeyId, UserId


class Grants(msgspec.Struct, frozen=True):
    """What a credential allows. Patterns hold `*`, which stands for any run of characters."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    broadcast: bool = False
    #: To users and to single connections.
    users: bool = False


ALL_GRANTS = Grants(publish=("*",), subscribe=("*",), broadcast=True, users=True)


class Principal(msgspec.Struct, frozen=True):
    """A verified credential of one client."""

    client_id: ClientId
    #: Empty for an operator and for a user.
    key_id: KeyId
    grants: Grants
    #: Milliseconds since the Unix epoch; None means never.
    expires_at: int | None = None
    #: Which key it was that the record `key_id` had then: a rotation gives it another. Empty for an operator.
    key_digest: str = ""
    #: The user whose token it was; "" for a key and for an operator.
    user_id: UserId = UserId("")
    #: Of a user's token, which secret of the client signed it: a rotation gives the client another.
    secret_digest: str = ""

    @property
    def credential(self) -> str:
        """What limits and idempotency keys are counted under, within the client."""
        if self.user_id:
            return f"user/{self.user_id}"
        return self.key_id or "operator"

    @property
    def subject(self) -> str:
        """The credential over all clients, two of which may have users of the same name."""
        return f"{self.client_id}/{self.credential}"


def operator(client_id: ClientId) -> Principal:
    """An operator acting for *client_id*: may do everything."""
    return Principal(client_id, KeyId(""), ALL_GRANTS)


def standing_in(client_id: ClientId, user_id: UserId) -> Principal:
    """An operator in the place of a user of *client_id*: what it takes from the inbox has arrived."""
    return Principal(client_id, KeyId(""), ALL_GRANTS, user_id=user_id)
