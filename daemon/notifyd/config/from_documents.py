"""Values from TOML documents: the configuration file and its overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyd.config.catalogue import CHANNELS, catalogue, channel_keys, sections
from notifyd.config.delivering import ChannelRule
from notifyd.config.gathering import Gathering, Written, shown, unknown
from notifyd.config.problems import ConfigProblem, nearest
from notifyd.config.values import from_toml

if TYPE_CHECKING:
    from notifyd.config.documents import Document


def take_document(gathering: Gathering, document: Document, label: str) -> None:
    """Put everything that *document* says into *gathering*; *label* begins the origins."""
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
            gathering.problems.append(unknown(section, content, place, nearest(section, catalogue())))


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
            gathering.problems.append(unknown(path, raw, place, nearest(path, catalogue())))


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
            own.problems.append(unknown(f"[[channels]] {name}", raw, place, nearest(name, channel_keys())))
    for entry in channel_keys().values():
        if entry.required and entry.name not in rule:
            place = document.place(f"{CHANNELS}.{index}")
            own.problems.append(ConfigProblem("is missing", f"[[channels]] {entry.name}", None, place))
    gathering.problems += own.problems
    if own.problems:
        return None
    values: dict[str, Any] = {path.rpartition(".")[2]: value for path, value in own.values.items()}
    return ChannelRule(**values)
