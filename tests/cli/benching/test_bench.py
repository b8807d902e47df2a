"""The command line of `notifyctl bench`, without load: what is refused before there is any."""

import pytest

from notifyctl.exits import Status
from notifyd.v1 import admin_pb2 as pb
from tests.cli.scripted import Admin, Ctl

LISTENERS = [
    pb.Listener(name="http", url="http://127.0.0.1:1"),
    pb.Listener(name="ws", url="ws://0.0.0.0:1"),
    pb.Listener(name="admin", url="unix:/a.sock"),
]
LIMITED = {"limits.enabled": "true", "limits.requests_per_minute": "60", "limits.burst": "60"}
FREE = LIMITED | {"limits.enabled": "false"}


def runs(admin: Admin, settings: dict[str, str]) -> None:
    """A daemon with these settings, behind whose ports is nobody."""
    admin.answers("GetStatus", pb.Status(listeners=LISTENERS))
    values = [pb.ConfigValue(key=key, value=value) for key, value in settings.items()]
    admin.answers("GetConfig", pb.GetConfigResponse(values=values))
    admin.answers("CreateKey", pb.IssuedKey(key="secret", record={"id": "k1"}))
    admin.answers("RevokeKey", pb.RevokeKeyRequest())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["publish", "--slo", "p99<5"], "--slo: 'p99<5': '5' is not a length of time such as 50ms."),
        (["publish", "--count", "5", "--duration", "1s"], "Give --count or --duration, not both."),
        (["publish", "--count", "10", "--batch", "3"], "--count is a multiple of --batch: 10 is none of 3."),
        (["publish", "--duration", "10ms"], "--duration is between 100ms and 1d."),
        (["publish", "--rate", "fast"], "'fast' is no rate; write 500, 2k or 90/m"),
        (["publish", "--size", "2g"], "'2g' is no size; write 200, 4k or 1MiB"),
        (["connect", "--url", "ftp://x", "--key-file", "-"], "--url begins with ws://, wss://, http:// or https://"),
        (["connect", "--url", "ws://x:y", "--key-file", "-"], "ws://x:y is no URL"),
        (["connect", "--url", "ws://k@x", "--key-file", "-"], "the key comes from --key-file"),
        (["connect", "--url", "ws://x"], "--url needs --key-file"),
        (["connect", "--key-file", "-"], "--key-file goes with --url"),
        (["connect", "--connections", "100000"], "(RLIMIT_NOFILE)"),
        (["connect", "--url", "ws://192.0.2.1:1", "--key-file", "-"], "Putting load on ws://192.0.2.1:1 needs --yes"),
        (["publish", "--via", "http"], "limits.requests_per_minute"),
        (
            ["publish", "--via", "websocket", "--rate", "100"],
            "and this run would make 1100: it would measure",
        ),
    ],
)
def test_what_is_refused_before_there_is_load(ctl: Ctl, admin: Admin, args: list[str], said: str):
    runs(admin, LIMITED)
    done = ctl("bench", *args)
    assert (done.status, done.out) == (Status.USAGE, "")
    assert said in done.err
    assert not any(isinstance(request, pb.CreateKeyRequest) for request in admin.requests)


def test_a_key_is_made_for_the_run_and_taken_back_whatever_happens(ctl: Ctl, admin: Admin):
    runs(admin, FREE)
    done = ctl("bench", "fanout", "-o", "json")
    assert done.status == Status.UNREACHABLE
    assert done.error["message"] == "ws://127.0.0.1:1 cannot be reached: connection refused."
    (asked,) = (request for request in admin.requests if isinstance(request, pb.CreateKeyRequest))
    assert list(asked.scopes) == ["publish:bench", "subscribe:bench"]
    assert asked.HasField("expires_at")
    assert admin.requests[-1] == pb.RevokeKeyRequest(id="k1")


def test_no_daemon_is_said_as_elsewhere(lonely: Ctl):
    done = lonely("bench", "latency")
    assert done.status == Status.UNREACHABLE
    assert "No daemon answers" in done.err
