"""What a service manager hears."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from notifyd.app.machine.sd_notify import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(5)
        yield manager


@pytest.fixture
def heard() -> Iterator[tuple[socket.socket, ServiceManager]]:
    with TemporaryDirectory(prefix="nd") as folder, listening(f"{folder}/s") as manager:
        yield manager, ServiceManager({"NOTIFY_SOCKET": f"{folder}/s"})


def test_each_word_is_heard(heard: tuple[socket.socket, ServiceManager]) -> None:
    manager, daemon = heard
    daemon.ready()
    daemon.stopping()
    daemon.watchdog()
    assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"STOPPING=1", b"WATCHDOG=1"]


def test_a_reload_carries_its_time(heard: tuple[socket.socket, ServiceManager]) -> None:
    manager, daemon = heard
    before = time.monotonic_ns() // 1000
    daemon.reloading()
    word, at = manager.recv(100).split(b"\n")
    assert word == b"RELOADING=1"
    assert at.startswith(b"MONOTONIC_USEC=")
    assert before <= int(at.partition(b"=")[2]) <= time.monotonic_ns() // 1000


def test_a_status_stays_one_line(heard: tuple[socket.socket, ServiceManager]) -> None:
    manager, daemon = heard
    daemon.status("12 connections\nREADY=1")
    assert manager.recv(100) == b"STATUS=12 connections READY=1"


def test_an_abstract_socket_is_found() -> None:
    name = f"notifyd-test-{os.getpid()}-{time.monotonic_ns()}"
    with listening(f"\0{name}") as manager:
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_nobody_listening_does_no_harm(environ: dict[str, str]) -> None:
    ServiceManager(environ).ready()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(environ: dict[str, str], seconds: float | None) -> None:
    assert ServiceManager({"NOTIFY_SOCKET": "/x", **environ}).watchdog_seconds == seconds


def test_without_a_manager_there_is_no_watchdog() -> None:
    assert ServiceManager({"WATCHDOG_USEC": "30000000"}).watchdog_seconds is None
