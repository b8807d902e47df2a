from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.rpc import public_rpc_options, remote_rpc_options, rpc_options
from tests.app.translate.given import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_admin_interface_takes_what_may_be_published(tmp_path: Path) -> None:
    given = settings(tmp_path)
    options = rpc_options(given)
    assert (options.workers, options.max_streams, options.call_timeout_seconds) == (33, 32, 34.5)
    # the setting may be raised while the daemon runs, up to http.max_body_bytes
    assert options.max_request_bytes == 2 * given.http.max_body_bytes + 1024 * 1024


def test_operators_elsewhere_get_as_much_as_those_here(tmp_path: Path) -> None:
    given = settings(tmp_path)
    here, elsewhere = rpc_options(given), remote_rpc_options(given)
    assert (elsewhere.workers, elsewhere.max_request_bytes) == (here.workers, here.max_request_bytes)
    assert (elsewhere.max_connections, elsewhere.share_ports) == (74, False)


def test_grpc_for_applications_gets_its_bounds(tmp_path: Path) -> None:
    given = settings(tmp_path)
    options = public_rpc_options(given)
    assert (options.workers, options.max_streams, options.call_timeout_seconds) == (56, 55, 57.5)
    assert (options.max_connections, options.streams_setting) == (11, "grpc.max_streams")
