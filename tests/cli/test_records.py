"""notifyctl records."""

import json
import stat
from pathlib import Path

import grpc

from notifyd.v1 import admin_pb2 as pb
from tests.cli.scripted import Admin, Ctl
from tests.cli.test_confirming import on_a_terminal

HEADER = b'{"type":"header","format":"notifyd-records","version":1}\n'
CLIENT = b'{"type":"client","id":"default"}\n'
END = b'{"type":"end","clients":1,"keys":2,"devices":3,"digest":"sha256:ab"}\n'


def tells(admin: Admin, *lines: bytes) -> None:
    admin.answers("ExportRecords", [pb.RecordLines(lines=line) for line in lines])


def takes(admin: Admin, *, digest_here: str = "sha256:ab") -> list[pb.ImportRecordsRequest]:
    """Answer an import; what it was asked comes into the list."""
    asked: list[pb.ImportRecordsRequest] = []

    def script(requests, context):
        asked.extend(requests)
        yield pb.ImportRecordsResponse(
            added=pb.RecordCounts(clients=1, keys=2, devices=3),
            here=pb.RecordCounts(clients=1, keys=2, devices=3),
            digest="sha256:ab",
            digest_here=digest_here,
        )

    admin.does("ImportRecords", script)
    return asked


def test_lines_go_to_stdout_as_they_come_and_the_counts_to_stderr(ctl: Ctl, admin: Admin):
    tells(admin, HEADER + CLIENT, END)
    done = ctl("records", "export")
    assert done.out.encode() == HEADER + CLIENT + END
    assert done.err == "1 client, 2 keys, 3 devices; sha256:ab.\n"


def test_a_file_is_new_and_its_owners_alone(ctl: Ctl, admin: Admin, tmp_path: Path):
    tells(admin, HEADER, CLIENT, END)
    file = tmp_path / "house.ndjson"
    assert ctl("records", "export", str(file)).status == 0
    assert file.read_bytes() == HEADER + CLIENT + END
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ctl("records", "export", str(file)).status == 5


def test_an_export_that_breaks_off_says_so(ctl: Ctl, admin: Admin):
    def broken(request, context):
        yield pb.RecordLines(lines=HEADER)
        context.abort(grpc.StatusCode.UNAVAILABLE, "MongoDB is away")

    admin.does("ExportRecords", broken)
    done = ctl("records", "export")
    assert (done.status, "cut off" in done.err) == (8, True)


def test_a_file_is_handed_over_in_parts(ctl: Ctl, admin: Admin, tmp_path: Path):
    asked = takes(admin)
    file = tmp_path / "house.ndjson"
    file.write_bytes(b"x" * 600_000)
    done = ctl("records", "import", str(file), "-o", "json")
    assert done.json == {
        "added": {"clients": 1, "keys": 2, "devices": 3},
        "replaced": {"clients": 0, "keys": 0, "devices": 0},
        "unchanged": {"clients": 0, "keys": 0, "devices": 0},
        "here": {"clients": 1, "keys": 2, "devices": 3},
        "digest": "sha256:ab",
        "digestHere": "sha256:ab",
    }
    assert b"".join(request.part for request in asked) == b"x" * 600_000
    assert len(asked) == 4
    assert (asked[0].overwrite, asked[0].dry_run, done.err) == (False, False, "")


def test_stdin_is_read_too(ctl: Ctl, admin: Admin):
    asked = takes(admin, digest_here="sha256:cd")
    done = ctl("records", "import", "-", "--dry-run", "-q", stdin=b"lines")
    assert (done.out, [request.part for request in asked]) == ("sha256:cd\n", [b"", b"lines"])
    assert asked[0].dry_run
    assert "dry run" in done.err


def test_other_records_beside_those_of_the_file_are_told(ctl: Ctl, admin: Admin):
    takes(admin, digest_here="sha256:cd")
    assert "digests differ" in ctl("records", "import", "-", stdin=b"lines").err


def test_overwriting_asks_first(ctl: Ctl, admin: Admin, tmp_path: Path):
    asked = takes(admin)
    file = tmp_path / "house.ndjson"
    file.write_bytes(b"lines")
    assert ctl("records", "import", str(file), "--overwrite").status == 2
    assert asked == []
    assert ctl("records", "import", str(file), "--overwrite", "--yes").status == 0
    assert asked[0].overwrite
    asked.clear()
    status, shown = on_a_terminal(admin, b"n\n", "records", "import", str(file), "--overwrite")
    assert (status, asked) == (1, [])
    assert "Overwrite what differs from the file? [y/N]" in shown


def test_records_that_differ_are_a_conflict(ctl: Ctl, admin: Admin):
    admin.refuses(
        "ImportRecords", grpc.StatusCode.FAILED_PRECONDITION, "2 of the records are here otherwise",
        notifyd_code="records_differ",
    )  # fmt: skip
    done = ctl("records", "import", "-", "-o", "json", stdin=b"lines")
    assert (done.status, json.loads(done.err)["error"]["code"]) == (5, "records_differ")


def test_a_file_that_is_not_there_is_told(ctl: Ctl, admin: Admin, tmp_path: Path):
    done = ctl("records", "import", str(tmp_path / "none"))
    assert (done.status, "No such file" in done.err) == (1, True)


def test_the_digest_can_be_compared(ctl: Ctl, admin: Admin):
    tells(admin, END)
    assert ctl("records", "check").out == "clients\t1\nkeys\t2\ndevices\t3\ndigest\tsha256:ab\n"
    assert admin.requests[-1].digest_only
    assert ctl("records", "check", "-q").out == "sha256:ab\n"
