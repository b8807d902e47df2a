"""notifyctl tokens: made, looked at, verified; never on the command line."""

import base64
import json
from pathlib import Path

import grpc
import pytest

from notifyctl.secrets import claims
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl

FAR = 4_102_444_800  # the year 2100
GOOD = {"clientId": "c_shop", "sub": "alice", "iat": 1_700_000_000, "exp": FAR, "channels": ["subscribe:orders.*"]}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(body: object = GOOD, *, alg: object = "HS256", signature: str = "c2ln") -> str:
    return f"{part({'alg': alg, 'typ': 'JWT'})}.{part(body)}.{signature}"


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.fixture
def minted(admin: Admin) -> pb.MintedToken:
    made = pb.MintedToken(token="t0k.en.x")
    made.expires_at.FromMilliseconds(samples.NOON_MS)
    admin.answers("MintToken", made)
    return made


def test_a_minted_token_stands_alone(ctl: Ctl, minted: pb.MintedToken):
    assert ctl("tokens", "mint", "--user", "alice").out == "t0k.en.x\n"
    assert ctl("tokens", "mint", "--user", "alice", "-q").out == "t0k.en.x\n"
    assert ctl("tokens", "mint", "--user", "alice", "-o", "json").json == {
        "token": "t0k.en.x",
        "expiresAt": "2026-01-30T12:00:00.123Z",
    }


def test_what_mint_asks_for(ctl: Ctl, admin: Admin, minted: pb.MintedToken):
    ctl("tokens", "mint", "--user", "alice")
    assert admin.requests[-1] == pb.MintTokenRequest(user_id="alice")
    ctl(
        "tokens", "mint", "--user", "alice", "--client", "c_shop", "--ttl", "24h", "--channel", "orders.*",
        "--channel", "publish:chat",
    )  # fmt: skip
    assert admin.requests[-1] == pb.MintTokenRequest(
        client_id="c_shop", user_id="alice", ttl_seconds=86400, channels=["orders.*", "publish:chat"]
    )


def test_inspect_needs_no_daemon_and_says_that_it_verifies_nothing(lonely: Ctl):
    result = lonely("tokens", "inspect", "-o", "json", stdin=token().encode())
    assert result.status == 0
    assert (result.json["clientId"], result.json["userId"]) == ("c_shop", "alice")
    assert (result.json["expiresAt"], result.json["issuedAt"]) == (
        "2100-01-01T00:00:00.000Z",
        "2023-11-14T22:13:20.000Z",
    )
    assert result.json["claims"] == GOOD
    assert [json.loads(line)["note"][:12] for line in result.err.splitlines()] == ["Not verified"]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (token(alg="none", signature=""), "not signed"),
        (token(alg="NoNe"), "not signed"),
        (token(alg=["HS256"]), "not signed"),
        (token(signature=""), "not signed"),
        (token(alg="RS256"), "RS256; notifyd takes HS256 alone"),
        (token(without("exp")), "never expires"),
        (token(GOOD | {"exp": "tomorrow"}), "no number"),
        (token(GOOD | {"exp": True}), "no number"),
        (token(GOOD | {"exp": 10**400}), "no number"),
        (token(GOOD | {"exp": 1}), "has expired"),
        (token(GOOD | {"nbf": FAR}), "not good yet"),
        (token(without("clientId")), "clientId is missing"),
        (token(without("sub")), "userId or sub is missing"),
        (token(GOOD | {"iat": FAR}), "iat lies ahead"),
        (token(GOOD | {"userId": ["u"]}), "userId or sub is missing"),
        (token(GOOD | {"channels": "orders"}), "channels are no list"),
    ],
)
def test_what_the_daemon_would_refuse_is_said(lonely: Ctl, text: str, warning: str):
    result = lonely("tokens", "inspect", stdin=text.encode())
    assert result.status == 0
    assert [line for line in result.err.splitlines() if line.startswith("Warning: ") and warning in line]


@pytest.mark.parametrize(
    "text",
    [
        "nonsense", "a.b", "a.b.c.d", "..", "!.!.!", f"{part([])}.{part({})}.x", f"{part({})}.{part(1)}.x",
        f"{part({})}.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.x", f"{part({})}.gICA.x", "é.é.é",
    ],
)  # fmt: skip
def test_what_is_no_token(lonely: Ctl, text: str):
    result = lonely("tokens", "inspect", stdin=text.encode())
    assert (result.status, result.out) == (2, "")
    assert "no token" in result.err


def test_an_instant_that_no_calendar_has_is_left_out(lonely: Ctl):
    result = lonely("tokens", "inspect", "-o", "json", stdin=token(GOOD | {"exp": 1e18, "iat": -1e300}).encode())
    assert (result.json["expiresAt"], result.json["issuedAt"]) == (None, None)


def test_numbers_that_are_none_stay_valid_json(lonely: Ctl):
    body = base64.urlsafe_b64encode(b'{"exp":1e999,"a":NaN,"b":-Infinity}').rstrip(b"=").decode()
    shown = lonely("tokens", "inspect", "-o", "json", stdin=f"{part({'alg': 'HS256'})}.{body}.x".encode()).json
    assert shown["claims"] == {"exp": "1e999", "a": "NaN", "b": "-Infinity"}


@pytest.mark.parametrize("form", ["table", "plain", "json"])
def test_a_hostile_claim_reaches_no_terminal(lonely: Ctl, form: str):
    text = token(GOOD | {"sub": HOSTILE, "alg": HOSTILE}, alg=HOSTILE)
    result = lonely("tokens", "inspect", "-o", form, stdin=text.encode())
    assert not set("\x1b\x07\u202e") & set(result.out + result.err)


def test_userid_counts_more_than_sub():
    assert [claims.user_of({"userId": named, "sub": "s"}) for named in ("u", 7, "", None)] == ["u", 7, "s", "s"]


def test_a_token_on_the_command_line_is_refused_and_not_repeated(lonely: Ctl):
    secret = token()
    result = lonely("tokens", "inspect", secret)
    assert result.status == 2
    assert "does not belong on the command line" in result.err
    assert secret not in result.err


@pytest.mark.parametrize("way", ["file", "dash", "pipe", "environment"])
def test_ways_of_a_token(ctl: Ctl, admin: Admin, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    admin.answers("VerifyToken", pb.VerifiedToken(client_id="c_shop", user_id="alice"))
    (tmp_path / "token").write_text("a.b.c\n")
    if way == "environment":
        monkeypatch.setenv("NOTIFYCTL_TOKEN", "a.b.c")
    args = {"file": [str(tmp_path / "token")], "dash": ["-"]}.get(way, [])
    result = ctl("tokens", "verify", *args, "-q", stdin=b"a.b.c" if way in ("dash", "pipe") else b"wrong")
    assert (result.status, result.out) == (0, "alice\n")
    assert admin.requests[-1] == pb.VerifyTokenRequest(token="a.b.c")


def test_verified_for_a_client(ctl: Ctl, admin: Admin):
    verified = pb.VerifiedToken(client_id="c_shop", user_id="alice", channels=["subscribe:a"], previous_secret=True)
    verified.expires_at.FromMilliseconds(samples.NOON_MS)
    admin.answers("VerifyToken", verified)
    result = ctl("tokens", "verify", "--client", "c_shop", "-o", "json", stdin=b"a.b.c")
    assert admin.requests[-1].client_id == "c_shop"
    assert result.json == {
        "clientId": "c_shop", "userId": "alice", "expiresAt": "2026-01-30T12:00:00.123Z",
        "channels": ["subscribe:a"], "previousSecret": True,
    }  # fmt: skip
    assert "before the last rotation" in result.err


def test_a_refused_token_is_denied_with_the_reason(ctl: Ctl, admin: Admin):
    admin.refuses("VerifyToken", grpc.StatusCode.UNAUTHENTICATED, "the token has expired", notifyd_code="token_expired")
    result = ctl("tokens", "verify", "-o", "json", stdin=b"a.b.c")
    assert (result.status, result.out, result.error["code"]) == (4, "", "token_expired")
