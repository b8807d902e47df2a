"""Whom a run is put on: the daemon of the admin socket, with keys made for the run, or the one at a URL."""

from __future__ import annotations

import secrets
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notifyctl import moments
from notifyctl.benching.limits import Limits, keys_for, way
from notifyctl.benching.place import Place, place
from notifyctl.benching.plan import Target
from notifyctl.exits import Refusal, Status
from notifyctl.payload import usage
from notifyctl.secret_files import read_secret
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyctl.benching.plan import Job
    from notifyctl.client import Daemon

#: A key that could not be taken back is good for so much longer than the run.
_KEY_SPARE_SECONDS: Final = 3600.0
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True)
class Wish:
    """What the operator said of the target."""

    url: str | None = None
    key_file: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Aim:
    """The place, and what is known of the daemon there."""

    ws: Place
    http: Place | None
    limits: Limits
    #: The daemon's admin socket is at hand: keys, figures and publishing come from there.
    local: bool


def aim(wish: Wish, daemon: Daemon) -> Aim:
    """Where the load goes.

    Raises:
        Refusal: the daemon cannot be found, or the options do not fit together.
    """
    if wish.url is None:
        if wish.key_file is not None:
            raise usage("--key-file goes with --url: a daemon found by its admin socket makes a key for the run.")
        listeners = _listeners(daemon)
        ws, http = listeners.get("ws"), listeners.get("http")
        found = ws or http
        if found is None:
            raise Refusal("The daemon has no port for connections.", Status.CONFLICT, code="conflict")
        return Aim(found, http, _limits(daemon), local=True)
    where = place(wish.url)
    local = _is_here(where, daemon)
    if wish.key_file is None and not local:
        raise usage("--url needs --key-file with an API key, unless the daemon's admin socket is at hand.")
    http_too = where.scheme in ("http", "https")
    ws = Place({"http": "ws", "https": "wss"}.get(where.scheme, where.scheme), where.host, where.port, where.path)
    return Aim(ws, where if http_too else None, _limits(daemon) if local else Limits(), local=local)


def _listeners(daemon: Daemon) -> dict[str, Place]:
    found = {}
    for listener in daemon.call("GetStatus", pb.GetStatusRequest()).listeners:
        if listener.name in ("http", "ws"):
            there = place(listener.url)
            found[listener.name] = Place(there.scheme, _WILDCARDS.get(there.host, there.host), there.port, "/")
    if "ws" not in found and "http" in found:
        http = found["http"]
        found["ws"] = Place("wss" if http.secure else "ws", http.host, http.port, "/")
    return found


def _is_here(where: Place, daemon: Daemon) -> bool:
    """Whether *where* is the daemon of the admin socket."""
    if not where.loopback:
        return False
    try:
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
def target(wish: Wish, at: Aim, daemon: Daemon, job: Job) -> Iterator[Target]:
    """The target of *job*; keys that are made for it are taken back at the end.

    Raises:
        Refusal: the daemon's limits do not allow it, or it makes no key.
    """
    volume = job.volume
    chosen = job.via if volume is None else way(job.via, volume, at.limits, http=at.http is not None, admin=at.local)
    run_id = secrets.token_hex(4)
    channel = wish.channel or f"bench.{run_id}"
    if wish.key_file is not None:
        keys = (read_secret(wish.key_file, "key"),)
        yield Target(at.ws, at.http, channel, run_id, keys, chosen)
        return
    count = keys_for(job.descriptors, at.limits)
    issued: list[Any] = []
    try:
        # one by one, so that those which were made are taken back when one is not
        while len(issued) < count:
            issued.append(_issue(daemon, run_id, channel, job.longest_seconds))
        yield Target(at.ws, at.http, channel, run_id, tuple(each.key for each in issued), chosen)
    finally:
        for each in issued:
            daemon.call("RevokeKey", pb.RevokeKeyRequest(id=each.record.id))


def _issue(daemon: Daemon, run_id: str, channel: str, seconds: float) -> Any:
    request = pb.CreateKeyRequest(
        name=f"notifyctl bench {run_id}", scopes=[f"publish:{channel}", f"subscribe:{channel}"]
    )
    request.expires_at.FromDatetime(moments.after(seconds + _KEY_SPARE_SECONDS))
    return daemon.call("CreateKey", request)
