from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import FieldProblem, Invalid
from notifyd.policy.access.clients import (
    GOOD_SECRET_LENGTH,
    origin_of,
    problems_of,
    problems_of_secret,
    refuse_client,
    warnings_of_secret,
)

PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ==\n-----END PUBLIC KEY-----"


def fields_of(**given: Any) -> list[str]:
    form = {"name": "shop", "url": "", "description": "", "cookie_name": ""} | given
    return [problem.field for problem in problems_of(**form)]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "Zoë's shop"},
        {"name": "x" * 200},
        {"url": "https://shop.example"},
        {"url": "http://localhost:5173/app?x=1"},
        {"url": "http://127.0.0.1:8080"},
        {"url": "http://[::1]:3000/"},
        {"url": "https://bücher.example"},
        {"url": "https://my_host.internal."},
        {"description": "x" * 1000},
        {"description": "two\nlines\tand a tab 🛎"},
        {"cookie_name": "sid"},
        {"cookie_name": "__Host-a.b_c~!#$%&'*+-^`|"},
        {"cookie_name": "c" * 64},
    ],
)
def test_what_a_client_may_be(form: dict[str, str]) -> None:
    assert fields_of(**form) == []


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "\ud800", "a\x00"])
def test_what_is_no_name(name: str) -> None:
    assert fields_of(name=name) == ["appName"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("shop.example", "http:// or https:// address"),
        ("ftp://shop.example", "http:// or https:// address"),
        ("javascript:alert(1)", "http:// or https:// address"),
        ("https://", "http:// or https:// address"),
        ("https:///path", "http:// or https:// address"),
        ("https://-", "http:// or https:// address"),
        ("https://*.example", "http:// or https:// address"),
        ("https://a,b", "http:// or https:// address"),
        ("https://[::1", "http:// or https:// address"),
        ("https://a:0", "http:// or https:// address"),
        ("https://a:65536", "http:// or https:// address"),
        ("https://a:b", "http:// or https:// address"),
        ("https://\u2100.example", "http:// or https:// address"),
        ("https://" + "ä" * 70 + ".example", "http:// or https:// address"),
        ("https://user:pw@shop.example", "user name"),
        ("https://user@shop.example", "user name"),
        ("https://shop.example/#part", "fragment"),
        ("https://shop.example/#", "fragment"),
        ("https://shop.example/a b", "spaces"),
        ("https://evil.example\\@shop.example", "backslashes"),
        ("https://shop.example/\n", "control"),
        ("https://shop.example/" + "x" * 2000, "at most 2000"),
    ],
)
def test_what_is_no_url(url: str, problem: str) -> None:
    (found,) = problems_of(name="shop", url=url, description="", cookie_name="")
    assert found.field == "clientUrl"
    assert problem in found.message


@pytest.mark.parametrize("cookie_name", ["a b", "a=b", "a;b", "c" * 65, "é", "a\n", '"a"', "a,b", "[a]"])
def test_what_is_no_cookie_name(cookie_name: str) -> None:
    assert fields_of(cookie_name=cookie_name) == ["cookieName"]


@pytest.mark.parametrize("description", ["x" * 1001, "\x1b[31mred", "a\x00b", "\ud800", "\x85"])
def test_what_is_no_description(description: str) -> None:
    assert fields_of(description=description) == ["description"]


def test_all_problems_are_told_at_once() -> None:
    form = {"name": "", "url": "https://u:p@h/#f", "description": "\x00" * 1001, "cookie_name": "a b"}
    assert fields_of(**form) == ["appName", "clientUrl", "clientUrl", "description", "description", "cookieName"]


@pytest.mark.parametrize("secret", ["8letters", "x" * 1024, "pässwörd mit leerzeichen"])
def test_what_a_secret_may_be(secret: str) -> None:
    assert problems_of_secret(secret) == []


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "7letter",
        "x" * 1025,
        "a\nb" * 5,
        "\x00" * 20,
        "\ud800" * 10,
        PEM.replace("\n", " "),
        "ssh-rsa AAAAB3NzaC1yc2E",
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: str) -> None:
    problems = problems_of_secret(secret)
    assert {problem.field for problem in problems} == {"clientSecret"}
    assert not secret or secret not in str(problems)


def test_a_short_secret_is_warned_of() -> None:
    (warning,) = warnings_of_secret("x" * (GOOD_SECRET_LENGTH - 1))
    assert "the secret is short" in warning
    assert "it has 31" in warning
    assert warnings_of_secret("x" * GOOD_SECRET_LENGTH) == ()
    assert warnings_of_secret("é" * 16) == ()


def test_a_refusal_tells_every_problem_in_words_and_by_field() -> None:
    problems = [FieldProblem("appName", "must be short"), FieldProblem("clientUrl", "must be long")]
    with pytest.raises(Invalid, match=r"^appName must be short; clientUrl must be long$") as refused:
        refuse_client(problems)
    assert (refused.value.code, refused.value.details) == ("invalid_client", tuple(problems))
    refuse_client([])


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("", ""),
        ("https://Shop.Example/app?x", "https://shop.example"),
        ("HTTPS://shop.example:443/", "https://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:80/", "http://[::1]"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_the_origin_is_as_browsers_write_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@given(st.text(max_size=60) | st.text(alphabet="htps:/@#.a1[]\\", max_size=30).map("https://".__add__))
def test_whatever_passes_has_an_origin(url: str) -> None:
    if url and not fields_of(url=url):
        assert origin_of(url).partition("://")[2]
