from __future__ import annotations

import msgspec

from notifyd.store.redis.inbox.form import Entry, body_for, decode_news, page_in, size_in_inbox
from notifyd.wire.stored import decode_notification, encode_notification
from tests.store.redis.inbox.boxes import ANNA
from tests.store.samples import for_users, notification


def test_what_a_script_tells_is_read() -> None:
    one = for_users(ANNA)
    line = b'[1,"e",7,2,3,[[4,"dead"]],[[10,2,"own",5,' + encode_notification(one) + b"]]]"
    news = decode_news(line)
    assert news is not None
    assert (news.epoch, news.head, news.floor, news.cursor, news.ends) == ("e", 7, 2, 3, ((4, "dead"),))
    (entry,) = news.entries
    assert (entry.placed_at, entry.connections) == (10, 2)
    publication = entry.publication()
    assert (publication.notification, publication.epoch, publication.offset) == (one, "own", 5)


def test_what_a_later_version_tells_is_passed_over() -> None:
    assert decode_news(b'[2,"e",7,2,3,[],[]]') is None
    assert decode_news(b'{"v":3}') is None


def test_what_is_new_in_a_later_version_does_no_harm() -> None:
    assert decode_news(b'[1,"e",7,2,3,[],[],"more"]') is not None


def test_a_page_is_read() -> None:
    body = encode_notification(notification())
    page = page_in([b"e", 9, 3, 4, [b"5", b"withheld"], 8, b"10", b"0", b"own", b"6", body])
    assert page[:5] == ("e", 9, 3, 4, [(5, "withheld")])
    assert page.entries == [(8, Entry(10, 0, "own", 6, msgspec.Raw(body)))]


def test_few_users_share_what_is_kept() -> None:
    assert body_for(for_users(*[f"u{n}" for n in range(16)]), ANNA) is None


def test_of_many_users_each_is_kept_his_own() -> None:
    many = for_users(*[f"u{n}" for n in range(17)], connections=["c"])
    body = body_for(many, ANNA)
    assert body is not None
    kept = decode_notification(body)
    assert (kept.users, kept.connections, kept.data) == ((ANNA,), (), many.data)


def test_only_what_its_user_receives_counts() -> None:
    assert size_in_inbox(for_users(ANNA)) == size_in_inbox(for_users(*[f"u{n}" for n in range(99)]))
