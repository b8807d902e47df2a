from __future__ import annotations

from notifyd.dispatch.push_progress import Progress, ProgressBook
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT, DeviceId, NotificationId, UserId
from notifyd.policy.pushing.answers import Action, Verdict

TAKEN, AGAIN = Verdict(Action.ACCEPTED), Verdict(Action.RETRY, "unavailable")
PHONE, TABLET = (
    Device(DeviceId(name), DEFAULT_CLIENT, UserId("ann"), name, created_at=0, seen_at=0) for name in ("phone", "tablet")
)


def progress() -> Progress:
    made = Progress()
    made.note([PHONE, TABLET], [TAKEN, AGAIN])
    return made


def test_only_those_that_are_to_be_tried_again_are_left() -> None:
    made = progress()
    assert (made.left([PHONE, TABLET]), made.verdicts) == ([TABLET], [TAKEN])


def test_it_is_remembered_until_the_push_is_settled() -> None:
    book, push = ProgressBook(), NotificationId("p")
    made = progress()
    book.keep(push, made)
    assert book.of(push) is made
    book.forget(push)
    book.forget(push)
    assert book.of(push).verdicts == []


def test_what_is_remembered_is_bounded_and_the_oldest_goes() -> None:
    book = ProgressBook(limit=2)
    for name in ("1", "2", "3"):
        book.keep(NotificationId(name), progress())
    assert [bool(book.of(NotificationId(name)).verdicts) for name in ("1", "2", "3")] == [False, True, True]


def test_what_says_nothing_takes_no_place() -> None:
    book = ProgressBook(limit=1)
    book.keep(NotificationId("1"), progress())
    book.keep(NotificationId("2"), Progress())
    assert book.of(NotificationId("1")).verdicts
