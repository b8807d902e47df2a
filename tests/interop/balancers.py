"""Load balancers as the manual has them: its very text, but for the addresses and the certificate."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from tests.docs.pages import page, section
from tests.e2e.patience import PATIENCE
from tests.e2e.peer import join
from tests.e2e.ports import free_port
from tests.e2e.rest import Rest
from tests.interop.programs import missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.cli.authority import Authority
    from tests.e2e.daemon import Daemon
    from tests.e2e.peer import Peer

NAMES: Final = ("nginx", "haproxy")
HOST: Final = "localhost"
_SECONDS: Final = 10.0
#: What chooses the daemon by the client's address, and what stands in its place where that is not wanted.
_STICKY: Final = {
    "nginx": ("    hash $remote_addr consistent;\n", ""),
    "haproxy": ("    balance source\n    hash-type consistent\n", "    balance roundrobin\n"),
}
#: What is around the manual's text in a whole configuration; it writes nowhere else.
_NGINX: Final = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{text}
}}
"""


def documented(name: str) -> str:
    """The text in the manual."""
    told = section(page("notifyd.8"), "LOAD BALANCERS")
    blocks = re.findall(r"^(\w+):\n\.Bd -literal[^\n]*\n(.*?)^\.Ed", told, re.MULTILINE | re.DOTALL)
    text = {title.lower(): block for title, block in blocks}[name]
    return text.replace("\\(aq", "'").replace("\\-", "-").replace("\\e", "\\")


class Front(msgspec.Struct, frozen=True):
    """A load balancer that runs before daemons."""

    port: int
    authority_file: Path

    @property
    def url(self) -> str:
        """For clients that come over HTTP."""
        return f"https://{HOST}:{self.port}"

    async def dial(self, address: str) -> trio.abc.Stream:
        """A way to it from an address of the loopback."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port, local_address=address)
        context = ssl.create_default_context(cafile=self.authority_file)
        return trio.SSLStream(stream, context, server_hostname=HOST, https_compatible=True)

    @asynccontextmanager
    async def join(self, address: str, key: str, *channels: str) -> AsyncIterator[Peer]:
        """A WebSocket through it."""
        url = f"wss://{HOST}:{self.port}/"
        async with join(url, key, *channels, dial=lambda _host, _port: self.dial(address)) as peer:
            yield peer

    @asynccontextmanager
    async def rest(self, address: str, key: str) -> AsyncIterator[Rest]:
        """A REST connection through it."""
        async with await self.dial(address) as stream:
            yield Rest(stream, HOST, key)

    def socketio(self, address: str) -> dict[str, Any]:
        """What a stock Socket.IO client has to know to come from an address of the loopback."""
        agent = {"ca": self.authority_file.read_text(), "localAddress": address}
        return {"forceNew": True, "agent": agent, "reconnectionDelay": 50, "reconnectionDelayMax": 200}


@asynccontextmanager
async def front(
    name: str, folder: Path, authority: Authority, *daemons: Daemon, sticky: bool = True
) -> AsyncIterator[Front]:
    """The load balancer of that name before two daemons while the body runs."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if program is None:
        missing(f"{name} is not installed")
    made = Front(free_port(), authority.file)
    config = folder / f"{name}.conf"
    config.write_text(_configured(name, folder, authority, made.port, daemons, sticky=sticky))
    commands = {"nginx": ["-e", str(folder / "error.log"), "-c", str(config)], "haproxy": ["-db", "-f", str(config)]}
    with (folder / "balancer.err").open("wb") as said:
        process = await trio.lowlevel.open_process([program, *commands[name]], stdout=said, stderr=said)
    try:
        await _listens(process, made.port, folder)
        yield made
    finally:
        with trio.CancelScope(shield=True):
            process.terminate()
            await process.wait()


def _configured(
    name: str, folder: Path, authority: Authority, port: int, daemons: tuple[Daemon, ...], *, sticky: bool
) -> str:
    chain, key = authority.issue(HOST)
    both = folder / "both.pem"
    both.write_bytes(chain.read_bytes() + key.read_bytes())
    text = documented(name)
    ours = {f"10.0.0.{number}:3000": f"127.0.0.1:{daemon.http[1]}" for number, daemon in enumerate(daemons, 1)}
    ours |= {"listen 443": f"listen 127.0.0.1:{port}", "bind :443": f"bind 127.0.0.1:{port}"}
    ours |= {"/etc/ssl/notifyd.crt": str(chain), "/etc/ssl/notifyd.key": str(key), "/etc/ssl/notifyd.pem": str(both)}
    if not sticky:
        assert _STICKY[name][0] in text
        ours |= dict([_STICKY[name]])
    for theirs, own in ours.items():
        text = text.replace(theirs, own)
    assert "10.0.0." not in text
    assert not re.search(r"\b443\b", text)
    return _NGINX.format(folder=folder, text=text) if name == "nginx" else text


async def _listens(process: trio.Process, port: int, folder: Path) -> None:
    with trio.fail_after(_SECONDS * PATIENCE):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            said = (folder / "balancer.err").read_text()
            assert process.poll() is None, said
            await trio.sleep(0.02)
