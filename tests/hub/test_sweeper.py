from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.hub.sweeper import Sweeper
from notifyd.model.disconnect import CREDENTIAL_ENDED, DEAD_LINK, NOT_AUTHENTICATED
from notifyd.policy.receiving.liveness import LivenessRules

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection

RULES = LivenessRules(heartbeat_seconds=30, connection_timeout_seconds=60, authentication_seconds=10)


@pytest.fixture
async def sweeper(nursery):
    sweeper = Sweeper(RULES)
    nursery.start_soon(sweeper.run)
    return sweeper


def watched(sweeper: Sweeper, connection: Connection) -> Connection:
    connection.opened_at = connection.received_at = trio.current_time()
    sweeper.watch(connection, trio.current_time())
    return connection


async def test_a_silent_connection_is_pinged_and_then_given_up(sweeper, connect, autojump_clock):
    connection = watched(sweeper, connect("1"))
    await trio.sleep(32)
    assert (connection.link.pings, connection.link.endings) == (1, [])
    await trio.sleep(30)
    assert connection.link.endings == [DEAD_LINK]


async def test_a_connection_that_answers_lives_on(sweeper, connect, autojump_clock):
    connection = watched(sweeper, connect("1"))
    for _ in range(10):
        await trio.sleep(20)
        connection.received_at = trio.current_time()
    assert connection.link.endings == []


async def test_who_does_not_authenticate_in_time_is_closed(sweeper, connect, autojump_clock):
    connection = connect("1")
    connection.principal = None
    watched(sweeper, connection)
    await trio.sleep(12)
    assert connection.link.endings == [NOT_AUTHENTICATED]


async def test_a_credential_that_ends_takes_its_connection_along(sweeper, connect, autojump_clock):
    connection = watched(sweeper, connect("1"))
    connection.expires_at = trio.current_time() + 3
    sweeper.watch(connection, trio.current_time())
    await trio.sleep(5)
    assert connection.link.endings == [CREDENTIAL_ENDED]


async def test_what_cannot_answer_is_kept_awake_and_never_dead(sweeper, connect, autojump_clock):
    connection = connect("1")
    connection.link.answers = False
    watched(sweeper, connection)
    await trio.sleep(200)
    assert connection.link.endings == []
    assert connection.link.pings == 6


async def test_changed_rules_count_at_once(sweeper, connect, autojump_clock):
    connection = watched(sweeper, connect("1"))
    sweeper.rules = LivenessRules(heartbeat_seconds=1, connection_timeout_seconds=3, authentication_seconds=10)
    sweeper.look_again([connection], trio.current_time())
    await trio.sleep(6)
    assert connection.link.endings == [DEAD_LINK]


async def test_who_answers_lives_on_under_rules_shorter_than_the_looks(sweeper, connect, autojump_clock):
    sweeper.rules = LivenessRules(heartbeat_seconds=0.5, connection_timeout_seconds=1, authentication_seconds=10)
    await trio.sleep(0.9)
    connection = watched(sweeper, connect("1"))
    answered = 0
    for _ in range(100):
        await trio.sleep(0.1)
        if connection.link.pings > answered:
            answered, connection.received_at = connection.link.pings, trio.current_time()
    assert connection.link.endings == []
    assert answered > 3


async def test_who_does_not_answer_is_given_up_under_rules_shorter_than_the_looks(sweeper, connect, autojump_clock):
    sweeper.rules = LivenessRules(heartbeat_seconds=0.5, connection_timeout_seconds=1, authentication_seconds=10)
    await trio.sleep(0.9)
    connection = watched(sweeper, connect("1"))
    await trio.sleep(4)
    assert connection.link.pings == 1
    assert connection.link.endings == [DEAD_LINK]


async def test_short_rules_are_kept_to_about_a_second(sweeper, connect, autojump_clock):
    sweeper.rules = LivenessRules(heartbeat_seconds=0.5, connection_timeout_seconds=1, authentication_seconds=10)
    connection = connect("1")
    connection.opened_at = connection.received_at = trio.current_time()
    sweeper.welcome(connection, trio.current_time())
    await trio.sleep(2.3)
    assert connection.link.endings == [DEAD_LINK]


async def test_who_left_is_let_go_of_at_once(sweeper, connect, autojump_clock):
    connection = watched(sweeper, connect("1"))
    references = sys.getrefcount(connection)
    sweeper.forget(connection)
    sweeper.forget(connection)
    assert sys.getrefcount(connection) < references
    await trio.sleep(100)
    assert (connection.link.pings, connection.link.endings) == (0, [])
