from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notifyd.model.diagnosis import Finding, Verdict
from notifyd.model.machine import (
    CertificateFacts,
    ClockFacts,
    ListenerFacts,
    MemoryFacts,
    PrivateFile,
    PushFacts,
    SyncFacts,
)
from notifyd.policy.diagnosis.machine import (
    judge_backlog,
    judge_certificate,
    judge_leftovers,
    judge_listeners,
    judge_memory,
    judge_private,
    judge_push,
    judge_steps,
    judge_sync,
)

OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED
NOW = 1_795_000_000_000
DAY = 86_400_000
GIB = 1 << 30


def says_what_to_do(finding: Finding) -> bool:
    """Whether it does where there is something to be done, and only there."""
    return bool(finding.advice) is (finding.verdict is not OK)


def private(mode: int | None, forbidden: int = 0o007, path: str = "/etc/notifyd/tls.key") -> PrivateFile:
    return PrivateFile(Path(path), "the key of the certificate", mode, forbidden)


@pytest.mark.parametrize(
    ("mode", "forbidden", "advice"),
    [
        (None, 0o007, ""),
        (0o640, 0o007, ""),
        (0o644, 0o007, "chmod 640 /etc/notifyd/tls.key"),
        (0o660, 0o077, "chmod 600 /etc/notifyd/tls.key"),
    ],
)
def test_files_with_secrets(mode: int | None, forbidden: int, advice: str) -> None:
    finding = judge_private([private(0o600), private(mode, forbidden)])
    assert (finding.verdict, finding.advice) == (FAILED if advice else OK, advice)


@pytest.mark.parametrize(
    ("stepped", "verdict", "words"),
    [(0.3, OK, "not set"), (2.5, WARNING, "forward by 2.5 s"), (-70.0, WARNING, "back by 70.0 s")],
)
def test_steps_of_the_clock(stepped: float, verdict: Verdict, words: str) -> None:
    finding = judge_steps(ClockFacts(NOW, stepped))
    assert (finding.verdict, says_what_to_do(finding)) == (verdict, True)
    assert words in finding.found


def test_a_clock_that_nobody_has_set() -> None:
    finding = judge_steps(ClockFacts(86_400_000, 0.0))
    assert finding.verdict is FAILED
    assert "1970-01-02" in finding.found


@pytest.mark.parametrize(
    ("seconds", "durability", "verdict"),
    [
        ((0.001, 0.002, 5.0), "fsync", OK),
        ((0.2, 0.3, 0.1), "fsync", WARNING),
        ((1.5, 2.0), "fsync", FAILED),
        ((1.5, 2.0), "os", OK),
        ((0.0,), "fsync", OK),
    ],
)
def test_the_speed_of_the_disk(seconds: tuple[float, ...], durability: str, verdict: Verdict) -> None:
    finding = judge_sync(SyncFacts(seconds, durability))
    assert (finding.verdict, says_what_to_do(finding)) == (verdict, True)


def test_ports_that_take_connections_and_one_that_does_not() -> None:
    good = ListenerFacts("http", "http://127.0.0.1:3000")
    assert judge_listeners([good]).verdict is OK
    finding = judge_listeners([good, ListenerFacts("ws", "ws://127.0.0.1:3001", "connection refused")])
    assert finding.verdict is FAILED
    assert finding.found == "ws://127.0.0.1:3001 (ws) takes no connections: connection refused"
    assert judge_listeners([]).verdict is WARNING


@pytest.mark.parametrize(("allowed", "verdict"), [(None, OK), (4096, OK), (128, WARNING)])
def test_what_the_kernel_holds(allowed: int | None, verdict: Verdict) -> None:
    finding = judge_backlog(4096, allowed)
    assert finding.verdict is verdict
    assert ("somaxconn=4096" in finding.advice) is (verdict is WARNING)


@pytest.mark.parametrize(
    ("used", "limit", "kept", "verdict"),
    [(GIB, 0, 9 * GIB, OK), (GIB, 4 * GIB, GIB, OK), (GIB, 4 * GIB, 5 * GIB, WARNING), (37 * GIB, 40 * GIB, 0, FAILED)],
)
def test_memory(used: int, limit: int, kept: int, verdict: Verdict) -> None:
    finding = judge_memory(MemoryFacts(used, limit, kept))
    assert (finding.verdict, says_what_to_do(finding)) == (verdict, True)


def certificate(**changes: Any) -> CertificateFacts:
    facts = {
        "path": Path("/tls/cert.pem"), "names": ("push.example",), "begins_at": NOW - DAY, "ends_at": NOW + 90 * DAY,
        "key_fits": True, "chain_fits": True, "self_signed": False, "loaded_ends_at": NOW + 90 * DAY,
    }  # fmt: skip
    return CertificateFacts(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, OK, "for push.example is good until 2027-02-1"),
        ({"key_fits": False}, FAILED, "is not the key of"),
        ({"begins_at": NOW + DAY}, FAILED, "not valid yet"),
        ({"ends_at": NOW - 1}, FAILED, "has expired"),
        ({"names": ()}, FAILED, "names no host"),
        ({"chain_fits": False}, FAILED, "do not sign each other"),
        ({"loaded_ends_at": NOW + DAY}, WARNING, "newer than what is in use"),
        ({"ends_at": NOW + 9 * DAY, "loaded_ends_at": NOW + 9 * DAY}, WARNING, "ends in 9 days"),
        ({"self_signed": True}, WARNING, "signed by itself"),
        ({"names": tuple("abcdefg")}, OK, "a, b, c, d, e and 2 more"),
    ],
    ids=str,
)
def test_certificates(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    finding = judge_certificate(certificate(**changes), NOW)
    assert (finding.verdict, says_what_to_do(finding)) == (verdict, True)
    assert words in finding.found


@pytest.mark.parametrize(
    ("email", "problem", "paused", "verdict"),
    [
        ("a@b.iam.gserviceaccount.com", "", 0.0, OK),
        ("a@b.iam.gserviceaccount.com", "is no RSA key", 0.0, FAILED),
        ("a@example.com", "", 0.0, WARNING),
        ("a@b.iam.gserviceaccount.com", "", 12.0, WARNING),
    ],
)
def test_push_credentials(email: str, problem: str, paused: float, verdict: Verdict) -> None:
    finding = judge_push(PushFacts(email, problem, paused))
    assert (finding.verdict, says_what_to_do(finding)) == (verdict, True)


def test_what_is_left_over() -> None:
    assert judge_leftovers([]).verdict is OK
    finding = judge_leftovers([Path(f"/state/{number}.tmp") for number in range(7)])
    assert finding.verdict is WARNING
    assert "and 2 more" in finding.found
    assert finding.advice.startswith("remove them: rm /state/0.tmp")
