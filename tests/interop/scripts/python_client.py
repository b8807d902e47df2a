"""python-socketio's client: does as it is told on standard input, tells what happens, as socketio.js does.

Its handlers take exactly one argument, as those of most applications do.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import socketio

_writing = threading.Lock()
sockets: dict[str, Any] = {}


def tell(kind: str, name: str, **more: object) -> None:
    with _writing:
        print(json.dumps({"tell": kind, "as": name, **more}), flush=True)


def connect(name: str, url: str, namespace: str, options: dict[str, Any]) -> None:
    client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2)
    sockets[name] = client, namespace

    def on_error(data: Any) -> None:
        tell("connect_error", name, data=data)

    def on_connect() -> None:
        tell("connect", name, id=client.get_sid(namespace), transport=client.transport())

    client.on("connect", on_connect, namespace=namespace)
    client.on("connect_error", on_error, namespace=namespace)
    client.on("disconnect", lambda reason: tell("disconnect", name, reason=reason), namespace=namespace)
    client.on("notification", lambda data: tell("notification", name, args=[data]), namespace=namespace)
    client.on("pong", lambda data: tell("pong", name, args=[data]), namespace=namespace)
    client.on("exception", lambda data: tell("exception", name, args=[data]), namespace=namespace)
    try:
        client.connect(url, namespaces=[namespace], **options)
    except socketio.exceptions.ConnectionError as exc:
        tell("refused", name, message=str(exc))


def emit(name: str, event: str, args: list[Any], ack: bool = False) -> None:
    client, namespace = sockets[name]
    callback = (lambda *answer: tell("ack", name, args=answer)) if ack else None
    client.emit(event, *args, namespace=namespace, callback=callback)


def call(name: str, event: str, args: list[Any]) -> None:
    client, namespace = sockets[name]
    tell("called", name, answer=client.call(event, *args, namespace=namespace, timeout=20))


def leave(name: str) -> None:
    sockets[name][0].disconnect()


ORDERS = {"connect": connect, "emit": emit, "call": call, "leave": leave}

tell("ready", "")
for line in sys.stdin:
    order = json.loads(line)
    ORDERS[order.pop("do")](order.pop("as"), **order)
