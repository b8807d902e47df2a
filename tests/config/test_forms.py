from __future__ import annotations

import pytest

from notifyd.config.forms import FORMS, is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost.example.com", "example.com", ""])
def test_not_loopback(host: str):
    assert not is_loopback(host)


GOOD = [
    ("host", "127.0.0.1"),
    ("host", "::"),
    ("host", "fe80::1%eth0"),
    ("host", "my-host.example.com."),
    ("host", "localhost"),
    ("network", "10.0.0.0/8"),
    ("network", "::1"),
    ("origin", "*"),
    ("origin", "https://app.example.com"),
    ("origin", "http://localhost:5173"),
    ("origin", "chrome-extension://abcdef"),
    ("origin", "http://[::1]:80"),
    ("pattern", "orders.*"),
    ("pattern", "ö" * 2048),
    ("name", "a"),
    ("name", "0-" * 32),
    ("url", "http://127.0.0.1:8080/hook?x=1"),
    ("url", "https://[::1]/"),
    ("url", "https://example.com"),
]
BAD = [
    ("host", "", "must be an IP address"),
    ("host", "[::1]", "without brackets"),
    ("host", "127.0.0.256", "must be an IP address"),
    ("host", "http://x", "must be an IP address"),
    ("host", "a b", "must be an IP address"),
    ("host", "a." * 127 + "toolong", "must be an IP address"),
    ("network", "10.0.0.1/8", "has host bits set"),
    ("network", "everyone", "must be a network"),
    ("origin", "app.example.com", "must be * or an origin"),
    ("origin", "https://app.example.com/", "without a path"),
    ("origin", "https://App.example.com", "in lower case"),
    ("pattern", "", "must be printable"),
    ("pattern", "a\nb", "must be printable"),
    ("pattern", "ö" * 2049, "must be printable and 1 to 4096 bytes long"),
    ("name", "", "must be 1 to 64"),
    ("name", "-a", "not begin with -"),
    ("name", "a" * 65, "must be 1 to 64"),
    ("name", "../a", "must be 1 to 64"),
    ("url", "ftp://example.com/", "must be a URL such as"),
    ("url", "http://", "must be a URL such as"),
    ("url", "http://h:99999/", "must be a URL such as"),
    ("url", "http://h:0/", "must be a URL such as"),
    ("url", "http://[::1/", "must be a URL such as"),
    ("url", "http://a b/", "must be a URL such as"),
    ("url", "http://h/" + "x" * 2048, "of at most 2048 characters"),
    ("url", "http://user:word@h/", "must not hold a user or a password"),
    ("url", "http://h/#x", "must not have a #fragment"),
]


@pytest.mark.parametrize(("form", "text"), GOOD)
def test_text_of_the_form(form: str, text: str):
    assert FORMS[form](text) is None


@pytest.mark.parametrize(("form", "text", "complaint"), BAD)
def test_text_that_is_not_of_the_form(form: str, text: str, complaint: str):
    assert complaint in (FORMS[form](text) or "")
