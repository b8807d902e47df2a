"""logs tail, stats --watch, wait: what goes on for a while."""

import grpc
import pytest

from notifyctl.showing import tables
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


def log_record(**more: object) -> pb.LogRecord:
    made = pb.LogRecord(level="warning", event="slow_consumer", fields_json='{"connection_id":"c_1"}', **more)
    made.timestamp.FromMilliseconds(samples.NOON_MS)
    return made


def test_logs_in_a_pipe(ctl: Ctl, admin: Admin):
    admin.answers("TailLogs", [log_record()])
    assert ctl("logs", "tail").out == (
        '{"timestamp":"2026-01-30T12:00:00.123Z","level":"warning","event":"slow_consumer","logger":"",'
        '"fields":{"connection_id":"c_1"},"dropped":0}\n'
    )


def test_logs_for_reading(ctl: Ctl, admin: Admin):
    admin.answers("TailLogs", [log_record()])
    line = ctl("logs", "tail", "-o", "table").out
    assert line.split()[2:] == ["warning", "slow_consumer", "connection_id=c_1"]


def test_lost_records_are_said(ctl: Ctl, admin: Admin):
    admin.answers("TailLogs", [log_record(dropped=5)])
    assert "5 records were lost" in ctl("logs", "tail").err


def test_lost_records_are_said_where_none_is_left_to_print(ctl: Ctl, admin: Admin):
    admin.answers("TailLogs", [pb.LogRecord(dropped=5)])
    result = ctl("logs", "tail", "-f")
    assert ("5 records were lost" in result.err, result.out) == (True, "")


def test_what_logs_asks_for(ctl: Ctl, admin: Admin):
    admin.answers("TailLogs", [])
    ctl("logs", "tail", "-f", "-n", "0", "--level", "error", "--grep", "a|b")
    assert admin.requests[-1] == pb.TailLogsRequest(lines=0, follow=True, min_level="error", grep="a|b")


def test_a_bad_expression_is_usage(ctl: Ctl, admin: Admin):
    admin.refuses("TailLogs", grpc.StatusCode.INVALID_ARGUMENT, "not a regular expression")
    assert ctl("logs", "tail", "--grep", "(").status == 2


def test_stats_once(ctl: Ctl, admin: Admin):
    admin.answers("GetStats", samples.stats())
    assert ctl("stats", "-o", "json").json["connectionsByTransport"] == {"sse": 1, "websocket": 2}


def test_stats_tell_what_was_given_up_and_what_is_not_acked(ctl: Ctl, admin: Admin):
    figures = {
        "dead_letters": 7, "dead_letters_evicted": 1, "unacked": 5, "redelivered": 4, "acked": 9, "webhooks_failed": 2,
        "durable_subscriptions": 3, "requeued": 6, "dropped": 8,
    }  # fmt: skip
    admin.answers("GetStats", samples.stats(uptime_seconds=90061.123456, **figures))
    lines = ctl("stats").lines
    for line in ("deadLetters\t7", "deadLettersEvicted\t1", "unacked\t5", "redelivered\t4", "webhooksFailed\t2"):
        assert line in lines
    assert "uptimeSeconds\t90061.123" in lines
    assert lines.index("acked\t9") < lines.index("deadLetters\t7") < lines.index("connections\t3")


def test_stats_tell_of_how_many_nodes_they_are(ctl: Ctl, admin: Admin):
    admin.answers("GetStats", samples.stats(nodes=2, missing_nodes=1))
    result = ctl("stats")
    assert result.lines[-2:] == ["nodes\t2", "missingNodes\t1"]
    assert result.err == "1 node(s) did not answer in time: their figures are missing.\n"
    assert ctl("stats", "-o", "json").json["missingNodes"] == 1


def test_watching_in_a_pipe_is_ndjson(ctl: Ctl, admin: Admin):
    admin.answers("WatchStats", [samples.stats(), samples.stats(accepted=200)])
    result = ctl("stats", "--watch", "--interval", "250ms")
    assert [record["accepted"] for record in result.objects] == [100, 200]
    assert admin.requests[-1].interval_ms == 250


def test_an_interval_is_at_least_what_the_daemon_takes(ctl: Ctl, admin: Admin):
    admin.answers("WatchStats", [])
    ctl("stats", "--watch", "--interval", "1ms")
    assert admin.requests[-1].interval_ms == 100


def test_colours_go_with_no_color(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert tables.console().no_color


def test_ready_at_once(ctl: Ctl, admin: Admin):
    admin.answers("GetStatus", samples.status())
    result = ctl("wait", "ready")
    assert (result.status, "state\tready" in result.lines) == (0, True)


def test_ready_after_a_while(ctl: Ctl, admin: Admin):
    states = iter(["starting", "degraded", "ready"])
    admin.does("GetStatus", lambda *_: samples.status(state=next(states)))
    assert ctl("wait", "ready", "-q").status == 0


def test_not_ready_in_time_says_why(ctl: Ctl, admin: Admin):
    broken = pb.EngineStatus(name="queue", engine="sqlite", detail="disk full")
    admin.answers("GetStatus", samples.status(state="degraded", engines=[broken]))
    result = ctl("wait", "ready", "--timeout", "0.7s")
    assert result.status == 7
    assert "degraded (queue: disk full)" in result.err


def test_nobody_in_time(lonely: Ctl):
    assert lonely("wait", "ready", "--timeout", "0.1s").status == 7
