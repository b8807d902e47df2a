"""Taking values out of their sources, each with its origin and each checked by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from notifyd.config.catalogue import (
    CHANNELS,
    PREFIX,
    Value,
    catalogue,
    channel_keys,
    environment_names,
    flag_names,
    sections,
    service_names,
)
from notifyd.config.delivering import ChannelRule
from notifyd.config.documents import Document
from notifyd.config.problems import ConfigProblem, nearest
from notifyd.config.values import ValueRefused, from_text, from_toml

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.config.catalogue import Entry

SECRET = "***"
_OWN_NAMES = frozenset({f"{PREFIX}CONFIG"})
_IGNORED = f"{PREFIX}TEST_"
# what Kubernetes puts into every pod for a service that is called notifyd
_KUBERNETES = re.compile(rf"{PREFIX}(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_DELICATE = re.compile(r"pass|secret|token|private|credential|key|url|uri", re.IGNORECASE)
_MOST_SHOWN = 80


class Sources(Struct, frozen=True):
    """Everything that gives values, read and parsed.

    Attributes:
        path: the configuration file, there or not.
        file: what it says.
        overlay: what the overlay beside it says.
        dotenv: the variables of the `.env` file.
        environ: the variables of the environment.
        flags: values by option (`--port`) or by key (`server.port`, as `-S` gives them).
        problems: what could not be read.
    """

    path: Path | None
    file: Document | None
    overlay: Document | None
    dotenv: Mapping[str, str]
    environ: Mapping[str, str]
    flags: Mapping[str, str]
    problems: tuple[ConfigProblem, ...] = ()


class Gathering(Struct):
    """What the sources gave; a later source lies over an earlier one.

    Attributes:
        values: the value of each key that was given.
        origins: where that value comes from.
        rules: the [[channels]] rules.
        refused: keys that were given a value which does not fit.
        problems: everything that is wrong.
    """

    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    rules: tuple[ChannelRule, ...] = ()
    refused: set[str] = field(default_factory=set)
    problems: list[ConfigProblem] = field(default_factory=list)

    def put(self, entry: Entry, written: Written, read: Callable[[], Value]) -> None:
        """Take the value that *read* returns, or note why it was refused."""
        try:
            self.values[entry.path] = read()
        except ValueRefused as exc:
            self.refused.add(entry.path)
            self.problems.append(
                ConfigProblem(str(exc), written.name, shown(entry, written.raw), written.place),
            )
        else:
            self.origins[entry.path] = written.origin


class Written(Struct, frozen=True):
    """How a value was written: under which name, where, what, and how its origin is told."""

    name: str
    place: str
    raw: object
    origin: str


def gather(sources: Sources) -> Gathering:
    """Every value of *sources*: flags lie over the environment, that over `.env`, overlay, file."""
    gathering = Gathering(problems=list(sources.problems))
    if sources.file:
        _take_document(gathering, sources.file, "file")
    if sources.overlay:
        _take_document(gathering, sources.overlay, "overlay")
    for variables, label in ((sources.dotenv, ".env"), (sources.environ, "environment")):
        _take_service_names(gathering, variables, label)
        _take_own_names(gathering, variables, label)
    for name, text in sources.flags.items():
        _take_flag(gathering, name, text)
    return gathering


def shown(entry: Entry | None, raw: object) -> str:
    """*raw* fit for an eye: short, printable, and hidden if it is a secret."""
    if entry is not None and entry.setting.secret:
        return SECRET
    text = raw if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    text = text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."
    return text if text.isprintable() else ascii(text)


def _shown_unknown(name: str, raw: object) -> str:
    # nobody knows what an unknown key was meant to hold
    return SECRET if _DELICATE.search(name) else shown(None, raw)


def _unknown(name: str, raw: object, place: str, right: str) -> ConfigProblem:
    return ConfigProblem("unknown key", name, _shown_unknown(name, raw), place, right)


def _take_document(gathering: Gathering, document: Document, label: str) -> None:
    for section, content in document.tables.items():
        if section == CHANNELS:
            _take_rules(gathering, document, content, label)
        elif section in sections():
            _take_section(gathering, document, (section, content), label)
        elif isinstance(content, dict):
            right = nearest(section, [*sections(), CHANNELS])
            problem = ConfigProblem("unknown section", f"[{section}]", None, document.place(section), f"[{right}]")
            gathering.problems.append(problem)
        else:
            place = document.place(section)
            gathering.problems.append(_unknown(section, content, place, nearest(section, catalogue())))


def _take_section(gathering: Gathering, document: Document, table: tuple[str, object], label: str) -> None:
    section, content = table
    if not isinstance(content, dict):
        message = f"must be a section: [{section}] with keys under it"
        gathering.problems.append(ConfigProblem(message, section, shown(None, content), document.place(section)))
        return
    for name, raw in content.items():
        path = f"{section}.{name}"
        place = document.place(path)
        if entry := catalogue().get(path):
            written = Written(path, place, raw, f"{label} {place}")
            gathering.put(entry, written, lambda entry=entry, raw=raw: from_toml(entry, raw))  # type: ignore[misc]
        else:
            gathering.problems.append(_unknown(path, raw, place, nearest(path, catalogue())))


def _take_rules(gathering: Gathering, document: Document, content: object, label: str) -> None:
    if not isinstance(content, list) or not all(isinstance(rule, dict) for rule in content):
        message = "must be a list of tables: [[channels]] before the keys of each rule"
        gathering.problems.append(ConfigProblem(message, CHANNELS, None, document.place(CHANNELS)))
        return
    rules = (_take_rule(gathering, document, index, rule) for index, rule in enumerate(content))
    gathering.rules = tuple(rule for rule in rules if rule)
    gathering.origins[CHANNELS] = f"{label} {document.place(f'{CHANNELS}.0')}"


def _take_rule(gathering: Gathering, document: Document, index: int, rule: dict[str, Any]) -> ChannelRule | None:
    own = Gathering()
    for name, raw in rule.items():
        place = document.place(f"{CHANNELS}.{index}.{name}")
        if entry := channel_keys().get(name):
            written = Written(f"[[channels]] {name}", place, raw, "")
            own.put(entry, written, lambda entry=entry, raw=raw: from_toml(entry, raw))  # type: ignore[misc]
        else:
            own.problems.append(_unknown(f"[[channels]] {name}", raw, place, nearest(name, channel_keys())))
    for entry in channel_keys().values():
        if entry.required and entry.name not in rule:
            place = document.place(f"{CHANNELS}.{index}")
            own.problems.append(ConfigProblem("is missing", f"[[channels]] {entry.name}", None, place))
    gathering.problems += own.problems
    if own.problems:
        return None
    values: dict[str, Any] = {path.rpartition(".")[2]: value for path, value in own.values.items()}
    return ChannelRule(**values)


def _take_service_names(gathering: Gathering, variables: Mapping[str, str], label: str) -> None:
    for name, entry in service_names().items():
        if text := variables.get(name):  # that service took an empty variable for one that is not set
            _take_text(gathering, entry, Written(name, label, text, f"{label} {name}"), service=True)


def _take_own_names(gathering: Gathering, variables: Mapping[str, str], label: str) -> None:
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in variables
    for name, text in variables.items():
        if not name.startswith(PREFIX) or name.startswith(_IGNORED) or name in _OWN_NAMES:
            continue
        if entry := environment_names().get(name):
            _take_text(gathering, entry, Written(name, label, text, f"{label} {name}"))
        elif not (in_kubernetes and _KUBERNETES.fullmatch(name)):
            gathering.problems.append(_unknown(name, text, label, nearest(name, environment_names())))


def _take_flag(gathering: Gathering, name: str, text: str) -> None:
    place = f"flag {name}" if name.startswith("-") else f"flag -S {name}"
    if entry := flag_names().get(name) or catalogue().get(name):
        _take_text(gathering, entry, Written(name, "flag", text, place))
    else:
        gathering.problems.append(_unknown(name, text, "flag", nearest(name, catalogue())))


def _take_text(gathering: Gathering, entry: Entry, written: Written, *, service: bool = False) -> None:
    milliseconds = service and entry.setting.milliseconds
    gathering.put(entry, written, lambda: from_text(entry, str(written.raw), milliseconds=milliseconds))
