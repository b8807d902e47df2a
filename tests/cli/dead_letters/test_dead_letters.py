"""notifyctl dead-letters."""

import json
import stat
from pathlib import Path

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli import samples
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl
from tests.cli.test_confirming import on_a_terminal

PLAIN = (
    "n_1.abc\tsubscription\tack_timeout\torders\t\tworker\t3\t2026-01-30T12:00:00.123Z\tno ack within 30 s\t"
    "default\tchannel\tn_1\t\n"
)
WHOLE = (
    '{"id":"n_1.abc","clientId":"default","stage":"subscription","notificationId":"n_1","kind":"channel",'
    '"channel":"orders","reason":"ack_timeout","error":"no ack within 30 s","attempts":3,'
    '"diedAt":"2026-01-30T12:00:00.123Z","userId":"","durable":"worker","connectionId":"",'
    '"position":{"epoch":"e1","offset":7},"priority":5,"acceptedAt":null,"expiresAt":null,'
)


def listed(admin: Admin, *letters: types_pb2.DeadLetter, total: int = 0) -> None:
    admin.answers("ListDeadLetters", pb.ListDeadLettersResponse(dead_letters=letters, total=total or len(letters)))


def test_a_pipe_gets_tabs(ctl: Ctl, admin: Admin):
    listed(admin, samples.dead_letter())
    assert ctl("dead-letters", "list").out == PLAIN


def test_programs_get_objects(ctl: Ctl, admin: Admin):
    listed(admin, samples.dead_letter())
    rest = '"data":null,"metadata":null,"timeline":[],"requestId":""}\n'
    assert ctl("dead-letters", "list", "-o", "ndjson").out == WHOLE + rest


def test_a_terminal_gets_a_table(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    listed(admin, samples.dead_letter())
    header, row = ctl("dead-letters", "list", "-o", "table").lines
    assert header.split()[:4] == ["ID", "Stage", "Reason", "Channel"]
    assert row.split()[:4] == ["n_1.abc", "subscription", "ack_timeout", "orders"]


def test_ids_alone(ctl: Ctl, admin: Admin):
    listed(admin, samples.dead_letter(), samples.dead_letter(id="n_2"))
    assert ctl("dead-letters", "list", "-q").out == "n_1.abc\nn_2\n"


def test_every_filter_is_handed_over(ctl: Ctl, admin: Admin):
    listed(admin)
    ctl(
        "dead-letters", "list", "--stage", "push", "--reason", "UNREGISTERED", "--channel", "c", "--user", "alice",
        "--notification", "n_1", "--since", "2026-01-30T11:00:00Z", "--until", "2026-01-30T12:00:00Z", "-n", "7",
        "--after", "n_0",
    )  # fmt: skip
    asked = admin.requests[-1]
    assert (asked.filter.stage, asked.filter.reason, asked.filter.channel) == ("push", "UNREGISTERED", "c")
    assert (asked.filter.user_id, asked.filter.notification_id) == ("alice", "n_1")
    assert asked.filter.since.ToJsonString() == "2026-01-30T11:00:00Z"
    assert asked.filter.until.ToJsonString() == "2026-01-30T12:00:00Z"
    assert (asked.limit, asked.after) == (7, "n_0")


def test_what_was_not_listed_is_said(ctl: Ctl, admin: Admin):
    listed(admin, samples.dead_letter(), total=9)
    assert "1 of 9" in ctl("dead-letters", "list", "-n", "1").err
    assert "--after n_1.abc" in ctl("dead-letters", "list", "-n", "1").err


def test_an_unknown_client_is_3(ctl: Ctl, admin: Admin):
    listed(admin)
    admin.refuses("GetClient", grpc.StatusCode.NOT_FOUND, "no such client")
    assert ctl("dead-letters", "list", "--client", "nope").status == 3
    assert ctl("dead-letters", "list").status == 0


@pytest.fixture
def _shown(admin: Admin):
    timeline = [
        samples.happening("dispatched", detail="2 connections"),
        samples.happening("ack_timed_out", receiver="worker", attempt=1),
        samples.happening("dead", receiver="worker", detail=HOSTILE),
    ]
    admin.answers("GetDeadLetter", samples.dead_letter(data_json='{"total":17}', timeline=timeline))


@pytest.mark.usefixtures("_shown")
def test_one_is_shown_with_its_timeline(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    result = ctl("dead-letters", "show", "n_1.abc", "-o", "table")
    rows = [line.split() for line in result.lines]
    assert ["Data", '{"total":17}'] in rows
    assert ["Error", "no", "ack", "within", "30", "s"] in rows
    assert rows[-4] == ["Time", "Event", "User", "Receiver", "Try", "Detail"]
    assert rows[-2][2:] == ["ack_timed_out", "-", "worker", "1", "-"]
    assert HOSTILE not in result.out


@pytest.mark.usefixtures("_shown")
def test_one_for_programs(ctl: Ctl):
    record = ctl("dead-letters", "show", "n_1.abc", "-o", "json").json
    assert record["data"] == {"total": 17}
    assert [event["event"] for event in record["timeline"]] == ["dispatched", "ack_timed_out", "dead"]
    assert ctl("dead-letters", "show", "n_1.abc", "-q").out == "n_1.abc\n"


def retried(*ids: str, refused: dict[str, str] | None = None) -> pb.RetryDeadLettersResponse:
    results = [pb.Retried(id=each, notification_id=f"{each}!") for each in ids]
    results += [
        pb.Retried(id=each, refused=pb.Problem(code=code, message="It may not be"))
        for each, code in (refused or {}).items()
    ]
    return pb.RetryDeadLettersResponse(results=results, retried=len(ids))


def test_retrying_those_named(ctl: Ctl, admin: Admin):
    admin.answers("RetryDeadLetters", retried("a", "b"))
    assert ctl("dead-letters", "retry", "a", "b", "a", "--ttl", "1h").out == "a\ta!\t\t\nb\tb!\t\t\n"
    assert admin.requests == [pb.RetryDeadLettersRequest(ids=["a", "b"], ttl_ms=3_600_000)]
    assert ctl("dead-letters", "retry", "a", "-q").out == "a!\nb!\n"
    assert not admin.requests[-1].HasField("ttl_ms")


@pytest.mark.parametrize(
    "piped",
    [b"a\nb\n", PLAIN.replace("n_1.abc", "a").encode() + b"\nb\r\n", b'{"id":"a","reason":"x"}\n{"id":"b"}\n'],
    ids=["ids", "plain", "ndjson"],
)
def test_ids_are_read_from_what_other_commands_print(ctl: Ctl, admin: Admin, piped: bytes):
    admin.answers("RetryDeadLetters", retried("a", "b"))
    assert ctl("dead-letters", "retry", "-", stdin=piped).status == 0
    assert list(admin.requests[-1].ids) == ["a", "b"]


@pytest.mark.parametrize("piped", [b'{"id":1}\n', b"{\n", b"a\n{}\n"])
def test_a_line_without_an_id_is_usage(ctl: Ctl, admin: Admin, piped: bytes):
    assert ctl("dead-letters", "retry", "-", stdin=piped).status == 2
    assert admin.requests == []


def test_no_ids_are_nothing_to_do(ctl: Ctl, admin: Admin):
    assert ctl("dead-letters", "retry", "-").status == 0
    assert admin.requests == []


def test_many_ids_go_in_several_calls(ctl: Ctl, admin: Admin):
    admin.does("DropDeadLetters", lambda request, _: pb.DropDeadLettersResponse(dropped=request.ids))
    piped = "".join(f"d{number}\n" for number in range(1001)).encode()
    result = ctl("dead-letters", "drop", "-", "--yes", "-q", stdin=piped)
    assert result.out.encode() == piped
    assert [len(request.ids) for request in admin.requests] == [500, 500, 1]


def test_what_was_done_before_the_daemon_went_away_is_told(ctl: Ctl, admin: Admin):
    def drop(request: pb.DropDeadLettersRequest, context: grpc.ServicerContext) -> pb.DropDeadLettersResponse:
        if "d0" not in request.ids:
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        return pb.DropDeadLettersResponse(dropped=request.ids)

    admin.does("DropDeadLetters", drop)
    piped = "".join(f"d{number}\n" for number in range(501)).encode()
    result = ctl("dead-letters", "drop", "-", "--yes", "-q", stdin=piped)
    assert (result.status, len(result.lines)) == (8, 500)
    assert "Not all was done" in result.err


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (retried(refused={"a": "dead_letter_not_found"}), 3),
        (retried(refused={"a": "conflict"}), 5),
        (retried("a", refused={"b": "dead_letter_not_found"}), 8),
        (retried(refused={"a": "conflict", "b": "dead_letter_not_found"}), 1),
        (retried(refused={"a": "queue_full"}), 9),
    ],
)
def test_how_a_retry_ends(ctl: Ctl, admin: Admin, answer: pb.RetryDeadLettersResponse, status: int):
    admin.answers("RetryDeadLetters", answer)
    result = ctl("dead-letters", "retry", "a", "b", "-o", "json")
    assert (result.status, len(result.json)) == (status, len(answer.results))
    assert result.error["message"].startswith("1 of 2" if status == 8 else "")


def test_how_a_drop_ends(ctl: Ctl, admin: Admin):
    admin.answers("DropDeadLetters", pb.DropDeadLettersResponse(dropped=["a"], not_found=["b"]))
    result = ctl("dead-letters", "drop", "a", "b", "--yes")
    assert (result.status, result.out) == (8, "a\n")
    admin.answers("DropDeadLetters", pb.DropDeadLettersResponse(not_found=["b"]))
    assert ctl("dead-letters", "drop", "b", "--yes").status == 3


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_all_needs_a_word_even_of_one_client(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch, verb: str):
    assert ctl("dead-letters", verb, "--yes").status == 2
    monkeypatch.setenv("NOTIFYCTL_CLIENT", "acme")
    assert ctl("dead-letters", verb, "--yes").status == 2
    assert admin.requests == []
    listed(admin, total=1)
    admin.answers("RetryDeadLetters", retried("a"))
    admin.answers("DropDeadLetters", pb.DropDeadLettersResponse(dropped=["a"]))
    assert ctl("dead-letters", verb, "--all", "--yes").status == 0
    assert admin.requests[-1].filter.client_id == "acme"
    assert ctl("dead-letters", verb, "a", "--yes").status == 0
    assert not admin.requests[-1].HasField("filter")


def test_where_nobody_can_be_asked_a_filter_needs_yes(ctl: Ctl, admin: Admin):
    assert ctl("dead-letters", "retry", "--stage", "push").status == 2
    assert ctl("dead-letters", "drop", "a").status == 2
    assert admin.requests == []


def test_a_person_is_asked_with_the_count(admin: Admin):
    listed(admin, samples.dead_letter(), total=17)
    admin.answers("DropDeadLetters", pb.DropDeadLettersResponse(dropped=["a"]))
    status, shown = on_a_terminal(admin, b"y\n", "dead-letters", "drop", "--all")
    assert status == 0
    assert "Dropping 17 dead letters? [y/N]" in shown
    # nothing goes that died after the question
    assert admin.requests[-1].filter == admin.requests[0].filter
    assert admin.requests[-1].filter.HasField("until")


def test_a_person_is_not_asked_about_nothing(admin: Admin):
    listed(admin)
    status, shown = on_a_terminal(admin, b"", "dead-letters", "retry", "--reason", "nacked")
    assert (status, "No dead letter fits." in shown) == (0, True)


def test_a_choice_of_more_than_the_daemon_takes_at_once(ctl: Ctl, admin: Admin):
    listed(admin, total=5)
    batches = iter([["a", "b"], ["c", "d"], ["e"]])
    admin.does("DropDeadLetters", lambda *_: pb.DropDeadLettersResponse(dropped=next(batches)))
    assert ctl("dead-letters", "drop", "--all", "--yes", "-q").out == "a\nb\nc\nd\ne\n"


def test_what_cannot_be_retried_is_asked_about_once(ctl: Ctl, admin: Admin):
    listed(admin, total=3)
    admin.answers("RetryDeadLetters", retried(refused={"a": "expired", "b": "expired"}))
    assert ctl("dead-letters", "retry", "--stage", "push", "--yes").status == 5
    assert len(admin.requests) == 2


def exported(admin: Admin) -> None:
    admin.answers("ExportDeadLetters", [samples.dead_letter(data_json='{"a":1}'), samples.dead_letter(id="n_2")])


def test_an_export_is_ndjson_whatever_is_asked_for(ctl: Ctl, admin: Admin):
    exported(admin)
    result = ctl("dead-letters", "export", "--stage", "subscription", "-o", "table")
    assert result.out.startswith(WHOLE + '"data":{"a":1}')
    assert [letter["id"] for letter in result.objects] == ["n_1.abc", "n_2"]
    assert admin.requests[-1].filter.stage == "subscription"


def test_an_export_to_a_file_of_its_own(ctl: Ctl, admin: Admin, tmp_path: Path):
    exported(admin)
    place = tmp_path / "dead.ndjson"
    result = ctl("dead-letters", "export", "--out", str(place))
    assert (result.status, result.out) == (0, "")
    assert "2 dead letters written" in result.err
    assert [json.loads(line)["id"] for line in place.read_text().splitlines()] == ["n_1.abc", "n_2"]
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    again = ctl("dead-letters", "export", "--out", str(place))
    assert again.status == 5
    assert "written" not in again.err


def test_an_export_that_breaks_off_keeps_what_it_has(ctl: Ctl, admin: Admin):
    def export(_: object, context: grpc.ServicerContext) -> object:
        yield samples.dead_letter()
        context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    admin.does("ExportDeadLetters", export)
    result = ctl("dead-letters", "export")
    assert (result.status, len(result.objects)) == (8, 1)
    admin.refuses("ExportDeadLetters", grpc.StatusCode.UNAVAILABLE, "gone")
    assert ctl("dead-letters", "export").status == 6
