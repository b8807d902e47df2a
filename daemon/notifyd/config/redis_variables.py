"""The Redis of the client service's environment: REDIS_HOST selects it, REDIS_PORT and REDIS_PASSWORD say the rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from notifyd.config.catalogue import catalogue
from notifyd.config.forms import FORMS
from notifyd.config.gathering import SECRET, Written, shown
from notifyd.config.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notifyd.config.gathering import Gathering

HOST: Final = "REDIS_HOST"
PORT: Final = "REDIS_PORT"
PASSWORD: Final = "REDIS_PASSWORD"

_DEFAULT_PORT = 6379
_PORTS = 65_536
_NUMBER = re.compile(r"[0-9]{1,5}")
# what Kubernetes puts into every pod for a service that is called redis
_KUBERNETES = re.compile(r"(tcp|udp|sctp)://\S+")


def take_redis(gathering: Gathering, variables: Mapping[str, str], around: Mapping[str, str], label: str) -> None:
    """Put the Redis that *variables* name into *gathering*, as broker.url.

    *around* are the variables of all sources: a password need not stand beside the host that it is for.
    """
    host = variables.get(HOST, "").strip()
    if not host:
        return
    problems = list(_problems(host, around.get(PORT, ""), label))
    if problems:
        gathering.refused.add("broker.url")
        gathering.problems += problems
        return
    url = redis_url(host, around.get(PORT, ""), around.get(PASSWORD, ""))
    entry = catalogue()["broker.url"]
    gathering.put(entry, Written(HOST, label, SECRET, f"{label} {HOST}"), lambda: url)


def redis_url(host: str, port: str, password: str) -> str:
    """The URL of the Redis on *host*; an empty *port* or one that Kubernetes set stands for the usual one."""
    user = f":{quote(password, safe='')}@" if password else ""
    name = f"[{host}]" if ":" in host else host
    return f"redis://{user}{name}:{_port(port)}"


def lonely(variables: Mapping[str, str]) -> list[str]:
    """The variables that say more about a Redis, where none is named."""
    if variables.get(HOST):
        return []
    return [
        name
        for name in (PORT, PASSWORD)
        if (text := variables.get(name)) and not (name == PORT and _KUBERNETES.fullmatch(text))
    ]


def _port(text: str) -> int:
    text = text.strip()
    return int(text) if _NUMBER.fullmatch(text) else _DEFAULT_PORT


def _problems(host: str, port: str, label: str) -> Iterator[ConfigProblem]:
    if complaint := FORMS["host"](host):
        yield ConfigProblem(complaint, HOST, shown(None, host), label)
    elif "%" in host:
        yield ConfigProblem("must not have a zone", HOST, shown(None, host), label)
    port = port.strip()
    if port and not _KUBERNETES.fullmatch(port) and not (_NUMBER.fullmatch(port) and 0 < int(port) < _PORTS):
        yield ConfigProblem(f"must be a port between 1 and {_PORTS - 1}", PORT, shown(None, port), label)
