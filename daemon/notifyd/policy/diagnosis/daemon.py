"""What to think of the daemon's own descriptors, folder and master key. Pure."""

from __future__ import annotations

from typing import Final

from notifyd.model.diagnosis import DescriptorFacts, Finding, FolderFacts, MasterKeyFacts, Verdict

_PRIVATE_BITS: Final = 0o077
_MEBIBYTE: Final = 1 << 20
_GIBIBYTE: Final = 1 << 30
#: With less than this nothing can be counted on, whatever share of the disk it is.
_LEAST_FREE_BYTES: Final = 100 * _MEBIBYTE
_SCARCE_FREE_BYTES: Final = _GIBIBYTE
_LEAST_FREE_FILES: Final = 1000
_NEARLY_ALL: Final = 0.9


def judge_descriptors(facts: DescriptorFacts) -> Finding:
    """Whether there are descriptors for all the connections that the settings allow."""
    name, found = "descriptors", f"{facts.open} of {facts.limit} file descriptors are open"
    if facts.open >= _NEARLY_ALL * facts.limit:
        advice = f"raise the limit to {facts.wanted} (LimitNOFILE= of the unit, or ulimit -n) and restart the daemon"
        return Finding(name, Verdict.FAILED, f"{found}: connections are about to be refused", advice)
    if facts.limit < facts.wanted:
        advice = (
            f"raise the limit to {facts.wanted} (LimitNOFILE= of the unit, or ulimit -n), or lower "
            "server.max_connections"
        )
        return Finding(name, Verdict.WARNING, f"{found}; server.max_connections may need {facts.wanted}", advice)
    return Finding(name, Verdict.OK, found)


def judge_folder(facts: FolderFacts) -> list[Finding]:
    """Whether the state folder is the daemon's alone, and has room."""
    return [_judge_permissions(facts), _judge_room(facts)]


def _judge_permissions(facts: FolderFacts) -> Finding:
    name, path = "state-folder", facts.path
    if facts.exposed:
        files = " ".join(map(str, facts.exposed))
        found = f"others may read {files}, and the next start refuses it"
        return Finding(name, Verdict.FAILED, found, f"chmod 600 {files}")
    if not facts.own:
        found = f"{path} belongs to another user than the one that the daemon runs as"
        return Finding(name, Verdict.WARNING, found, f"chown it to the daemon's user: {path}")
    if facts.mode & _PRIVATE_BITS:
        found = f"{path} is open to others (mode {facts.mode:04o})"
        return Finding(name, Verdict.WARNING, found, f"chmod 700 {path}")
    return Finding(name, Verdict.OK, f"{path} is the daemon's alone")


def _judge_room(facts: FolderFacts) -> Finding:
    name, found = "disk", f"{_size(facts.free_bytes)} of {_size(facts.total_bytes)} are free under {facts.path}"
    advice = "make room, move the state folder, or lower history.max_bytes and inbox.max_bytes"
    if facts.free_bytes < _LEAST_FREE_BYTES:
        return Finding(name, Verdict.FAILED, found, advice)
    if facts.free_files is not None and facts.free_files < _LEAST_FREE_FILES:
        return Finding(
            name, Verdict.FAILED, f"only {facts.free_files} more files can be made under {facts.path}", advice
        )
    if facts.free_bytes < _SCARCE_FREE_BYTES and facts.free_bytes < (1 - _NEARLY_ALL) * facts.total_bytes:
        return Finding(name, Verdict.WARNING, found, advice)
    return Finding(name, Verdict.OK, found)


def judge_master_key(facts: MasterKeyFacts) -> Finding:
    """Whether the daemon will find its master key at the next start."""
    name, path = "master-key", facts.path
    restore = f"restore {path} from a backup before the daemon stops: without it no client's secret can be opened"
    if facts.mode is None:
        return Finding(
            name, Verdict.FAILED, f"{path} is gone; the daemon goes on with what it read at its start", restore
        )
    if facts.same is None:
        return Finding(name, Verdict.FAILED, f"{path} cannot be read", "let the daemon's user read it, and nobody else")
    if not facts.same:
        return Finding(name, Verdict.FAILED, f"{path} does not hold the key in use", restore)
    if facts.mode & _PRIVATE_BITS:
        found = f"{path} can be read by others (mode {facts.mode:04o}), and the next start refuses it"
        return Finding(name, Verdict.FAILED, found, f"chmod 600 {path}")
    alike = "; every daemon on these records must have the same" if facts.shared else ""
    return Finding(name, Verdict.OK, f"{path} holds the key in use{alike}")


def _size(count: int) -> str:
    return f"{count / _GIBIBYTE:.1f} GiB" if count >= _GIBIBYTE else f"{count / _MEBIBYTE:.0f} MiB"
