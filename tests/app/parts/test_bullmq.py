"""From the settings to a consumer."""

from __future__ import annotations

import sys

import msgspec
import pytest
import trio

from notifyd.app.parts.bullmq import bullmq_options, compose_bullmq
from notifyd.config import Settings
from tests.service.node import open_node

DEFAULTS = Settings()


def settings(*, records: str = "sqlite:", **bullmq: object) -> Settings:
    replace = msgspec.structs.replace
    return replace(
        DEFAULTS,
        bullmq=replace(DEFAULTS.bullmq, enabled=True, url="redis://there/2", **bullmq),
        records=replace(DEFAULTS.records, url=records),
        broker=replace(DEFAULTS.broker, timeout_seconds=3.0),
    )


async def test_it_is_off_unless_it_is_enabled(nursery: trio.Nursery) -> None:
    node = await open_node(nursery)
    off = msgspec.structs.replace(DEFAULTS, bullmq=msgspec.structs.replace(DEFAULTS.bullmq, enabled=False))
    assert compose_bullmq(off, node.publisher, node.clients, node.broker, node.counters) is None


async def test_it_is_on(nursery: trio.Nursery) -> None:
    node = await open_node(nursery)
    consumer = compose_bullmq(settings(), node.publisher, node.clients, node.broker, node.counters)
    assert consumer is not None
    assert (consumer.in_hand, consumer.detail) == (0, "")


def test_the_settings_are_taken_over() -> None:
    options = bullmq_options(settings(queue="q", job="j", prefix="{p}", concurrency=7))
    assert (options.queue, options.job, options.prefix, options.concurrency) == ("q", "j", "{p}", 7)
    assert (options.redis.url, options.redis.timeout_seconds) == ("redis://there/2", 3.0)
    assert options.max_data_bytes == DEFAULTS.http.max_body_bytes


def test_a_service_is_named_alike_on_all_its_nodes() -> None:
    replace = msgspec.structs.replace
    shared = replace(settings(), broker=replace(DEFAULTS.broker, url="redis://there", prefix="shop"))
    assert bullmq_options(shared).service == "shop"
    assert bullmq_options(settings()).service.endswith(f":{DEFAULTS.server.state_dir}")


@pytest.mark.parametrize(("records", "recheck_ms"), [("sqlite:", 0), ("mongodb://there/db", 4000)])
def test_a_client_may_be_new_where_others_register_them_too(records: str, recheck_ms: int) -> None:
    assert bullmq_options(settings(records=records)).recheck_ms == recheck_ms


async def test_the_package_is_imported_when_it_runs_alone() -> None:
    program = "import sys, notifyd.app.parts.bullmq; sys.exit('bullmq' in sys.modules)"
    with trio.fail_after(30):
        await trio.run_process([sys.executable, "-c", program])
