"""Whom a notification names: users and single connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid
from notifyd.model.ids import ConnectionId, UserId
from notifyd.model.notification import Kind

if TYPE_CHECKING:
    from notifyd.model.command import Publish

MAX_USER_LENGTH: Final = 256

_MAX_CONNECTION_LENGTH: Final = 128

#: The kinds that name somebody.
DIRECT: Final = frozenset((Kind.USERS, Kind.CONNECTIONS))

Targets = tuple[tuple[UserId, ...], tuple[ConnectionId, ...]]


def check_user(user_id: str) -> UserId:
    """*user_id* itself when it may name a user.

    Raises:
        Invalid: it is empty, too long, or holds control characters.
    """
    if not 0 < len(user_id) <= MAX_USER_LENGTH or not user_id.isprintable():
        raise Invalid(f"a user is named by 1 to {MAX_USER_LENGTH} printable characters", code="invalid_user")
    return UserId(user_id)


def check_targets(command: Publish, *, most: int) -> Targets:
    """The users and the connections that *command* names, each once, in its order.

    That a connection is live is not asked: one that has just left is no error either.

    Raises:
        Invalid: none is named, more than *most*, one that cannot be a name, or some where its kind has none.
    """
    if command.kind not in DIRECT:
        if command.users or command.connections:
            raise Invalid("users and connections go with a notification to them alone")
        return (), ()
    users = tuple(dict.fromkeys(map(check_user, command.users)))
    connections = tuple(dict.fromkeys(command.connections))
    if command.kind is Kind.USERS and not users:
        raise Invalid("name one user at least", code="no_users")
    if command.kind is Kind.CONNECTIONS and (users or not connections):
        raise Invalid("name one connection at least, and no user", code="no_connections")
    if len(users) + len(connections) > most:
        raise Invalid(f"at most {most} users and connections may be named", code="too_many_targets")
    if any(len(connection) > _MAX_CONNECTION_LENGTH for connection in connections):
        raise Invalid(f"a connection's id has at most {_MAX_CONNECTION_LENGTH} characters", code="invalid_connection")
    return users, connections
