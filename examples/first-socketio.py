#!/usr/bin/env python3
"""A first Socket.IO connection of a user: connect, publish to this very socket, receive. Every step says how it went.

Usage: CLIENT_ID=... TOKEN=... [URL=http://localhost:3000] python first-socketio.py

Needs `pip install "python-socketio[client]"`, a client, and a token of one of its users:
  export CLIENT_ID=$(notifyctl clients register --name first --secret-out first.secret -q)
  export TOKEN=$(notifyctl tokens mint --client $CLIENT_ID --user alice --ttl 1h -q)
"""

import json
import os
import sys
import threading

URL = os.environ.get("URL", "http://localhost:3000")
CLIENT_ID = os.environ.get("CLIENT_ID", "")
TOKEN = os.environ.get("TOKEN", "")
SECONDS = 10


def fail(problem: str, advice: str) -> None:
    """Say what went wrong and what to do, and end."""
    sys.exit(f"FAILED: {problem}\n  {advice}")


def main() -> None:
    """Do it."""
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1] in ("-h", "--help") else 2)
    for name, value in (("CLIENT_ID", CLIENT_ID), ("TOKEN", TOKEN)):
        if not value:
            fail(f"{name} is not set.", "See --help for how to make one.")
    try:
        import socketio
    except ImportError:
        fail("the package python-socketio is not here.", 'Run `pip install "python-socketio[client]"`.')
    client = socketio.Client(reconnection=False)
    try:
        converse(client, socketio.exceptions.SocketIOError)
    finally:
        client.disconnect()


def converse(client, trouble) -> None:
    """Connect, send to this very socket, and wait for it."""
    namespace = f"/client-{CLIENT_ID}"  # it belongs to the client; the token says which user this is
    arrived = threading.Event()
    received, refusals = [], []

    def notification(notification) -> None:
        # What waited in the inbox of the user comes first; it is shown, and the one sent below ends the test.
        if notification.get("from") == "first-socketio.py":
            received.append(notification)
            arrived.set()
        else:
            print(f"   from the inbox: {json.dumps(notification)}")

    client.on("notification", notification, namespace=namespace)
    client.on("connect_error", refusals.append, namespace=namespace)
    try:
        auth = {"clientId": CLIENT_ID, "token": TOKEN}
        client.connect(URL, namespaces=[namespace], auth=auth, transports=["websocket"], wait_timeout=SECONDS)
    except trouble as problem:
        if not refusals or not isinstance(refusals[0], dict):
            fail(f"{URL}: {problem}", "Is the daemon running there? Start one with `notifyctl serve --dev`.")
        fail(
            f"{URL}: {refusals[0].get('message')}",
            "Make a new token: see --help. `notifyctl tokens verify` knows more.",
        )
    print(f"1. connected to {URL} as {client.get_sid(namespace)}")
    job = {"payload": {"title": "Hello", "from": "first-socketio.py"}, "sockets": [client.get_sid(namespace)]}
    try:
        receipt = client.call("notification-job", job, namespace=namespace, timeout=SECONDS)
    except trouble:
        fail(f"no receipt within {SECONDS} s.", "`notifyctl logs tail` shows what the daemon did.")
    if not receipt["success"]:
        fail(f"{receipt['error']['code']}: {receipt['error']['message']}", "ERROR CODES in notifyd-protocol(7).")
    print(f"2. published {receipt['notificationId']}, kept: {receipt['durability']}")
    if not arrived.wait(SECONDS):
        fail(f"no notification within {SECONDS} s.", "`notifyctl logs tail` shows what the daemon did.")
    print(f"3. received {json.dumps(received[0])}")
    print("It works.")


if __name__ == "__main__":
    main()
