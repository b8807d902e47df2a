"""One client, one API key, as a file declares it: checked, and in the form in which it is compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notifyctl.declared.items import DEFAULT_CLIENT, EVERYTHING, Item, SecretSource
from notifyctl.values.moments import instant, iso
from notifyd.config.problems import ConfigProblem, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLIENT: Final = ("name", "url", "description", "cookie_name", "secret_file", "secret_env", "secret")
_KEY: Final = ("name", "client", "scopes", "allowed_cidrs", "expires_at")
_SECRETS: Final = ("secret_file", "secret_env", "secret")


#: Where a key of a table stands, and the table itself for "".
Place = Callable[[str], str]


class _Row:
    """One table of a file; what is wrong with it goes to the problems of all."""

    def __init__(self, what: str, row: dict[str, Any], place: Place, problems: list[ConfigProblem]) -> None:
        self._what = what
        self._row = row
        self._place = place
        self._problems = problems
        self.failed = False

    def problem(self, name: str, message: str, near: str | None = None) -> None:
        self.failed = True
        self._problems.append(ConfigProblem(message, f"[[{self._what}]] {name}", None, self._place(name), near))

    def check_names(self, known: Sequence[str]) -> None:
        for name in self._row:
            if name not in known:
                self.problem(name, "unknown key", nearest(name, known))

    def text(self, name: str, default: str = "") -> str:
        value = self._row.get(name, default)
        if isinstance(value, str):
            return value
        self.problem(name, "must be text")
        return default

    def name(self) -> str:
        found = self.text("name")
        if "name" not in self._row:
            self.problem("name", "is missing")
        elif isinstance(self._row["name"], str) and not found.strip():
            self.problem("name", "must not be empty")
        return found

    def texts(self, name: str) -> list[str]:
        value = self._row.get(name, [])
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return value
        self.problem(name, "must be a list of texts")
        return []

    def instant(self, name: str) -> str | None:
        value = self._row.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return iso(instant(value))
            except ValueError as exc:
                self.problem(name, str(exc))
        elif isinstance(value, datetime) and value.tzinfo is not None:
            return iso(value.astimezone(UTC))
        else:
            self.problem(name, "must be an instant with its zone, such as 2027-01-30T12:00:00Z")
        return None

    def given(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self._row]


def client_item(
    row: dict[str, Any], place: Place, problems: list[ConfigProblem], folder: Path, *, plain_secrets: bool
) -> Item | None:
    """The client that *row* declares; None where it is none, and *problems* tell why.

    The file of its secret is looked for from *folder* on.
    """
    table = _Row("clients", row, place, problems)
    table.check_names(_CLIENT)
    name = table.name()
    fields = {each: table.text(each) for each in ("url", "description", "cookie_name")}
    secret = _secret(table, folder, plain_secrets=plain_secrets)
    return None if table.failed else Item("clients", (name,), fields, place=place(""), secret=secret)


def _secret(table: _Row, folder: Path, *, plain_secrets: bool) -> SecretSource | None:
    given = table.given(_SECRETS)
    if not given:
        return None
    name = given[0]
    if len(given) > 1:
        table.problem(given[1], f"goes without {name}: say once where the secret is")
    if name == "secret" and not plain_secrets:
        table.problem(
            "secret",
            "does not belong into a declaration: use secret_file or secret_env, or insist with --plain-secrets",
        )
    value = table.text(name)
    if name == "secret_file":
        return SecretSource("secret_file", str(folder / Path(value).expanduser()))
    return SecretSource("secret_env" if name == "secret_env" else "secret", value)


def key_item(row: dict[str, Any], place: Place, problems: list[ConfigProblem]) -> Item | None:
    """The API key that *row* declares; None where it is none, and *problems* tell why."""
    table = _Row("keys", row, place, problems)
    table.check_names(_KEY)
    name, client = table.name(), table.text("client", DEFAULT_CLIENT) or DEFAULT_CLIENT
    fields = {
        "scopes": sorted(set(table.texts("scopes"))) or list(EVERYTHING),
        "allowed_cidrs": _networks(table),
        "expires_at": table.instant("expires_at"),
    }
    return None if table.failed else Item("keys", (client, name), fields, place=place(""))


def _networks(table: _Row) -> list[str]:
    found = []
    for text in table.texts("allowed_cidrs"):
        try:
            found.append(str(ip_network(text)))
        except ValueError as exc:
            table.problem("allowed_cidrs", f"{text!r} is not a network in CIDR notation: {exc}")
    return sorted(set(found))
