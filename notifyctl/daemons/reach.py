"""Getting to a daemon on another machine, and saying why that failed."""

from __future__ import annotations

import socket
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import grpc

from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    import ssl

    from notifyctl.daemons.remote import Remote

#: Where a call has no deadline of its own.
_CONNECT_SECONDS: Final = 10.0
#: To find out what was wrong, beyond the time that is left.
_LEAST_PROBE_SECONDS: Final = 0.2


def open_remote(remote: Remote, options: list[tuple[str, Any]], timeout_seconds: float | None) -> grpc.Channel:
    """A connection to *remote*, which is there and is the one that it should be.

    Raises:
        Refusal: it is not (UNREACHABLE), or something of ours is missing.
    """
    within = timeout_seconds or _CONNECT_SECONDS
    deadline = time.monotonic() + within
    if remote.secure:
        credentials = grpc.ssl_channel_credentials(remote.authorities())
        if remote.server_name:
            options = [*options, ("grpc.ssl_target_name_override", remote.server_name)]
        grpc_channel = grpc.secure_channel(remote.place, credentials, options=options)
    else:
        grpc_channel = grpc.insecure_channel(remote.place, options=options)
    try:
        _await_ready(grpc_channel, remote, deadline, within)
    except BaseException:
        grpc_channel.close()
        raise
    return grpc_channel


def _await_ready(grpc_channel: grpc.Channel, remote: Remote, deadline: float, within: float) -> None:
    states: SimpleQueue[grpc.ChannelConnectivity] = SimpleQueue()
    tell = states.put
    grpc_channel.subscribe(tell, try_to_connect=True)
    try:
        while (state := states.get(timeout=max(0.0, deadline - time.monotonic()))) != grpc.ChannelConnectivity.READY:
            if state == grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                raise why_not(remote, max(_LEAST_PROBE_SECONDS, deadline - time.monotonic()))
    except Empty:
        raise _unreachable(remote, f"no answer within {within:g} s") from None
    finally:
        grpc_channel.unsubscribe(tell)


def why_not(remote: Remote, timeout_seconds: float) -> Refusal:
    """Why no connection to *remote* came about: gRPC tells that in words for its own authors."""
    import ssl

    try:
        with socket.create_connection((remote.host, remote.port), timeout_seconds) as plain:
            if remote.secure:
                with _trusting(remote).wrap_socket(plain, server_hostname=remote.server_name or remote.host):
                    pass
    except ssl.SSLCertVerificationError as exc:
        return _untrusted(remote, exc)
    except ssl.SSLError as exc:
        return _unreachable(remote, f"it does not speak TLS as expected ({exc.reason or exc})")
    except socket.gaierror:
        return _unreachable(remote, "there is no such host")
    except TimeoutError:
        return _unreachable(remote, "no answer in time")
    except OSError as exc:
        return _unreachable(remote, (exc.strerror or str(exc)).lower())
    return _unreachable(remote, "what answers there does not speak gRPC" + ("" if remote.secure else ", or wants TLS"))


def _trusting(remote: Remote) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context(cafile=remote.ca_file or None)
    context.set_alpn_protocols(["h2"])
    return context


def _untrusted(remote: Remote, problem: ssl.SSLCertVerificationError) -> Refusal:
    said = problem.verify_message.rstrip(".")
    mismatch = "mismatch" in said.lower()
    advice = (
        "name what it is issued for with --server-name"
        if mismatch
        else "name the file of the CA that issued it with --ca-file"
    )
    return Refusal(
        f"The certificate of {remote.place} is not trusted ({said}); if it is the right daemon, {advice} in `notifyctl "
        "context add --replace`.",
        Status.UNREACHABLE,
        code="untrusted",
    )


def _unreachable(remote: Remote, reason: str) -> Refusal:
    return Refusal(
        f"No daemon can be reached at {remote.place}: {reason}. It listens there when admin.remote is on.",
        Status.UNREACHABLE,
        code="unreachable",
    )
