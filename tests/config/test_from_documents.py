from __future__ import annotations

import pytest

from notifyd.config.delivering import ChannelRule
from notifyd.config.documents import Document, parse_toml
from notifyd.config.from_documents import take_document
from notifyd.config.gathering import Gathering
from notifyd.config.guaranteeing import WebhookTable


def gathered(text: str) -> Gathering:
    document = parse_toml("n.toml", text)
    assert isinstance(document, Document)
    gathering = Gathering()
    take_document(gathering, document, "file")
    return gathering


def test_values_have_the_file_and_the_line_as_origin():
    gathering = gathered("[server]\nport = 1\n\n[log]\nlevel = 'warn'\n")
    assert gathering.values == {"server.port": 1, "log.level": "warning"}
    assert gathering.origins == {"server.port": "file n.toml:2", "log.level": "file n.toml:5"}


NO_LIST = "n.toml:1: channels: must be a list of tables: [[channels]] before the keys of each"
NO_REDIS = "n.toml:2: broker.url = ***: must look like redis://"
NO_KEY = "unknown key; the nearest key is"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server]\nprot = 1", f"n.toml:2: server.prot = 1: {NO_KEY} server.port"),
        ("port = 1", f"n.toml:1: port = 1: {NO_KEY} server.port"),
        ("[sever]\nport = 1", "n.toml:1: [sever]: unknown section; the nearest key is [server]"),
        ("server = 1", "n.toml:1: server = 1: must be a section: [server] with keys under it"),
        ("[server]\nport = 'x'", "n.toml:2: server.port = x: must be a whole number"),
        ("[broker]\nurl = 'redis://u:p/@h'", NO_REDIS),
        ("[broker]\npassword = 'p'", f"n.toml:2: broker.password = ***: {NO_KEY} broker."),
        ("[channels]\npattern = 'a'", NO_LIST),
        ("channels = [1]", NO_LIST),
        ("[[channels]]\nmax_age_seconds = 5", "n.toml:1: [[channels]] pattern: is missing"),
        ("[[channels]]\npattern = ''", "n.toml:2: [[channels]] pattern = : must be printable and 1 to 4096 bytes long"),
        ("[[webhooks]]\nname = 'a'", "n.toml:1: [[webhooks]] url: is missing"),
        ("[[webhooks]]\nname = 'A b'\nurl = 'http://h'", "n.toml:2: [[webhooks]] name = A b: must be 1 to 64 of"),
        ("[[webhooks]]\nname = 'a'\nurl = 'http://u:p@h'", "n.toml:3: [[webhooks]] url = ***: must not hold a user"),
        (
            "[[webhooks]]\nname = 'a'\nurl = 'http://h'\nevents = ['user.gone']",
            "n.toml:4: [[webhooks]] events = ['user.gone']: must be one of notification.unreached, ",
        ),
        ("[[channels]]\npattern = 'a'\nmax_age = 5", f"n.toml:3: [[channels]] max_age = 5: {NO_KEY} max_age_seconds"),
    ],
)
def test_what_is_wrong_is_named(text: str, complaint: str):
    (problem,) = gathered(text).problems
    assert str(problem).startswith(complaint)


def test_rules_keep_their_order_and_leave_open_what_they_do_not_say():
    gathering = gathered(
        "[[channels]]\npattern = 'b'\nmax_publications = 0\n[[channels]]\npattern = 'a*'\nmax_age_seconds = 5\n"
    )
    assert gathering.tables["channels"] == (
        ChannelRule("b", max_publications=0),
        ChannelRule("a*", max_age_seconds=5.0),
    )
    assert gathering.origins["channels"] == "file n.toml:1"


def test_a_broken_rule_does_not_hide_the_next():
    gathering = gathered("[[channels]]\nx = 1\n[[channels]]\npattern = 3\n")
    assert len(gathering.problems) == 3


def test_an_empty_list_of_rules_takes_them_away():
    gathering = gathered("[[channels]]\npattern = 'b'\n")
    document = parse_toml("o.toml", "channels = []")
    assert isinstance(document, Document)
    take_document(gathering, document, "overlay")
    assert gathering.tables == {"channels": ()}
    assert gathering.origins["channels"] == "overlay o.toml:1"


def test_webhooks_are_a_list_of_tables_too():
    gathering = gathered("[[webhooks]]\nname = 'a'\nurl = 'http://h/x'\nevents = ['user.connected']\nclient = 'c'\n")
    assert gathering.tables["webhooks"] == (WebhookTable("a", "http://h/x", ("user.connected",), "c"),)
    assert gathering.origins["webhooks"] == "file n.toml:1"
