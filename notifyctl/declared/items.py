"""What can be declared: clients, API keys, rules of channels and webhooks, each told from others by its name.

Ids are a daemon's own, so that one file fits several daemons: a client goes by its name, an API key by its name within
its client, a rule by its pattern, a webhook by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from notifyd.config.catalogue import table_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["clients", "keys", "channels", "webhooks"]
KINDS: Final[tuple[Kind, ...]] = ("clients", "keys", "channels", "webhooks")
"""In the order in which they are shown, and are made."""
ONE: Final[Mapping[str, str]] = {"clients": "client", "keys": "key", "channels": "channel", "webhooks": "webhook"}
"""What one of each kind is called."""
IDENTITY: Final[Mapping[str, str]] = {"clients": "name", "keys": "name", "channels": "pattern", "webhooks": "name"}
"""The field that tells one of a kind from others."""
DEFAULT_CLIENT: Final = "default"
#: What a key may do that was asked for without scopes: the daemon's rule.
EVERYTHING: Final = ("broadcast", "publish:*", "subscribe:*", "users")


@dataclass(frozen=True)
class SecretSource:
    """Where a client's secret is to come from: a file, an environment variable, or the declaration itself."""

    how: Literal["secret_file", "secret_env", "secret"]
    value: str

    def __repr__(self) -> str:
        return f"SecretSource({self.how!r})"


@dataclass(frozen=True)
class Item:
    """One thing that is declared, or that is there."""

    kind: Kind
    #: Unique within its kind; for a key, its client and its name.
    identity: tuple[str, ...]
    #: Every field but the identity, in the form of the file; what is not said has its default.
    fields: dict[str, Any]
    #: The daemon's id of what is there.
    id: str = ""
    #: Where it is declared.
    place: str = ""
    #: Of a client that is declared.
    secret: SecretSource | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What it is called in sentences and tables."""
        return "/".join(self.identity)

    @property
    def client(self) -> str:
        """The name of the client that a key belongs to, or that a client has itself."""
        return self.identity[0]

    def said(self) -> dict[str, Any]:
        """What a file says to declare it: the identity, and the fields that are not the default."""
        defaults = defaults_of(self.kind)
        own = {name: value for name, value in self.fields.items() if value != defaults[name]}
        if self.kind == "keys":
            client, name = self.identity
            return {"name": name, **({} if client == DEFAULT_CLIENT else {"client": client}), **own}
        return {IDENTITY[self.kind]: self.name, **own}


@cache
def defaults_of(kind: Kind) -> Mapping[str, Any]:
    """Every field of *kind* but its identity, with the value that it has where nothing is said."""
    if kind == "clients":
        return {"url": "", "description": "", "cookie_name": ""}
    if kind == "keys":
        return {"scopes": list(EVERYTHING), "allowed_cidrs": [], "expires_at": None}
    entries = table_keys(kind)
    return {name: plain(entry.default) for name, entry in entries.items() if name != IDENTITY[kind]}


def plain(value: Any) -> Any:
    """*value* of a setting as JSON has it."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def repeated(items: Sequence[Item]) -> dict[tuple[str, ...], list[Item]]:
    """Those of one kind that share their identity."""
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        groups.setdefault(item.identity, []).append(item)
    return {identity: group for identity, group in groups.items() if len(group) > 1}
