#!/usr/bin/env python3
"""A first WebSocket connection: connect, authenticate, subscribe, publish, receive. Every step says how it went.

Usage: KEY=... [URL=ws://localhost:3001] [CHANNEL=first] python first-websocket.py

Needs `pip install websocket-client` and a key that may publish and subscribe:
  KEY=$(notifyctl keys create --name first -q)
"""

import json
import os
import sys
from contextlib import closing

URL = os.environ.get("URL", "ws://localhost:3001")
KEY = os.environ.get("KEY", "")
CHANNEL = os.environ.get("CHANNEL", "first")
SECONDS = 10


def fail(problem: str, advice: str) -> None:
    """Say what went wrong and what to do, and end."""
    sys.exit(f"FAILED: {problem}\n  {advice}")


def answer(socket, *wanted: str) -> dict:
    """The next message of one of the types *wanted*; others may come before it."""
    while True:
        text = socket.recv()
        if not text:
            fail("the daemon closed the connection.", "CLOSE CODES in notifyd-protocol(7) tells why it may have.")
        message = json.loads(text)
        if message["type"] == "error":
            advice = "ERROR CODES in notifyd-protocol(7) tells what it means."
            if message["code"] == "invalid_api_key":
                advice = "Make a key: export KEY=$(notifyctl keys create --name first -q)"
            fail(f"{message['code']}: {message['message']}", advice)
        if message["type"] in wanted:
            return message


def main() -> None:
    """Do it."""
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1] in ("-h", "--help") else 2)
    if not KEY:
        fail("KEY is not set.", "Make a key: export KEY=$(notifyctl keys create --name first -q)")
    try:
        from websocket import WebSocketException, create_connection
    except ImportError:
        fail("the package websocket-client is not here.", "Run `pip install websocket-client`.")
    try:
        socket = create_connection(URL, timeout=SECONDS)
    except (OSError, ValueError, WebSocketException) as problem:
        fail(f"{URL}: {problem}", "Is the daemon running there? Start one with `notifyctl serve --dev`.")
    with closing(socket):
        try:
            converse(socket)
        except (OSError, WebSocketException) as problem:
            fail(f"{URL}: {problem}", "Is that URL notifyd's? `notifyctl status` tells its listeners.")


def converse(socket) -> None:
    """Everything that is said on the connection."""

    def say(**message) -> None:
        socket.send(json.dumps(message))

    print(f"1. connected to {URL}")
    say(type="authenticate", apiKey=KEY)
    answer(socket, "authenticated")
    print("2. authenticated")
    say(type="subscribe", channel=CHANNEL)
    # Keep the position of what was handled last: sent as `since` after a reconnect it brings what was missed.
    position = answer(socket, "subscribed")["position"]
    print(f"3. subscribed to {CHANNEL} at {position['epoch']}:{position['offset']}")
    say(type="publish", channel=CHANNEL, data={"title": "Hello", "from": "first-websocket.py"})
    # The receipt and the notification may come in either order.
    for message in (answer(socket, "published", "notification") for _ in range(2)):
        if message["type"] == "published":
            print(f"4. published {message['notificationId']}, kept: {message['durability']}")
        else:
            print(f"5. received {json.dumps(message['notification'])}")
    print("It works.")


if __name__ == "__main__":
    main()
