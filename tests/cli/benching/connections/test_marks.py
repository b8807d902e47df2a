"""What the notifications of a run carry."""

import json

import pytest

from notifyctl.benching.connections.marks import Mark, begun_at


def message(data: str) -> bytes:
    return f'{{"type":"notification","notification":{{"id":"1","data":{data},"epoch":"e","offset":17}}}}'.encode()


@pytest.mark.parametrize("size", [60, 128, 4096])
def test_it_has_the_size_that_was_asked_for(size: int):
    data = Mark("1234abcd").data(123.456789, size)
    assert len(data) == size
    assert json.loads(data)["bench"] == "1234abcd"


def test_it_tells_when_it_was_begun():
    mark = Mark("1234abcd")
    found = mark.read(message(mark.data(98765.432109, 0)))
    assert found is not None
    assert begun_at(found) == pytest.approx(98765.432109, abs=2e-6)
    assert (found.epoch, found.offset) == ("e", 17)


@pytest.mark.parametrize(
    "payload",
    [message('"text"'), message("null"), message('{"bench":7}'), message('{"bench":"other","at":1}'), b"{}", b"["],
)  # fmt: skip
def test_what_others_send_is_not_of_the_run(payload: bytes):
    assert Mark("1234abcd").read(payload) is None
