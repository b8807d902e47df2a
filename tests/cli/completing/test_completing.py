"""Completion scripts, and bash running its own."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl

PROGRAM = Path(sys.executable).with_name("notifyctl")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script_that_asks_notifyctl(lonely: Ctl, shell: str):
    script = lonely("completion", "show", shell).out
    assert f"_NOTIFYCTL_COMPLETE=complete_{shell}" in script


def test_the_shell_of_the_environment_is_the_default(lonely: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert lonely("completion", "show").out == lonely("completion", "show", "fish").out


@cache
def script_for_bash() -> str:
    """What `notifyctl completion show bash` prints."""
    shown = subprocess.run(
        [PROGRAM, "completion", "show", "bash"], capture_output=True, text=True, timeout=20, check=True
    )
    return shown.stdout


def completed(admin: Admin, *words: str) -> list[str]:
    """What bash offers for the last of *words*."""
    typed = " ".join(f"'{word}'" for word in words)
    script = (
        f"{script_for_bash()}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; "
        '_notifyctl "$0"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, PROGRAM],
        env={**os.environ, "NOTIFYCTL_SOCKET": str(admin.socket)}, capture_output=True, text=True, timeout=20,
        check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def offered(admin: Admin, *words: str) -> list[str]:
    """As `completed`, once the daemon was asked in time: a person who types is not kept waiting by a slow machine."""
    while not (found := completed(admin, *words)):
        pass
    return found


bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here to complete")


@bash
def test_bash_completes_commands(admin: Admin):
    assert completed(admin, "notifyctl", "con") == ["connections", "config", "context"]


@bash
def test_bash_completes_options_and_their_values(admin: Admin):
    assert "--lines" in completed(admin, "notifyctl", "send", "--l")
    assert completed(admin, "notifyctl", "status", "-o", "t") == ["table"]


@bash
def test_bash_completes_live_ids(admin: Admin):
    admin.answers("ListKeys", pb.ListKeysResponse(keys=[samples.key(), samples.key(id="other_1")]))
    assert offered(admin, "notifyctl", "keys", "revoke", "key") == ["key_1"]


@pytest.mark.slow  # live ids are the quick round
@bash
def test_bash_completes_clients_and_their_users(admin: Admin):
    admin.answers("ListClients", pb.ListClientsResponse(clients=[samples.client()]))
    admin.answers("ListInboxes", pb.ListInboxesResponse(inboxes=[pb.Inbox(user_id="alice")]))
    assert offered(admin, "notifyctl", "clients", "show", "c_") == ["c_shop"]
    assert offered(admin, "notifyctl", "send", "--client", "c_shop", "--user", "al") == ["alice"]
    assert admin.requests[-1] == pb.ListInboxesRequest(client_id="c_shop", prefix="al", limit=100)


@pytest.mark.slow  # live ids are the quick round
@bash
def test_bash_completes_devices(admin: Admin):
    admin.answers("ListDevices", pb.ListDevicesResponse(devices=[samples.device()]))
    assert offered(admin, "notifyctl", "devices", "remove", "d") == ["d_1"]


@pytest.mark.slow
@bash
def test_bash_completes_what_was_given_up_and_what_outlives_connections(admin: Admin):
    admin.answers("ListDeadLetters", pb.ListDeadLettersResponse(dead_letters=[samples.dead_letter(id="n_1.abc")]))
    admin.answers("ListWebhooks", pb.ListWebhooksResponse(webhooks=[pb.Webhook(name="audit")]))
    worker = types_pb2.DurableSubscription(name="worker", channel="orders")
    admin.answers("ListDurable", pb.ListDurableResponse(subscriptions=[worker]))
    assert offered(admin, "notifyctl", "dead-letters", "retry", "n_") == ["n_1.abc"]
    assert offered(admin, "notifyctl", "webhooks", "test", "a") == ["audit"]
    assert offered(admin, "notifyctl", "subscriptions", "remove", "orders", "w") == ["worker"]
    assert admin.requests[-1] == pb.ListDurableRequest(channel="orders", limit=100)
    assert offered(admin, "notifyctl", "listen", "orders", "--durable", "w") == ["worker"]


@pytest.mark.slow  # live ids are the quick round
@bash
def test_bash_completes_nodes_by_name_or_by_id_where_two_share_one(admin: Admin):
    named = [("one-1", "one"), ("two-1", "two"), ("two-2", "two")]
    admin.answers("ListNodes", pb.ListNodesResponse(nodes=[pb.Node(id=id_, name=name) for id_, name in named]))
    assert offered(admin, "notifyctl", "cluster", "drain", "") == ["one", "two-1", "two-2"]


@bash
def test_a_daemon_that_is_away_offers_nothing(admin: Admin):
    admin.stop()
    assert completed(admin, "notifyctl", "keys", "revoke", "") == []
