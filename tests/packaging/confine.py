"""Runs a program as a unit of systemd would: `python confine.py CALLS FAMILIES COMMAND...`.

Only the system calls CALLS are allowed, joined by commas, only sockets of FAMILIES, and no memory is writable and
executable. A program of its own, because none of it can be taken back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_EQUAL = 4
_MOST_FAMILIES = 64
_SET_MDWE, _REFUSE_EXEC_GAIN = 65, 1


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp of libseccomp."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def confine(calls: list[str], families: list[str]) -> None:
    """From here on nothing else is possible.

    Raises:
        OSError: the kernel or libseccomp refuses.
    """
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ERRNO | errno.EPERM)))
    opened = library.seccomp_syscall_resolve_name(b"socket")
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != opened:
            # names of other architectures have no number here
            library.seccomp_rule_add_array(context, ctypes.c_uint32(_ALLOW), number, 0, None)
    allowed = [int(getattr(socket, name)) for name in families]
    for family in range(_MOST_FAMILIES):
        action = _ALLOW if family in allowed else _ERRNO | errno.EAFNOSUPPORT
        rule = Comparison(0, _EQUAL, family, 0)
        _check(library.seccomp_rule_add_array(context, ctypes.c_uint32(action), opened, 1, ctypes.byref(rule)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0):
        # kernels before 6.3 do not know it
        sys.stderr.write('{"event":"no_mdwe","level":"info"}\n')
    _check(library.seccomp_load(context))


def _check(status: int) -> None:
    if status:
        raise OSError(-status, os.strerror(-status))


if __name__ == "__main__":
    confine(sys.argv[1].split(","), sys.argv[2].split(","))
    os.execvp(sys.argv[3], sys.argv[3:])
