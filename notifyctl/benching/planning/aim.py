"""Whom a run is put on: the daemon that all commands ask, with keys made for the run, or the one at a URL."""

from __future__ import annotations

import secrets
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notifyctl.benching.connections.place import Place, place
from notifyctl.benching.planning.limits import Limits, keys_for, way
from notifyctl.benching.planning.plan import Target
from notifyctl.exits import Refusal, Status, usage
from notifyctl.secrets.files import read_secret
from notifyctl.values import moments
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyctl.benching.planning.plan import Job
    from notifyctl.daemons.calling import Daemon

#: A key that could not be taken back is good for so much longer than the run.
_KEY_SPARE_SECONDS: Final = 3600.0
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True)
class Wish:
    """What the operator said of the target."""

    url: str | None = None
    key_file: str | None = None
    channel: str = "bench"


@dataclass(frozen=True)
class Aim:
    """The place, and what is known of the daemon there."""

    ws: Place
    http: Place | None
    limits: Limits
    #: It is the daemon that commands ask: keys and figures come from there, and it can be published to so.
    known: bool


def aim(wish: Wish, daemon: Daemon) -> Aim:
    """Where the load goes.

    Raises:
        Refusal: the daemon cannot be found, or the options do not fit together.
    """
    if wish.url is None:
        if wish.key_file is not None:
            raise usage("--key-file goes with --url: a daemon that can be asked makes a key for the run.")
        return _known(daemon)
    where = place(wish.url)
    known = _is_known(where, daemon)
    if wish.key_file is None and not known:
        raise usage("--url needs --key-file with an API key, unless it is the daemon that is asked otherwise.")
    rest = where if where.scheme in ("http", "https") else None
    return Aim(_websockets(where), rest, _limits(daemon) if known else Limits(), known=known)


def _known(daemon: Daemon) -> Aim:
    listeners = _listeners(daemon)
    http = listeners.get("http")
    ws = listeners.get("ws") or (_websockets(http) if http is not None else None)
    if ws is None:
        raise Refusal("The daemon has no port for connections.", Status.CONFLICT, code="conflict")
    if daemon.remote is not None and ws.loopback:
        raise usage(f"That daemon takes connections on its own machine alone ({ws.url}): name the way in with --url.")
    return Aim(ws, http, _limits(daemon), known=True)


def _listeners(daemon: Daemon) -> dict[str, Place]:
    """Where clients connect to, as seen from here."""
    found = {}
    for listener in daemon.call("GetStatus", pb.GetStatusRequest()).listeners:
        if listener.name in ("http", "ws"):
            there = place(listener.url)
            host = _WILDCARDS.get(there.host, there.host)
            if there.host in _WILDCARDS and daemon.remote is not None:
                host = daemon.remote.host
            found[listener.name] = Place(there.scheme, host, there.port, "/")
    return found


def _websockets(where: Place) -> Place:
    """The same place for WebSockets, which the port of REST takes too."""
    scheme = {"http": "ws", "https": "wss"}.get(where.scheme, where.scheme)
    return Place(scheme, where.host, where.port, where.path)


def _is_known(where: Place, daemon: Daemon) -> bool:
    """Whether *where* is the daemon that commands ask."""
    try:
        host = daemon.remote.host if daemon.remote is not None else None
        if where.host != host and not (host is None and where.loopback):
            return False
        return any(where.port == listener.port for listener in _listeners(daemon).values())
    except Refusal:
        return False


def _limits(daemon: Daemon) -> Limits:
    answer = daemon.call("GetConfig", pb.GetConfigRequest())
    return Limits.of({value.key: _read(value.value) for value in answer.values})


def _read(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return None


@contextmanager
def target(wish: Wish, at: Aim, daemon: Daemon, job: Job, note: Callable[[str], None]) -> Iterator[Target]:
    """The target of *job*; keys that are made for it are taken back at the end, or *note* hears that they could not.

    Raises:
        Refusal: the daemon's limits do not allow it, or it makes no key.
    """
    volume = job.volume
    chosen = job.via if volume is None else way(job.via, volume, at.limits, http=at.http is not None, admin=at.known)
    run_id = secrets.token_hex(4)
    if wish.key_file is not None:
        keys = (read_secret(wish.key_file, "key"),)
        yield Target(at.ws, at.http, wish.channel, run_id, keys, chosen)
        return
    count = keys_for(job.descriptors, at.limits)
    issued: list[Any] = []
    try:
        # one by one, so that those which were made are taken back when one is not
        while len(issued) < count:
            issued.append(_issue(daemon, run_id, wish.channel, job.longest_seconds))
        yield Target(at.ws, at.http, wish.channel, run_id, tuple(each.key for each in issued), chosen)
    finally:
        _take_back([each.record.id for each in issued], daemon, note)


def _take_back(ids: list[str], daemon: Daemon, note: Callable[[str], None]) -> None:
    left = list(ids)
    try:
        while left:
            daemon.call("RevokeKey", pb.RevokeKeyRequest(id=left[0]))
            left.pop(0)
    except Refusal as refusal:
        # what the load did to the daemon must not cost the summary
        note(f"Not taken back, and good until they expire: keys {', '.join(left)}. {refusal.message}")


def _issue(daemon: Daemon, run_id: str, channel: str, seconds: float) -> Any:
    request = pb.CreateKeyRequest(
        name=f"notifyctl bench {run_id}", scopes=[f"publish:{channel}", f"subscribe:{channel}"]
    )
    request.expires_at.FromDatetime(moments.after(seconds + _KEY_SPARE_SECONDS))
    return daemon.call("CreateKey", request)
