from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from msgspec.structs import replace

from notifyd.wire.publication import publication_json
from tests.wire.publications import PUBLICATIONS, publication

if TYPE_CHECKING:
    from notifyd.model.publication import Publication


def test_a_channel_publication_has_its_place() -> None:
    assert publication_json(publication("news", b'{"a":1}', b'{"b":2}')) == (
        b'{"id":"n1","channel":"news","data":{"a":1},"timestamp":"2026-01-30T12:00:00.007Z","priority":5,'
        b'"metadata":{"b":2},"epoch":"e1","offset":7}'
    )


def test_a_broadcast_has_none_and_its_label_may_be_missing() -> None:
    assert publication_json(publication("", offset=0)) == (
        b'{"id":"n1","channel":null,"data":1,"timestamp":"2026-01-30T12:00:00.007Z","priority":5}'
    )
    assert json.loads(publication_json(publication("label", offset=0)))["channel"] == "label"


def test_a_later_try_says_which_it_is() -> None:
    again = replace(publication("news"), attempt=3)
    assert json.loads(publication_json(again)) == json.loads(publication_json(publication("news"))) | {"attempt": 3}


@given(PUBLICATIONS)
def test_it_is_one_line_of_json_that_says_what_was_published(publication: Publication) -> None:
    text = publication_json(publication)
    said, notification = json.loads(text), publication.notification
    assert b"\n" not in text
    assert b"\r" not in text
    assert said["channel"] == (notification.channel or None)
    assert said["data"] == json.loads(notification.data)
    assert said.get("metadata") == (json.loads(notification.metadata) if notification.metadata else None)
    assert (said.get("epoch", ""), said.get("offset", 0)) == (publication.epoch, publication.offset)
