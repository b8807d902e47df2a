"""Valkey servers that belong together: a cluster, and a group with Sentinels. On the loopback, for slow tests."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.e2e.ports import free_port
from tests.valkey import Valkey, running_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SECONDS = 60.0
_SLOTS = 16384
GROUP = "main"


def settled(condition: Callable[[], bool], what: str) -> None:
    """Wait until servers have agreed on something."""
    until = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < until, f"{what}: it did not come to that"
        time.sleep(0.02)


class Cluster:
    """Masters, each with some of the slots, and replicas of the first ones."""

    def __init__(self, masters: Sequence[Valkey], replicas: Sequence[Valkey]) -> None:
        self.masters = list(masters)
        self.replicas = list(replicas)

    @property
    def hosts(self) -> str:
        """The masters, as settings name them."""
        return ",".join(f"{master.host}:{master.port}" for master in self.masters)

    @property
    def url(self) -> str:
        """As settings name it."""
        return f"redis+cluster://{self.hosts}"

    def owner(self, key: str) -> Valkey:
        """The server that has a key."""
        slot = self.masters[0].call("CLUSTER", "KEYSLOT", key)
        return self.masters[slot * len(self.masters) // _SLOTS]

    def another(self, key: str) -> Valkey:
        """A master that does not have a key."""
        owner = self.owner(key)
        return next(master for master in self.masters if master is not owner)

    def move(self, key: str, to: Valkey) -> None:
        """Give the slot of a key, which must hold no keys, to another server."""
        slot = self.masters[0].call("CLUSTER", "KEYSLOT", key)
        name = to.call("CLUSTER", "MYID")
        for server in (to, *[server for server in self.masters if server is not to]):
            server.call("CLUSTER", "SETSLOT", slot, "NODE", name)

    def reshard(self, key: str, to: Valkey) -> int:
        """Move the slot of a key with all that is in it, as an operator does while it is used; how many keys that were.

        A slot can be moved once.
        """
        moving = Moving(self, key, to)
        moved = 0
        while more := moving.take(10):
            moved += more
        moving.end()
        return moved


class Moving:
    """The slot of a key on its way to another server, from when it is made until `end`."""

    def __init__(self, cluster: Cluster, key: str, to: Valkey) -> None:
        self._cluster = cluster
        self._key = key
        self.slot = to.call("CLUSTER", "KEYSLOT", key)
        self.source = cluster.owner(key)
        self.target = to
        # in this order, so that who is sent on is taken in
        to.call("CLUSTER", "SETSLOT", self.slot, "IMPORTING", self.source.call("CLUSTER", "MYID"))
        self.source.call("CLUSTER", "SETSLOT", self.slot, "MIGRATING", to.call("CLUSTER", "MYID"))

    def take(self, count: int) -> int:
        """Move so many of its keys; how many there were."""
        keys = self.source.call("CLUSTER", "GETKEYSINSLOT", self.slot, count)
        if keys:
            self.source.call("MIGRATE", self.target.host, self.target.port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    def end(self) -> None:
        """No key is left: tell all who has it."""
        self._cluster.move(self._key, self.target)

    def give_up(self) -> None:
        """It stays where it is; nothing was moved."""
        for server in (self.source, self.target):
            server.call("CLUSTER", "SETSLOT", self.slot, "STABLE")


@contextmanager
def running_cluster(
    masters: int = 3, replicas: int = 0, *options: str, kind: Callable[..., Valkey] = Valkey
) -> Iterator[Cluster]:
    """A cluster that runs while the body does, each of its servers with these *options* besides."""
    # where nobody can take over it is not noticed that a machine stands still
    patience_ms = "1500" if replicas else "60000"
    options = ("--cluster-node-timeout", patience_ms, *options)
    with ExitStack() as stack:
        servers = [stack.enter_context(_clustered(*options, kind=kind)) for _ in range(masters + replicas)]
        first = servers[0]
        for number, server in enumerate(servers):
            if number < masters:
                bounds = (number * _SLOTS // masters, (number + 1) * _SLOTS // masters - 1)
                server.call("CLUSTER", "ADDSLOTSRANGE", *bounds)
                server.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            first.call("CLUSTER", "MEET", "127.0.0.1", server.port, server.call("CONFIG", "GET", "cluster-port")[1])
        settled(lambda: all(_knows(server, len(servers)) for server in servers), "the nodes know each other")
        for number, replica in enumerate(servers[masters:]):
            replica.call("CLUSTER", "REPLICATE", servers[number].call("CLUSTER", "MYID"))
        settled(lambda: all(_state(server) == "ok" for server in servers), "the cluster works")
        settled(lambda: all(_linked(server) for server in servers[masters:]), "the replicas follow")
        yield Cluster(servers[:masters], servers[masters:])


class Group:
    """A master with a replica, and Sentinels that watch over them."""

    def __init__(self, servers: Sequence[Valkey], sentinels: Sequence[Valkey]) -> None:
        self.servers = list(servers)
        self.sentinels = list(sentinels)

    @property
    def hosts(self) -> str:
        """The Sentinels, as settings name them."""
        return ",".join(f"{sentinel.host}:{sentinel.port}" for sentinel in self.sentinels)

    @property
    def url(self) -> str:
        """As settings name it."""
        return f"redis+sentinel://{self.hosts}/{GROUP}"

    def master(self) -> Valkey:
        """Who takes writes, as the first Sentinel says."""
        port = int(self.sentinels[0].call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)[1])
        return next(server for server in self.servers if server.port == port)

    def replicated(self) -> None:
        """Wait until what has been written is on all."""
        written = _offset(self.master())
        settled(lambda: all(_offset(server) >= written for server in self.servers), "what was written is on all")


@contextmanager
def running_group(sentinels: int = 3, *, kind: Callable[..., Valkey] = Valkey) -> Iterator[Group]:
    """A group that runs while the body does; a master is given up after a second."""
    with ExitStack() as stack:
        master = stack.enter_context(running_valkey(kind=kind))
        replica = stack.enter_context(running_valkey("--replicaof", master.host, str(master.port), kind=kind))
        settled(lambda: _linked(replica), "the replica follows")
        watchers = [stack.enter_context(running_valkey(sentinel=True, kind=kind)) for _ in range(sentinels)]
        for watcher in watchers:
            watcher.call("SENTINEL", "MONITOR", GROUP, master.host, master.port, sentinels // 2 + 1)
            watcher.call("SENTINEL", "SET", GROUP, "down-after-milliseconds", 1000, "failover-timeout", 3000)
        settled(lambda: all(_watches(watcher, sentinels) for watcher in watchers), "the Sentinels know all")
        yield Group([master, replica], watchers)


def _clustered(*options: str, kind: Callable[..., Valkey]) -> AbstractContextManager[Valkey]:
    return running_valkey("--cluster-enabled", "yes", "--cluster-port", str(free_port()), *options, kind=kind)


def _knows(server: Valkey, count: int) -> bool:
    lines = server.call("CLUSTER", "NODES").splitlines()
    return len(lines) == count and not any(b"handshake" in line for line in lines)


def _state(server: Valkey) -> str:
    return dict(line.split(":", 1) for line in server.call("CLUSTER", "INFO").decode().splitlines())["cluster_state"]


def _linked(replica: Valkey) -> bool:
    return b"master_link_status:up" in replica.call("INFO", "replication")


def _offset(server: Valkey) -> int:
    lines = server.call("INFO", "replication").decode().splitlines()
    return int(dict(line.split(":", 1) for line in lines if ":" in line)["master_repl_offset"])


def _watches(sentinel: Valkey, sentinels: int) -> bool:
    told = sentinel.call("SENTINEL", "MASTER", GROUP)
    facts = dict(zip(told[::2], told[1::2], strict=True))
    return int(facts[b"num-slaves"]) == 1 and int(facts[b"num-other-sentinels"]) == sentinels - 1
