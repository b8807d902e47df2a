"""Values from named texts: the environment, a `.env` file, and flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notifyd.config.catalogue import PREFIX, catalogue, environment_names, flag_names, service_names
from notifyd.config.gathering import Gathering, Written, unknown
from notifyd.config.problems import nearest
from notifyd.config.redis_variables import take_redis
from notifyd.config.values import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyd.config.catalogue import Entry

_OWN_NAMES = frozenset({f"{PREFIX}CONFIG"})
_IGNORED = f"{PREFIX}TEST_"
# what Kubernetes puts into every pod for a service that is called notifyd
_KUBERNETES = re.compile(rf"{PREFIX}(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")


def take_variables(
    gathering: Gathering, variables: Mapping[str, str], label: str, around: Mapping[str, str] | None = None
) -> None:
    """Put the settings among *variables* into *gathering*, our own names over those of the services replaced.

    *around* are the variables of all sources, where they are not these alone.
    """
    take_redis(gathering, variables, variables if around is None else around, label)
    _take_service_names(gathering, variables, label)
    _take_own_names(gathering, variables, label)


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
            gathering.problems.append(unknown(name, text, label, nearest(name, environment_names())))


def take_flag(gathering: Gathering, name: str, text: str) -> None:
    """Put what the flag *name*, an option or a key, says into *gathering*."""
    place = f"flag {name}" if name.startswith("-") else f"flag -S {name}"
    if entry := flag_names().get(name) or catalogue().get(name):
        _take_text(gathering, entry, Written(name, "flag", text, place))
    else:
        gathering.problems.append(unknown(name, text, "flag", nearest(name, catalogue())))


def _take_text(gathering: Gathering, entry: Entry, written: Written, *, service: bool = False) -> None:
    milliseconds = service and entry.setting.milliseconds
    gathering.put(entry, written, lambda: from_text(entry, str(written.raw), milliseconds=milliseconds))
