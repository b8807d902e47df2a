"""In which channels presence is told, who counts as a member, and what stays told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.policy.access.scopes import matches

if TYPE_CHECKING:
    from notifyd.model.principal import Principal


class PresenceRule(msgspec.Struct, frozen=True):
    """What one rule in [[channels]] says of the channels that fit its pattern."""

    pattern: str
    presence: bool = False
    join_leave: bool = False


_SILENT = PresenceRule("")


class PresenceRules(msgspec.Struct, frozen=True):
    """The settings of presence. Of *rules* the first that fits a channel counts."""

    rules: tuple[PresenceRule, ...] = ()
    #: Members named in one answer.
    max_members: int = 1000
    #: Joins and leaves are told in channels with at most so many subscribers.
    max_notified: int = 1000
    #: Joins and leaves that may wait to be told.
    max_waiting: int = 10_000

    @property
    def wanted(self) -> bool:
        """Whether there is presence anywhere."""
        return any(rule.presence for rule in self.rules)

    def of(self, channel: str) -> PresenceRule:
        """What counts in *channel*."""
        return next((rule for rule in self.rules if matches((rule.pattern,), channel)), _SILENT)


def is_operator(principal: Principal) -> bool:
    """Whether it looks on without being there."""
    return not principal.user_id and not principal.key_id


def member_key(user_id: str, connection_id: str) -> str:
    """What is one member of a channel: a user whatever its connections, else the connection."""
    return f"u/{user_id}" if user_id else f"c/{connection_id}"
