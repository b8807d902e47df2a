"""The wire protocol of MongoDB as drivers speak it: OP_MSG, and OP_QUERY for the first hello."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import bson

if TYPE_CHECKING:
    import socket

    Document = dict[str, Any]

_HEADER: Final = struct.Struct("<iiii")
_OP_REPLY: Final = 1
_OP_QUERY: Final = 2004
_OP_MSG: Final = 2013

#: Bits of OP_MSG.
_CHECKSUM: Final = 1
_MORE_TO_COME: Final = 2


class Request(NamedTuple):
    """One command, and how its sender wants to be answered."""

    command: Document
    number: int
    operation: int
    #: Whoever sends with write concern 0 reads no answer.
    wants_answer: bool


def read(link: socket.socket) -> Request | None:
    """The next request; None when the peer has left."""
    header = _exactly(link, _HEADER.size)
    if header is None:
        return None
    length, number, _, operation = _HEADER.unpack(header)
    body = _exactly(link, length - _HEADER.size)
    if body is None:
        return None
    if operation == _OP_QUERY:
        # flags, the name of the collection, two numbers, the document
        start = body.index(b"\0", 4) + 9
        return Request(bson.decode(body[start:]), number, operation, wants_answer=True)
    assert operation == _OP_MSG, f"the double does not know the operation {operation}"
    flags = int.from_bytes(body[:4], "little")
    end = len(body) - (4 if flags & _CHECKSUM else 0)
    return Request(_sections(body[4:end]), number, operation, wants_answer=not flags & _MORE_TO_COME)


def write(link: socket.socket, request: Request, answer: Document) -> None:
    """Answer *request*."""
    encoded = bson.encode(answer)
    if request.operation == _OP_QUERY:
        operation, body = _OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + encoded
    else:
        operation, body = _OP_MSG, struct.pack("<IB", 0, 0) + encoded
    link.sendall(_HEADER.pack(_HEADER.size + len(body), request.number, request.number, operation) + body)


def _sections(body: bytes) -> Document:
    """One document, and sequences of documents that belong into it under a name."""
    command: Document = {}
    sequences: Document = {}
    start = 0
    while start < len(body):
        kind, start = body[start], start + 1
        end = start + int.from_bytes(body[start : start + 4], "little")
        if kind == 0:
            command = bson.decode(body[start:end])
        else:
            name_ends = body.index(b"\0", start + 4)
            sequences[body[start + 4 : name_ends].decode()] = bson.decode_all(body[name_ends + 1 : end])
        start = end
    # the first name of a command is the command's own
    return command | sequences


def _exactly(link: socket.socket, length: int) -> bytes | None:
    read = bytearray()
    while len(read) < length:
        part = link.recv(length - len(read))
        if not part:
            return None
        read += part
    return bytes(read)
