"""Publications of every shape, for properties."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId
from notifyd.model.notification import Kind, Notification
from notifyd.model.publication import Publication

#: What a JSON value may be made of, with everything that could break a line or a frame.
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
#: Printable, as channels are.
CHANNELS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=12)


def written(value: object) -> bytes:
    """*value* as a producer may have written it."""
    return json.dumps(value, ensure_ascii=False).encode()


def publication(
    channel: str = "news",
    data: bytes = b"1",
    metadata: bytes = b"",
    *,
    epoch: str = "e1",
    offset: int = 7,
    accepted_at: int = 1_769_774_400_007,
) -> Publication:
    """A publication; offset 0 makes it a broadcast."""
    notification = Notification(
        id=NotificationId("n1"),
        client_id=DEFAULT_CLIENT,
        kind=Kind.CHANNEL if offset else Kind.BROADCAST,
        channel=channel,
        data=data,
        metadata=metadata,
        priority=5,
        accepted_at=accepted_at,
        due_at=accepted_at,
        expires_at=accepted_at + 1,
        order_key=0,
    )
    return Publication(notification, epoch if offset else "", offset)


PUBLICATIONS = st.builds(
    publication,
    CHANNELS | st.just(""),
    VALUES.map(written),
    OBJECTS.map(written) | st.just(b""),
    offset=st.integers(0, 1 << 53),
    accepted_at=st.integers(0, 1 << 47),
)
