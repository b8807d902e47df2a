from __future__ import annotations

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.publication import Publication
from notifyd.store.memory.tally import Tally
from notifyd.store.memory.user_inbox import InboxItem, UserInbox
from tests.store.samples import T0, for_users

INBOX = UserInbox(1, (DEFAULT_CLIENT, UserId("anna")), epoch="e", generation=0)


def test_a_notification_is_counted_for_each_inbox_and_kept_until_the_last_lets_go() -> None:
    tally = Tally()
    publication = Publication(for_users("anna", "bert"), "s", 1)
    items = [InboxItem(INBOX, 1, 5, nth, publication, T0) for nth in range(2)]
    for item in items:
        tally.add(item)
    assert (tally.items, tally.size_bytes, len(tally), tally.keeps(5)) == (2, 2 * items[0].size(), 1, True)
    tally.remove(items[0])
    assert (tally.items, tally.keeps(5)) == (1, True)
    tally.remove(items[1])
    assert (tally.items, tally.size_bytes, len(tally), tally.keeps(5)) == (0, 0, 0, False)
