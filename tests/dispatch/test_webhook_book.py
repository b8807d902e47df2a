from __future__ import annotations

from notifyd.dispatch.webhook_book import Figures, WebhookBook
from notifyd.model.ids import ClientId
from notifyd.policy.webhooks.events import OF_CHANNELS, OF_USERS, EventType
from tests.webhooks.parts import DOWN, OK, endpoint

SHOP, BANK = ClientId("shop"), ClientId("bank")


def book_of(*endpoints: object) -> WebhookBook:
    book = WebhookBook()
    book.configure(endpoints)
    return book


def test_who_is_to_be_told() -> None:
    book = book_of(endpoint("all"), endpoint("dead", "notification.dead"), endpoint("shop", client="shop"))
    assert book.wanting(EventType.DEAD, SHOP) == ["all", "dead", "shop"]
    assert book.wanting(EventType.OCCUPIED, SHOP) == ["all", "shop"]
    assert book.wanting(EventType.OCCUPIED, BANK) == ["all"]
    assert [each.name for each in book] == ["all", "dead", "shop"]


def test_whether_anybody_looks_at_comings_and_goings() -> None:
    book = book_of(endpoint("a", "user.connected"), endpoint("b", "notification.dead", client="shop"))
    assert (book.any_wants(*OF_USERS), book.any_wants(*OF_CHANNELS)) == (True, False)
    assert not book_of().any_wants(*EventType)


def test_figures_outlast_a_reload_of_the_same_name() -> None:
    book = book_of(endpoint("a"), endpoint("b"))
    book.figures("a").delivered = 3
    book.figures("b").delivered = 4
    book.configure([endpoint("a", "user.connected")])
    assert (book.figures("a").delivered, book.figures("b").delivered, len(book)) == (3, 0, 1)
    assert book.find("b") is None


def test_the_state_follows_the_last_call() -> None:
    figures = Figures()
    assert figures.state == "idle"
    figures.in_flight = 1
    assert figures.state == "delivering"
    figures.note(DOWN, now=5)
    assert (figures.state, figures.last_at, figures.last_status) == ("failing", 5, 500)
    figures.note(OK, now=6)
    assert (figures.state, figures.last_error) == ("delivering", "")
