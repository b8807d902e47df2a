"""What the scopes of a key allow: `publish:orders.*`, `subscribe:*`, `broadcast`, `users`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from notifyd.errors import Denied, Invalid
from notifyd.model.principal import Grants

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What a key may do when nothing else was asked for.
DEFAULT_SCOPES: Final = ("publish:*", "subscribe:*", "broadcast", "users")

_ACTIONS: Final = ("publish", "subscribe")
_WORDS: Final = ("broadcast", "users")


def parse_scopes(scopes: Iterable[str]) -> Grants:
    """The grants that *scopes* spell out.

    Raises:
        Invalid: a scope is of none of the known forms; the message names it and the forms.
    """
    patterns: dict[str, list[str]] = {action: [] for action in _ACTIONS}
    words: set[str] = set()
    for scope in scopes:
        action, _, pattern = scope.partition(":")
        if scope in _WORDS:
            words.add(scope)
        elif action in patterns and pattern:
            patterns[action].append(pattern)
        else:
            raise Invalid(
                f"scope {scope!r} is not known: use publish:PATTERN, subscribe:PATTERN, broadcast or users, "
                "where a PATTERN is a channel name in which * stands for any characters",
                code="invalid_scope",
            )
    return Grants(tuple(patterns["publish"]), tuple(patterns["subscribe"]), "broadcast" in words, "users" in words)


def matches(patterns: tuple[str, ...], channel: str) -> bool:
    """Whether one of *patterns* covers *channel*."""
    return "*" in patterns or any(_fits(pattern, channel) for pattern in patterns)


def check_subscribe(grants: Grants, channel: str) -> None:
    """Pass who may subscribe to *channel*.

    Raises:
        Denied: none of the patterns covers it.
    """
    if not matches(grants.subscribe, channel):
        raise Denied(
            f"this credential may not subscribe to {channel!r}: it needs the scope subscribe:{channel}",
            code="scope_missing",
        )


def _fits(pattern: str, channel: str) -> bool:
    if "*" not in pattern:
        return pattern == channel
    return _compiled(pattern).fullmatch(channel) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    first, *middle, last = [re.escape(part) for part in re.split(r"\*+", pattern)]
    # Atomic: the earliest place of each part is as good as any later one, and trying those could take for ever.
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, re.DOTALL)
