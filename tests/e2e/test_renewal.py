"""A certificate that is renewed under a running daemon, as certbot does it: a link that comes to lead elsewhere."""

from __future__ import annotations

import signal
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trio

from tests.app.listeners.test_tls import der, make
from tests.e2e.patience import within

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

pytestmark = pytest.mark.slow


def shown_at(url: str) -> bytes:
    """The certificate that somebody who connects is shown."""
    parts = urlsplit(url)
    pem = ssl.get_server_certificate((str(parts.hostname), int(parts.port or 0)), timeout=20)
    return ssl.PEM_cert_to_DER_cert(pem)


async def shown(daemon: Daemon) -> set[bytes]:
    """The certificates of all ports."""
    urls = [url for url in daemon.entries("ready")[-1]["listeners"] if not url.startswith("unix:")]
    assert len(urls) == 3
    return {await trio.to_thread.run_sync(shown_at, url) for url in urls}


class Live:
    """A folder `live` whose links lead to one of several pairs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, self.key = folder / "fullchain.pem", folder / "privkey.pem"

    def lead_to(self, certificate: Path, key: Path) -> None:
        """Each link is replaced in one step, the certificate's first."""
        for link, target in ((self.certificate, certificate), (self.key, key)):
            fresh = link.with_suffix(".new")
            fresh.symlink_to(target)
            fresh.replace(link)

    async def daemon(self, start: Starter) -> Daemon:
        return await start(f"server.tls_certificate={self.certificate}", f"server.tls_key={self.key}")


@within(60)
async def test_every_port_shows_the_renewed_one_and_connections_live_on(start: Starter, tmp_path: Path):
    old, new = make(tmp_path, "old"), make(tmp_path, "new")
    live = Live(tmp_path)
    live.lead_to(*old)
    daemon = await live.daemon(start)
    assert await shown(daemon) == {der(old[0])}

    follower = await trio.open_ssl_over_tcp_stream("127.0.0.1", port_of(daemon), ssl_context=trusting())
    async with follower:
        await follower.send_all(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await follower.receive_some()).startswith(b"HTTP/1.1 200")
        live.lead_to(*new)
        reloaded = await daemon.ctl("config", "reload")
        assert reloaded.status == 0, reloaded
        assert await shown(daemon) == {der(new[0])}
        await follower.send_all(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await follower.receive_some()).startswith(b"HTTP/1.1 200")


@within(60)
async def test_one_that_cannot_be_used_is_told_and_the_old_one_goes_on(start: Starter, tmp_path: Path):
    old, other = make(tmp_path, "old"), make(tmp_path, "other")
    live = Live(tmp_path)
    live.lead_to(*old)
    daemon = await live.daemon(start)
    live.lead_to(other[0], old[1])
    reloaded = await daemon.ctl("config", "reload")
    assert reloaded.status == 2
    assert "TLS: cannot use" in reloaded.err
    assert await shown(daemon) == {der(old[0])}

    # by the signal there is nobody to tell but the log
    daemon.process.send_signal(signal.SIGHUP)
    while not daemon.entries("config_reload_failed"):
        await trio.lowlevel.checkpoint()
    assert "TLS: cannot use" in str(daemon.entries("config_reload_failed"))
    assert await shown(daemon) == {der(old[0])}
    live.lead_to(*other)
    assert (await daemon.ctl("config", "reload")).status == 0
    assert await shown(daemon) == {der(other[0])}
    # what it has complained of is what was broken
    daemon.stderr[:] = [line for line in daemon.stderr if "config_reload_failed" not in line]


def port_of(daemon: Daemon) -> int:
    """The HTTPS port."""
    (url,) = [url for url in daemon.entries("ready")[-1]["listeners"] if url.startswith("https:")]
    return int(urlsplit(url).port or 0)


def trusting() -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@within(90)
async def test_a_renewal_is_noticed_by_itself(start: Starter, tmp_path: Path):
    old, new = make(tmp_path, "old"), make(tmp_path, "new")
    live = Live(tmp_path)
    live.lead_to(*old)
    daemon = await live.daemon(start)
    live.lead_to(*new)
    while not daemon.entries("certificate_renewed"):
        await trio.lowlevel.checkpoint()
    assert await shown(daemon) == {der(new[0])}
