"""What this process may open, looked at before a run rather than found out by it."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

from notifyctl.exits import usage

#: What Python, gRPC and the terminal hold open beside the connections.
_OTHERS: Final = 64
_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def check_descriptors(connections: int) -> None:
    """See that *connections* can be open at once, and allow it as far as this process may.

    Raises:
        Refusal: they cannot (USAGE); it says what to do.
    """
    needed = connections + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise usage(too_few(connections, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def too_few(connections: int, allowed: int) -> str:
    """The sentence that says so."""
    fit = max(0, allowed - _OTHERS)
    return (
        f"{connections} connections need {connections + _OTHERS} open files, and this process may have {allowed} "
        f"(RLIMIT_NOFILE): ask for {fit} at most, or raise it with `ulimit -Hn` as root or LimitNOFILE= of a unit."
    )


def check_ports(connections: int) -> None:
    """See that there are local ports for *connections* to one address.

    Raises:
        Refusal: there are not (USAGE).
    """
    try:
        low, high = map(int, _PORTS.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return
    if connections > high - low:
        raise usage(
            f"{connections} connections to one address need as many local ports, and this machine has {high - low} "
            "(net.ipv4.ip_local_port_range): ask for fewer, or run it from several machines."
        )
