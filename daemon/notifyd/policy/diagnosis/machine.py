"""What to think of files, clocks, disks, ports and memory of the daemon's machine. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Final

from notifyd.model.diagnosis import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notifyd.model.machine import (
        CertificateFacts,
        ClockFacts,
        ListenerFacts,
        MemoryFacts,
        PrivateFile,
        PushFacts,
        SyncFacts,
    )

_DAY_MS: Final = 86_400_000
_MEBIBYTE: Final = 1 << 20
#: A machine whose clock says less has none that runs on without power, and nobody has set it.
_SANE_MS: Final = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
_STEP_SECONDS: Final = 1.0
#: A commit of the daemon waits for one of these, and everything accepted meanwhile goes with it.
_SLOW_SYNC_SECONDS: Final = 0.1
_DEAD_SYNC_SECONDS: Final = 1.0
_NEARLY_ALL: Final = 0.9
_RENEW_MS: Final = 14 * _DAY_MS
#: More would only be in the way.
_MOST_NAMED: Final = 5


def judge_private(files: Sequence[PrivateFile]) -> Finding:
    """Whether strangers can read what is secret, or open the admin socket."""
    name = "secret-files"
    open_ones = [file for file in files if file.mode is not None and file.mode & file.forbidden]
    if not open_ones:
        there = tuple(str(file.path) for file in files if file.mode is not None)
        return Finding(name, Verdict.OK, f"what is secret is closed to others: {_few(there) or 'nothing is there yet'}")
    found = "; ".join(f"others may use {file.path}, {file.what} (mode {file.mode:04o})" for file in open_ones)
    advice = "; ".join(f"chmod {(file.mode or 0) & ~file.forbidden:o} {file.path}" for file in open_ones)
    return Finding(name, Verdict.FAILED, found, advice)


def judge_steps(facts: ClockFacts) -> Finding:
    """Whether the wall clock runs as clocks do."""
    name, ntp = "clock-steps", "have it set by NTP (timedatectl set-ntp true)"
    if facts.now < _SANE_MS:
        said = f"{datetime.fromtimestamp(facts.now / 1000, UTC):%Y-%m-%d}"
        return Finding(name, Verdict.FAILED, f"this machine's clock says {said}: certificates and tokens fail", ntp)
    if abs(facts.stepped_seconds) < _STEP_SECONDS:
        return Finding(name, Verdict.OK, "the wall clock was not set since the daemon started")
    way = "forward" if facts.stepped_seconds > 0 else "back"
    found = (
        f"the wall clock was set {way} by {abs(facts.stepped_seconds):.1f} s since the daemon started, or the machine "
        "slept: schedules and expiry moved with it"
    )
    return Finding(name, Verdict.WARNING, found, ntp)


def judge_sync(facts: SyncFacts) -> Finding:
    """Whether the disk keeps up with a daemon that waits for it."""
    name, typical = "disk-sync", median(facts.seconds)
    rate = 1 / typical if typical else 0.0
    found = f"syncing to the state folder takes {typical * 1000:.1f} ms ({rate:.0f} a second)"
    advice = 'put the state folder on a local disk or SSD, or set broker.durability = "os"'
    if facts.durability != "fsync":
        return Finding(name, Verdict.OK, f"{found}; durability {facts.durability} does not wait for it")
    if typical >= _DEAD_SYNC_SECONDS:
        return Finding(name, Verdict.FAILED, f"{found}: every receipt waits for that", advice)
    if typical >= _SLOW_SYNC_SECONDS:
        return Finding(name, Verdict.WARNING, f"{found}: every receipt waits for that", advice)
    return Finding(name, Verdict.OK, found)


def judge_listeners(listeners: Sequence[ListenerFacts]) -> Finding:
    """Whether every port takes connections."""
    name = "listeners"
    deaf = [listener for listener in listeners if listener.problem]
    if deaf:
        found = "; ".join(f"{each.url} ({each.name}) takes no connections: {each.problem}" for each in deaf)
        return Finding(name, Verdict.FAILED, found, "see the log, and what filters connections on this machine")
    if not listeners:
        return Finding(name, Verdict.WARNING, "no port is bound yet", "wait until it is ready (notifyctl wait ready)")
    return Finding(name, Verdict.OK, f"{', '.join(each.url for each in listeners)} take connections")


def judge_backlog(asked: int, allowed: int | None) -> Finding:
    """Whether the kernel holds as many connections as the settings ask for; None where it does not tell."""
    name = "backlog"
    if allowed is None:
        return Finding(name, Verdict.OK, "the kernel does not tell how many connections it holds (somaxconn)")
    if allowed >= asked:
        return Finding(name, Verdict.OK, f"the kernel holds up to {asked} connections until they are accepted")
    found = (
        f"the kernel holds {allowed} connections until they are accepted, and server.backlog asks for {asked}: when "
        "many come back at once some are lost"
    )
    advice = f"sysctl -w net.core.somaxconn={asked} (and in /etc/sysctl.d), or lower server.backlog"
    return Finding(name, Verdict.WARNING, found, advice)


def judge_memory(facts: MemoryFacts) -> Finding:
    """Whether there is memory for all that the settings let the daemon keep."""
    name, used = "memory", f"{_size(facts.used_bytes)} in use"
    if not facts.limit_bytes:
        return Finding(name, Verdict.OK, f"{used}; nothing tells of a limit")
    of = f"{used} of {_size(facts.limit_bytes)} that the machine or the container allows"
    lower = "history.max_bytes, inbox.max_bytes and dead_letters.max_bytes"
    if facts.used_bytes >= _NEARLY_ALL * facts.limit_bytes:
        found = f"{of}: the kernel ends the daemon when it is more"
        return Finding(name, Verdict.FAILED, found, f"allow more (MemoryMax= of the unit), or lower {lower}")
    if facts.kept_bytes > facts.limit_bytes:
        found = f"{of}; the settings let it keep {_size(facts.kept_bytes)}"
        return Finding(name, Verdict.WARNING, found, f"allow more (MemoryMax= of the unit), or lower {lower}")
    return Finding(name, Verdict.OK, of)


def judge_certificate(facts: CertificateFacts, now: int) -> Finding:
    """Whether clients will accept the certificate, and for how long."""
    name, path = "tls", facts.path
    renew = "renew it, then notifyctl config reload"
    days = (facts.ends_at - now) // _DAY_MS
    until = f"{datetime.fromtimestamp(facts.ends_at / 1000, UTC):%Y-%m-%d}"
    problems = (
        (not facts.key_fits, f"server.tls_key is not the key of {path}", "put the two of one pair there"),
        (facts.begins_at > now, f"{path} is not valid yet", "see whether this machine's clock is right"),
        (facts.ends_at <= now, f"{path} has expired on {until}: clients refuse it", renew),
        (not facts.names, f"{path} names no host (subjectAltName): clients refuse it", "have one made for its names"),
        (
            not facts.chain_fits,
            f"the certificates in {path} do not sign each other in their order: clients may refuse it",
            "put its own certificate first, and behind each the one that signed it",
        ),
    )
    for wrong, found, advice in problems:
        if wrong:
            return Finding(name, Verdict.FAILED, found, advice)
    if facts.loaded_ends_at != facts.ends_at:
        return Finding(name, Verdict.WARNING, f"{path} is newer than what is in use", "notifyctl config reload")
    if facts.ends_at - now < _RENEW_MS:
        return Finding(name, Verdict.WARNING, f"{path} ends in {days} days, on {until}", renew)
    said = f"{path} for {_few(facts.names)} is good until {until}"
    if facts.self_signed:
        found = f"{said}; it is signed by itself, so that only clients that were told of it accept it"
        return Finding(name, Verdict.WARNING, found, "get one from an authority, or hand it to every client")
    return Finding(name, Verdict.OK, said)


def judge_push(facts: PushFacts) -> Finding:
    """Whether the push provider will know the daemon."""
    name = "push"
    if facts.key_problem:
        advice = "take private_key from the service account's JSON file again, line breaks and all"
        return Finding(name, Verdict.FAILED, f"push.firebase_private_key {facts.key_problem}", advice)
    if not facts.client_email.endswith(".gserviceaccount.com"):
        found = f"push.firebase_client_email is {facts.client_email!r}, which is no service account's"
        return Finding(name, Verdict.WARNING, found, "take client_email from the service account's JSON file")
    if facts.paused_seconds > 0:
        found = f"the provider is left alone for {facts.paused_seconds:.0f} s more, after what it answered"
        return Finding(name, Verdict.WARNING, found, "notifyctl logs tail --grep push tells what it said")
    return Finding(name, Verdict.OK, f"the key of {facts.client_email} can sign")


def judge_leftovers(paths: Sequence[Path]) -> Finding:
    """Whether something lies in the state folder that nobody needs any more."""
    name = "leftovers"
    if not paths:
        return Finding(name, Verdict.OK, "nothing is left over in the state folder")
    found = f"left over from what was broken off: {_few(tuple(map(str, paths)))}"
    return Finding(name, Verdict.WARNING, found, f"remove them: rm {' '.join(map(str, paths[:_MOST_NAMED]))}")


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _size(count: int) -> str:
    return f"{count / _MEBIBYTE:.0f} MiB"
