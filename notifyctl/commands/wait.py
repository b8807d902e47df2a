"""notifyctl wait."""

import time
from typing import Annotated, Final

from notifyctl.command import Invocation, command, noun
from notifyctl.commands.status import COLUMNS
from notifyctl.exits import Refusal, Status
from notifyctl.params import duration_option
from notifyctl.showing import convert
from notifyd.v1 import admin_pb2 as pb

app = noun("Wait for something to become true.")

_PAUSE_SECONDS: Final = 0.1
#: One question may take this long before the next one is asked.
_ASK_SECONDS: Final = 2.0


@command(app, "ready", example="notifyctl wait ready --timeout 30s && notifyctl send --channel deploys done")
def ready(
    run: Invocation,
    *,
    timeout: Annotated[float, duration_option("--timeout", help="How long to wait.", show_default="30s")] = 30.0,
) -> None:
    """Wait until the daemon is there and ready to accept notifications."""
    deadline = time.monotonic() + timeout
    run.daemon.timeout_seconds = min(_ASK_SECONDS, max(timeout, _PAUSE_SECONDS))
    while (answer := _state(run)) is None or answer.state != "ready":
        if time.monotonic() + _PAUSE_SECONDS > deadline:
            raise _too_late(answer, timeout)
        time.sleep(_PAUSE_SECONDS)
    run.output.one(convert.record(answer), COLUMNS)


def _state(run: Invocation) -> pb.Status | None:
    """The daemon's status, or None while there is no daemon that answers."""
    try:
        status: pb.Status = run.daemon.call("GetStatus", pb.GetStatusRequest())
    except Refusal as refusal:
        if refusal.status not in (Status.UNREACHABLE, Status.TIMED_OUT):
            raise
        # A new daemon may come up at another place of the socket.
        run.daemon.close()
        return None
    return status


def _too_late(answer: pb.Status | None, timeout: float) -> Refusal:
    if answer is None:
        return Refusal(f"No daemon answered within {timeout:g} s.", Status.TIMED_OUT)
    broken = "; ".join(f"{engine.name}: {engine.detail}" for engine in answer.engines if not engine.healthy)
    reason = f" ({broken})" if broken else ""
    return Refusal(f"The daemon is still {answer.state}{reason} after {timeout:g} s.", Status.TIMED_OUT)
