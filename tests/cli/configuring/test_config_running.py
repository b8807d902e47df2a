"""notifyctl config show --running, config reload."""

import grpc

from notifyd.v1 import admin_pb2 as pb
from tests.cli.scripted import Admin, Ctl

VALUES = [
    pb.ConfigValue(key="server.port", value="3000", origin="flag --port"),
    pb.ConfigValue(key="log.level", value='"info"', origin="default", reloadable=True),
    pb.ConfigValue(key="keys.pepper", value="***", origin="environment NOTIFYD_KEYS_PEPPER"),
]


def test_values_have_their_types(ctl: Ctl, admin: Admin):
    admin.answers("GetConfig", pb.GetConfigResponse(values=VALUES))
    assert [record["value"] for record in ctl("config", "show", "--running", "-o", "json").json] == [
        3000,
        "info",
        "***",
    ]


def test_one_section_with_origins(ctl: Ctl, admin: Admin):
    admin.answers("GetConfig", pb.GetConfigResponse(values=VALUES))
    assert ctl("config", "show", "log", "--running", "--origin").out == "log.level\tinfo\tdefault\ttrue\n"


def test_only_what_is_no_default(ctl: Ctl, admin: Admin):
    admin.answers("GetConfig", pb.GetConfigResponse(values=VALUES))
    assert ctl("config", "show", "--running", "--changed", "-q").lines == ["server.port", "keys.pepper"]


def test_reload_says_what_waits(ctl: Ctl, admin: Admin):
    admin.answers("ReloadConfig", pb.ReloadConfigResponse(applied=["log.level"], need_restart=["server.port"]))
    assert ctl("config", "reload").out == "applied\tlog.level\nneedRestart\tserver.port\n"


def test_a_reload_of_nonsense_is_usage_and_says_all_of_it(ctl: Ctl, admin: Admin):
    admin.refuses("ReloadConfig", grpc.StatusCode.INVALID_ARGUMENT, "a.b: unknown\nc.d: unknown")
    result = ctl("config", "reload")
    assert (result.status, result.err) == (2, "Error: a.b: unknown\nc.d: unknown\n")
