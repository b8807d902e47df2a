from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


def test_plain_is_a_name_a_tab_and_a_value(ctl: Ctl, admin: Admin) -> None:
    admin.answers("GetStatus", samples.status())
    result = ctl("status")
    assert result.status == 0
    assert "state\tready" in result.lines
    assert "queued\t1099511627776" in result.lines


def test_json_has_numbers_and_instants(ctl: Ctl, admin: Admin) -> None:
    admin.answers("GetStatus", samples.status())
    record = ctl("status", "-o", "json").json
    assert record["queued"] == 2**40
    assert record["startedAt"] == "2026-01-30T12:00:00.123Z"
    assert record["engines"] == [{"name": "queue", "engine": "sqlite", "healthy": True, "detail": ""}]


def test_table_names_the_unhealthy_engine(ctl: Ctl, admin: Admin) -> None:
    broken = samples.pb.EngineStatus(name="records", engine="sqlite", detail="disk full")
    admin.answers("GetStatus", samples.status(engines=[broken]))
    assert "records sqlite (unhealthy: disk full)" in ctl("status", "-o", "table").out


def test_quiet_prints_nothing(ctl: Ctl, admin: Admin) -> None:
    admin.answers("GetStatus", samples.status())
    assert ctl("status", "-q").out == ""
