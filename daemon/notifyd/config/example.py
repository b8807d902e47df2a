"""The commented example file, which is the manual of every setting as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.config.catalogue import CHANNELS, TABLES, WEBHOOKS, catalogue, sections, table_keys
from notifyd.config.values import to_text, to_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyd.config.catalogue import Entry, Value

_HEAD = """\
# notifyd.toml: every setting of notifyd, each with its default. Take the # off a line to change it.
#
# The file is looked for as --config or NOTIFYD_CONFIG name it, then in $XDG_CONFIG_HOME/notifyd/notifyd.toml
# (~/.config/notifyd/notifyd.toml) and /etc/notifyd/notifyd.toml. `notifyctl config check` reads it without starting
# anything, `notifyctl config show --origin` tells where each value comes from.
#
# Every key is also an environment variable, NOTIFYD_SECTION_KEY (NOTIFYD_SERVER_PORT), lists separated by commas, and
# an option of serve, -S section.key=value. The variables of the channel service (PORT, MAX_QUEUE_SIZE, ...) are named
# with their keys. Where several sources give a value, this is their order, first come first:
#     flag > NOTIFYD_SECTION_KEY > service variable > .env > notifyd.overlay.toml > this file > default
# `serve` alone reads .env, from its working directory; `notifyctl config set` writes the overlay, beside this file.
#
# The name of a key ends in its unit: _seconds (fractions allowed), _bytes. A key that is not known is an error.
# (reload): `notifyctl config reload` or SIGHUP takes the change over. All other keys need a restart.
"""
#: After which section each list of tables is shown.
SECTIONS_BEFORE = {"history": CHANNELS, "events": WEBHOOKS}
_SAMPLE_RULE: dict[str, Value] = {
    "pattern": "orders.*",
    "max_publications": 50_000,
    "max_age_seconds": 604_800.0,
    "users_subscribe": True,
    "users_publish": False,
    "presence": True,
    "join_leave": False,
}
_SAMPLE_WEBHOOK: dict[str, Value] = {
    "name": "backend",
    "url": "https://example.com/notifyd-events",
    "events": ("notification.dead", "notification.unreached"),
    "client": "",
    "secret_file": "/etc/notifyd/backend.secret",
}
_SAMPLES = {CHANNELS: _SAMPLE_RULE, WEBHOOKS: _SAMPLE_WEBHOOK}


def facts(entry: Entry) -> list[str]:
    """What the declaration of *entry* says besides its sentence, a short phrase for each."""
    setting = entry.setting
    found = [_bounds(entry)] if entry.kind in ("int", "float") else []
    if setting.choices:
        found.append(f"{'Any:' if entry.kind == 'list' else 'One of'} {', '.join(setting.choices)}.")
    if setting.follows:
        found.append(f"Default: {setting.follows}.")
    if setting.flag:
        found.append(f"Flag: {setting.flag}.")
    if setting.service:
        found.append(f"Environment: {setting.service}{' (milliseconds)' if setting.milliseconds else ''}.")
    return [fact for fact in found if fact]


def render_example() -> str:
    """The text of config.example.toml, in which every key stands once, commented out, with its default."""
    parts = [_HEAD]
    for section, declaration in sections().items():
        parts.append(f"\n# {_sentence(declaration.__doc__ or '')}\n[{section}]\n")
        parts += ["\n".join(_lines(entry, entry.default)) for entry in catalogue().values() if entry.section == section]
        if table := SECTIONS_BEFORE.get(section):
            parts.append(_table(table))
    return "\n".join(parts)


def _table(table: str) -> str:
    lines = [f"\n# {_sentence(TABLES[table].__doc__ or '')}", f"#[[{table}]]", ""]
    for entry in table_keys(table).values():
        lines += _lines(entry, _SAMPLES[table][entry.name])
    return "\n".join(lines)


def _lines(entry: Entry, value: Value) -> Iterator[str]:
    yield f"# {entry.setting.doc}{' (reload)' if entry.setting.reload else ''}"
    if known := facts(entry):
        yield f"# {' '.join(known)}"
    yield f"#{entry.name} = {to_toml(value)}"
    yield ""


def _bounds(entry: Entry) -> str:
    low = to_text(float(entry.setting.low))
    if entry.setting.high is not None:
        return f"{low} to {to_text(float(entry.setting.high))}."
    return f"At least {low}." if entry.setting.low else ""


def _sentence(doc: str) -> str:
    return " ".join(doc.split())
