from __future__ import annotations

import pytest

from notifyd.errors import Invalid
from notifyd.push.options import FcmOptions


def options(project: str = "p", email: str = "a@b", endpoint: str = "") -> FcmOptions:
    return FcmOptions(project, email, "a secret", endpoint=endpoint)


def test_without_an_endpoint_it_is_google() -> None:
    assert options().send_url == "https://fcm.googleapis.com/v1/projects/p/messages:send"
    assert options().token_url == "https://oauth2.googleapis.com/token"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9099", "http://127.0.0.1:9099/"])
def test_one_variable_puts_something_in_its_place(endpoint: str) -> None:
    assert options(endpoint=endpoint).send_url == "http://127.0.0.1:9099/v1/projects/p/messages:send"
    assert options(endpoint=endpoint).token_url == "http://127.0.0.1:9099/token"


@pytest.mark.parametrize(
    "wrong",
    [
        options(project=""),
        options(project="a/../b"),
        options(email="nobody"),
        options(endpoint="127.0.0.1:9099"),
        options(endpoint="http://"),
        options(endpoint="ftp://x"),
    ],
)
def test_what_cannot_be_right_is_refused(wrong: FcmOptions) -> None:
    with pytest.raises(Invalid) as caught:
        wrong.check()
    assert caught.value.code == "config_invalid"


def test_what_can_be_right_passes_and_the_key_is_not_shown() -> None:
    good = options(project="a-project:x.1", endpoint="https://push.example")
    good.check()
    assert "secret" not in repr(good) + str(good)
