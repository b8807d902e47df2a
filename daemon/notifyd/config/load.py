"""From sources to settings: one precedence, each value with its origin, all problems at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from notifyd.config.catalogue import TABLES, catalogue, sections
from notifyd.config.checks import as_problem, clashes, warnings
from notifyd.config.engine_forms import is_cluster, is_redis
from notifyd.config.files import read_sources
from notifyd.config.from_documents import take_document
from notifyd.config.from_variables import take_flag, take_variables
from notifyd.config.gathering import Gathering
from notifyd.config.places import expanded, own_file, state_folder
from notifyd.config.problems import ConfigInvalid, ConfigProblem
from notifyd.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyd.config.catalogue import Value
    from notifyd.config.documents import Document
    from notifyd.config.sources import Sources

DEFAULT = "default"
_BEATS = 4  # heartbeats that may be lost before a daemon counts as dead, where nobody says how long that takes


class Loaded(Struct, frozen=True):
    """The settings that count, and how they came about.

    Attributes:
        settings: the values.
        origins: for each key, and for each list of tables, where its value comes from: `default`, `file PATH:LINE`,
            `overlay PATH:LINE`, `.env NAME`, `environment NAME`, `flag --port` or `flag -S server.port`.
        file: the configuration file that was read, or beside which an overlay was; None where there was none.
        warnings: what is allowed and yet worth a word, a sentence each.
    """

    settings: Settings
    origins: dict[str, str]
    file: Path | None
    warnings: tuple[str, ...]


def load_settings(
    *,
    config_file: Path | None = None,
    environ: Mapping[str, str],
    flags: Mapping[str, str] | None = None,
    dotenv: Path | None = None,
    dev: bool = False,
    overlay: Document | None = None,
) -> Loaded:
    """The settings from all sources: flag > NOTIFYD_SECTION_KEY > service names > `.env` > overlay > file > default.

    Args:
        config_file: the file that `--config` names; None searches for one.
        environ: the environment.
        flags: values by option (`--port`) or by key (`server.port`, as `-S` gives them).
        dotenv: a `.env` file to read if it is there; only `serve` reads one.
        dev: check for `serve --dev`.
        overlay: what to take for the overlay, whatever the file says.

    Raises:
        ConfigInvalid: something is wrong; it holds every problem.
    """
    sources = read_sources(config_file=config_file, environ=environ, flags=flags or {}, dotenv=dotenv)
    if overlay is not None:
        sources = replace(sources, path=sources.path or own_file(environ), overlay=overlay)
    return assemble(sources, dev=dev)


def assemble(sources: Sources, *, dev: bool = False) -> Loaded:
    """The settings that *sources* give; the part of `load_settings` that reads no file.

    Raises:
        ConfigInvalid: something is wrong; it holds every problem.
    """
    variables = {**sources.dotenv, **sources.environ}
    gathering = _gather(sources, variables)
    _fill_defaults(gathering, variables)
    _expand_paths(gathering, variables)
    settings = _build(gathering)
    for clash in clashes(settings, dev=dev, node_env=variables.get("NODE_ENV", "")):
        if not clash.keys:
            gathering.problems.append(ConfigProblem(clash.message))
        elif gathering.refused.isdisjoint(clash.keys):
            gathering.problems.append(as_problem(clash, settings, gathering.origins))
    if gathering.problems:
        raise ConfigInvalid(gathering.problems)
    origins = {path: gathering.origins.get(path, DEFAULT) for path in (*catalogue(), *TABLES)}
    return Loaded(settings, origins, sources.path, warnings(settings, variables, gathering.origins))


def _gather(sources: Sources, variables: Mapping[str, str]) -> Gathering:
    gathering = Gathering(problems=list(sources.problems))
    if sources.file:
        take_document(gathering, sources.file, "file")
    if sources.overlay:
        take_document(gathering, sources.overlay, "overlay")
    take_variables(gathering, sources.dotenv, ".env", variables)
    take_variables(gathering, sources.environ, "environment", variables)
    for name, text in sources.flags.items():
        take_flag(gathering, name, text)
    return gathering


def _fill_defaults(gathering: Gathering, variables: Mapping[str, str]) -> None:
    """Give the keys that nobody set the defaults that depend on the surroundings or on other keys."""
    given = {path: entry.default for path, entry in catalogue().items()} | gathering.values
    heartbeat = _number(given["websocket.heartbeat_interval_seconds"])
    timeout = _number(given["websocket.connection_timeout_seconds"])
    retry_delay, retry_max = (_number(given[f"delivery.retry_{name}_seconds"]) for name in ("delay", "max"))
    payload = _number(given["socketio.max_payload_bytes"])
    following: dict[str, Value] = {
        "server.state_dir": state_folder(variables),
        "websocket.connection_timeout_seconds": max(timeout, 2 * heartbeat),
        "delivery.retry_max_seconds": max(retry_max, retry_delay),
        "limits.burst": given["limits.requests_per_minute"],
        "socketio.max_payload_bytes": int(min(payload, _number(given["http.max_body_bytes"]))),
    }
    for path, value in (following | _following_engines(given)).items():
        gathering.values.setdefault(path, value)


def _following_engines(given: Mapping[str, Value]) -> dict[str, Value]:
    """The defaults that depend on which engines there are."""
    broker = str(given["broker.url"])
    jobs = str(given["bullmq.url"]) or (broker if is_redis(broker) else "")
    timeout, heartbeat = (_number(given[f"cluster.{name}_seconds"]) for name in ("timeout", "heartbeat"))
    prefix = str(given["bullmq.prefix"])
    return {
        "cluster.timeout_seconds": max(timeout, _BEATS * heartbeat),
        "bullmq.url": jobs,
        "bullmq.enabled": bool(jobs),
        "bullmq.prefix": f"{{{prefix}}}" if is_cluster(jobs) else prefix,
    }


def _number(value: Value) -> float:
    assert isinstance(value, int | float), "these keys hold numbers"
    return float(value)


def _expand_paths(gathering: Gathering, variables: Mapping[str, str]) -> None:
    for path, value in gathering.values.items():
        if isinstance(value, Path):
            gathering.values[path] = _full(gathering, path, value, variables)
    for table, rows in gathering.tables.items():
        gathering.tables[table] = tuple(_with_full_paths(gathering, table, row, variables) for row in rows)


def _with_full_paths(gathering: Gathering, table: str, row: Struct, variables: Mapping[str, str]) -> Struct:
    paths = {name: value for name, value in asdict(row).items() if isinstance(value, Path)}
    return replace(row, **{name: _full(gathering, table, value, variables) for name, value in paths.items()})


def _full(gathering: Gathering, path: str, value: Path, variables: Mapping[str, str]) -> Path:
    full = expanded(value, variables)
    if full is None:
        origin = gathering.origins.get(path, DEFAULT)
        gathering.problems.append(ConfigProblem("~ needs HOME to be set", path, str(value), origin))
    return full or value


def _build(gathering: Gathering) -> Settings:
    built: dict[str, Any] = {}
    for section, declaration in sections().items():
        prefix = f"{section}."
        own = {path.removeprefix(prefix): value for path, value in gathering.values.items() if path.startswith(prefix)}
        built[section] = declaration(**own)
    return replace(Settings(), **gathering.tables, **built)
