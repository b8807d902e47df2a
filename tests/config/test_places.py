from __future__ import annotations

from pathlib import Path

import pytest

from notifyd.config.places import expanded, overlay_file, searched_files, state_folder


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        ({}, ["/etc/notifyd/notifyd.toml"]),
        ({"HOME": "/h"}, ["/h/.config/notifyd/notifyd.toml", "/etc/notifyd/notifyd.toml"]),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}, ["/c/notifyd/notifyd.toml", "/etc/notifyd/notifyd.toml"]),
        (
            {"HOME": "/h", "XDG_CONFIG_HOME": "relative"},
            ["/h/.config/notifyd/notifyd.toml", "/etc/notifyd/notifyd.toml"],
        ),
    ],
)
def test_where_the_file_is_looked_for(environ: dict[str, str], files: list[str]):
    assert searched_files(environ) == tuple(Path(file) for file in files)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, "/var/lib/notifyd"),
        ({"HOME": "/h"}, "/h/.local/state/notifyd"),
        ({"HOME": "/root", "XDG_STATE_HOME": "/s"}, "/s/notifyd"),
        ({"HOME": "/h", "STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"),
        ({"HOME": "/h", "NOTIFY_SOCKET": "/run/systemd/notify"}, "/var/lib/notifyd"),
        ({"HOME": "/h", "NOTIFY_SOCKET": "/n", "XDG_RUNTIME_DIR": "/run/user/1"}, "/h/.local/state/notifyd"),
    ],
)
def test_state_folder(environ: dict[str, str], folder: str):
    assert state_folder(environ) == Path(folder)


def test_the_overlay_lies_beside_its_file():
    assert overlay_file(Path("/etc/notifyd/notifyd.toml")) == Path("/etc/notifyd/notifyd.overlay.toml")
    assert overlay_file(Path("other.conf")) == Path("other.overlay.toml")


def test_tilde_is_the_home_folder():
    assert expanded(Path("~/a/b"), {"HOME": "/h"}) == Path("/h/a/b")
    assert expanded(Path("a/~/b"), {}) == Path("a/~/b")
    assert expanded(Path("~/a"), {}) is None
