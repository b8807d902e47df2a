"""A worker that serves nothing and does as the test says; started by a supervisor in the place of a real one.

`python standin.py FOLDER WORD...`: it writes its life into FOLDER, and each WORD is something that goes wrong. It
speaks for itself instead of through `notifyd`, so that it is up at once and the messages are seen as they are.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path


def main(folder: Path, words: list[str]) -> int:
    line = socket.socket(fileno=0)
    start = json.loads(line.recv(1 << 20))
    name = str(start["index"])

    def note(file: str, text: str) -> None:
        with (folder / file).open("a") as notes:
            notes.write(f"{name} {text}\n")

    note("lives", str(os.getpid()))
    if start["late"]:
        note("late", str(os.getpid()))
    lived = [words[0] for words in map(str.split, (folder / "lives").read_text().splitlines())].count(name)
    if f"fails-{name}" in words or (f"fails-later-{name}" in words and lived > 1):
        return 3
    url = f"http://127.0.0.1:{start['ports'].get('server.port', 0)}"
    line.send(json.dumps({"news": "ready", "listeners": [{"name": "http", "url": url}]}).encode())
    if f"dies-{name}" in words and lived == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    while data := line.recv(1 << 20):
        order = json.loads(data)
        if order["do"] == "serving":
            note("serving", str(os.getpid()))
            continue
        note("orders", f"{order['do']} {order['seconds']}")
        if order["do"] == "reload":
            problem = "no good" if f"refuses-{name}" in words else ""
            line.send(json.dumps({"news": "reloaded", "problem": problem}).encode())
        elif f"deaf-{name}" in words and order["do"] == "drain":
            continue
        elif f"stuck-{name}" in words:
            time.sleep(600)
        else:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
