from __future__ import annotations

import pytest

from notifyd.wire.preface import MAX_PREFACE_BYTES, Preface, decode_preface, encode_preface

LONGEST = Preface("2001:0db8:1111:2222:3333:4444:5555:6666%an-interface-15", 65_535, secure=True)


@pytest.mark.parametrize("preface", [Preface("203.0.113.7", 50_000, secure=False), LONGEST])
def test_what_is_told_is_understood(preface: Preface) -> None:
    line = encode_preface(preface)
    assert line.index(b"\n") == len(line) - 1
    assert len(line) <= MAX_PREFACE_BYTES
    assert decode_preface(line) == preface


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1\r\n",
        b"{}\n",
        b'{"host":"a","port":1,"secure":false,"version":1}\n',
        b'{"host":"127.0.0.1","port":1,"secure":false,"version":2}\n',
        b"",
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_preface(line)
