from __future__ import annotations

import pytest

from notifyd.errors import Invalid
from notifyd.policy.webhooks.signing import new_secret, signature, signed_headers, signing_key

# the vector of the reference libraries of Standard Webhooks
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_public_vector() -> None:
    assert signature(signing_key(SECRET), EVENT_ID, TIMESTAMP, BODY) == SIGNED


def test_the_headers() -> None:
    assert signed_headers(signing_key(SECRET), EVENT_ID, TIMESTAMP, BODY) == {
        "webhook-id": EVENT_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNED,
    }


@pytest.mark.parametrize(
    ("event_id", "timestamp", "body"),
    [("msg_x", TIMESTAMP, BODY), (EVENT_ID, TIMESTAMP + 1, BODY), (EVENT_ID, TIMESTAMP, BODY + b" ")],
)
def test_everything_is_signed(event_id: str, timestamp: int, body: bytes) -> None:
    assert signature(signing_key(SECRET), event_id, timestamp, body) != SIGNED


def test_new_secrets_are_good_and_differ() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert len(signing_key(one)) == 32


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w",
        "whsec_AAAA",
        "whsec_" + "AAAA" * 22,
        "whsec_ä" + "A" * 39,
    ],
)
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(Invalid, match="must be whsec_") as refused:
        signing_key(secret)
    assert not secret or secret == "whsec_" or secret not in str(refused.value)
