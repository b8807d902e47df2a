"""What an example of the help needs beyond a daemon, or why it cannot run.

An example without an entry is run as it stands: it has to end with 0. In every example these stand for something that
is there: KEY_ID, CLIENT_ID, DEVICE_ID, CONNECTION_ID and EPOCH, files of the names in FILES, and the addresses
127.0.0.1:3000, 127.0.0.1:3001, /run/other/admin.sock and /run/staging/admin.sock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.cli.examples.house import House

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Run:
    """How an example is run."""

    #: What a word in it stands for.
    names: dict[str, Callable[[House], str]] = field(default_factory=dict)
    #: What is to be there before; CLIENT_ID is given by name.
    given: Callable[..., object] | None = None
    #: What is done again and again while it runs.
    feed: Callable[..., object] | None = None
    #: What it has to say, or a file it has to write, before it is interrupted: it does not end by itself.
    until: str = ""
    #: How it ends; an interrupted one ends with any of 0 and 130.
    status: int = 0
    #: A line of shell that comes before it.
    before: str = ""
    #: Words in it that are made smaller, or of this machine.
    instead: dict[str, str] = field(default_factory=dict)
    #: Files that must not be there.
    absent: tuple[str, ...] = ()
    #: It ends its daemon, which therefore is its own.
    own: bool = False


@dataclass(frozen=True)
class Cannot:
    """Why an example is not run, and what shows that it would work."""

    reason: str


def _orders(house: House, **_: Any) -> None:
    house.publish()


def _alice(house: House, client_id: str) -> None:
    house.publish_to("alice", client_id)


def _last(house: House) -> str:
    return house.publish()


def _acked(house: House) -> str:
    """One that two subscribers have acked."""
    return house.acked(2)


def _worker(house: House, **_: Any) -> None:
    house.worker()


def _tidy(house: House, **_: Any) -> None:
    house.tidy()


def _present(house: House, client_id: str) -> None:
    house.present("alice", client_id)


#: A daemon beside the one that is there.
_SERVES = Run(before="export NOTIFYCTL_SOCKET=s; ", until='"event":"ready"')
_STAGING = "notifyctl context add staging --socket /run/staging/admin.sock; "
_SHOP = "notifyctl context add shop --socket /run/staging/admin.sock; "
#: What makes a benchmark small, and what it promises easy to keep on any machine.
_LEAST = (
    (r"<[\d.]+m?s", "<60s"), (r"(--connections|-C) \d+", "-C 5"), (r"(--subscribers|-S) \d+", "-S 5"),
    (r"--duration \S+", "-d 300ms"), (r"--count \S+", "-n 200"), (r"--rate \d+", "--rate 50"),
    (r"--hold \S+", "--hold 0s"), (r"--rounds \d+", "--rounds 1"), (r"--spread \S+", "--spread 100ms"),
    (r"(bench (?:publish|fanout|latency))(?!.* -[dn] )", r"\1 -d 300ms"),
    (r"bench (publish|fanout|latency)", r"bench \1 --warmup 0s"),
)  # fmt: skip

#: By the example, to the letter.
RUNS: dict[str, Run | Cannot] = {
    "notifyctl serve --dev": _SERVES,
    "notifyd --config /etc/notifyd/notifyd.toml -S limits.requests_per_minute=600": _SERVES,
    "notifyctl send --channel orders --wait-ack --wait-timeout 10s 'Order 17' -o json | jq .acked": Run(
        given=lambda house, **_: house.acks_everything("orders")
    ),
    "tail -f app.log | notifyctl send --channel log --lines -q": Run(until="\n"),
    "notifyctl listen orders deploys": Run(feed=_orders, until='"channel":"orders"'),
    "notifyctl listen --user alice --client CLIENT_ID": Run(feed=_alice, until='"data":{"n":1}'),
    "notifyctl listen orders --since beginning -n 1 --timeout 30s | jq .data": Run(given=_orders),
    'notifyctl listen orders --durable worker | while read -r order; do handle "$order"; done': Run(
        feed=_orders, until="handled"
    ),
    "notifyctl listen orders --durable worker --exec ./handle-order --exec-timeout 20s": Run(
        feed=_orders, until="handled.txt"
    ),
    "notifyctl listen orders --durable mirror --forward-to https://example.com/hook": Cannot(
        "example.com takes no calls; tests/cli/working forwards to a receiver of its own"
    ),
    "notifyctl listen orders --url ws://127.0.0.1:3001 --key-file key.txt": Run(
        feed=_orders, until='"channel":"orders"'
    ),
    "notifyctl listen --url ws://127.0.0.1:3001 --token-file token.txt": Run(feed=_alice, until='"data":{"n":1}'),
    "notifyctl listen --url http://127.0.0.1:3000/client-CLIENT_ID --token-file token.txt": Run(
        feed=_alice, until='"data":{"n":1}'
    ),
    "notifyctl notifications show ID -o json | jq .state": Run({"ID": _last}),
    "notifyctl notifications wait ID": Run({"ID": _last}),
    "notifyctl notifications wait ID --until acked --acks 2 --timeout 1m -q": Run({"ID": _acked}),
    "notifyctl notifications cancel ID": Run({"ID": House.scheduled}),
    "notifyctl dead-letters show ID": Run({"ID": House.letter}),
    "notifyctl dead-letters show ID -o json | jq .data": Run({"ID": House.letter}),
    "notifyctl dead-letters retry ID": Run({"ID": House.letter}),
    "notifyctl dead-letters list --reason nacked -q | notifyctl dead-letters retry - --ttl 1h": Run(
        given=lambda house, **_: house.letter()
    ),
    "notifyctl dead-letters drop ID --yes": Run({"ID": House.letter}),
    "notifyctl subscriptions remove orders worker --yes": Run(given=_worker),
    "notifyctl subscriptions remove orders phone --user alice --client CLIENT_ID --yes": Cannot(
        "only a user's own connection makes such a one; tests/e2e/test_acking.py does"
    ),
    "notifyctl stats --watch --interval 2s": Run(until="uptimeSeconds", instead={"2s": "100ms"}),
    "notifyctl channels show orders -o json | jq .position": Run(given=_orders),
    "notifyctl connections kick --user alice --client CLIENT_ID --yes": Run(given=_present),
    "notifyctl devices register --user alice --client CLIENT_ID --token-file -": Run(before="cat fcm.txt | "),
    "notifyctl logs tail -f -o ndjson | jq -r .event": Run(
        feed=_orders, until="\n", instead={"jq -r": "jq --unbuffered -r"}
    ),
    "notifyctl records export house.ndjson": Run(absent=("house.ndjson",)),
    "notifyctl clients rotate-secret CLIENT_ID --overlap 24h --secret-out secret.txt": Run(absent=("secret.txt",)),
    "ID=$(notifyctl clients register --name shop --secret-out secret.txt -q)": Run(absent=("secret.txt",)),
    "notifyctl context use shop": Run(before=_SHOP),
    "notifyctl context remove shop --yes": Run(before=_SHOP),
    "notifyctl export --context staging | notifyctl apply -f - --context shop --prune --secrets-out keys.jsonl": Run(
        given=_tidy, before=_STAGING + _SHOP
    ),
    "notifyctl export > notifyd-state.toml": Run(given=_tidy, absent=("notifyd-state.toml",)),
    "notifyctl export | notifyctl diff -f - --prune": Run(given=_tidy),
    "notifyctl apply -f notifyd-state.toml --dry-run": Run(status=1),
    "notifyctl apply -f notifyd-state.toml --plain-secrets --dry-run": Run(status=1),
    "notifyctl diff -f notifyd-state.toml": Run(status=1),
    "notifyctl diff -f notifyd-state.toml --plain-secrets": Run(status=1),
    "notifyctl serve --dev --host 127.0.0.1 --log-level debug --workers 1": _SERVES,
    "notifyctl send --channel acked --wait-ack --acks 1 'Order 18'": Run(
        given=lambda house, **_: house.acks_everything("acked")
    ),
    "notifyctl listen orders --url wss://127.0.0.1:1 --ca-file ca.pem --key-file key.txt": Run(status=6),
    "notifyctl listen --url http://127.0.0.1:3000/client-CLIENT_ID --socketio-path /socket.io --token-file token.txt": (
        Run(feed=_alice, until='"data":{"n":1}')
    ),
    "notifyctl listen orders --durable mirror --forward-to RECEIVER --forward-timeout 9s "
    "--forward-token-file shop.token -n 1": Run({"RECEIVER": House.endpoint}, feed=_orders),
    "notifyctl listen orders --durable pool --exec ./handle-order --concurrency 2 -n 1": Run(feed=_orders),
    "notifyctl channels show orders --client default": Run(given=_orders),
    "notifyctl config set log.level --unset": Run(before="notifyctl config set log.level debug; "),
    "notifyctl cluster drain node-2 --yes": Run(own=True),
    "notifyctl cluster drain node-2 --over 1m --yes": Run(own=True),
    "notifyctl drain --over 30s --yes": Run(own=True),
    "notifyctl bench connect --url wss://push.example.org --key-file key.txt --yes -o json | jq .latency": Cannot(
        "push.example.org is not there; tests/cli/benching/test_real_bench.py goes to a daemon by its URL"
    ),
}

_BENCH = "--key-file key.txt --channel load --warmup 0s --progress --yes"
#: For the options that no example names; run as the examples are.
MORE = [
    "notifyctl serve --dev --host 127.0.0.1 --log-level debug --workers 1",
    "notifyctl keys update KEY_ID --everything --cidr 10.0.0.0/8 --expires-at 2100-01-01T00:00:00Z",
    "notifyctl clients register --name described --description 'sells things'",
    "notifyctl clients update CLIENT_ID --name renamed --description 'sells more'",
    "notifyctl send --channel acked --wait-ack --acks 1 'Order 18'",
    "notifyctl listen orders --url wss://127.0.0.1:1 --ca-file ca.pem --key-file key.txt",
    "notifyctl listen --url http://127.0.0.1:3000/client-CLIENT_ID --socketio-path /socket.io --token-file token.txt",
    "notifyctl listen orders --durable mirror --forward-to RECEIVER --forward-timeout 9s "
    "--forward-token-file shop.token -n 1",
    "notifyctl listen orders --durable pool --exec ./handle-order --concurrency 2 -n 1",
    "notifyctl dead-letters retry --client default --channel no --user no --notification no --until 1m --yes",
    "notifyctl dead-letters drop --client default --stage push --reason nacked --user no --notification no --since 1h "
    "--yes",
    "notifyctl dead-letters export --client default --reason nacked --user no --notification no --until 1m",
    "notifyctl queue list --client default",
    "notifyctl queue clear --client CLIENT_ID --yes",
    "notifyctl channels list --client default --limit 5",
    "notifyctl channels show orders --client default",
    "notifyctl channels history orders --client default",
    "notifyctl connections list --key KEY_ID --limit 5",
    "notifyctl devices list --limit 5",
    "notifyctl config init new.toml --yes",
    "notifyctl config check --config /etc/notifyd/notifyd.toml",
    "notifyctl config show --config /etc/notifyd/notifyd.toml --changed",
    "notifyctl context add far --url grpcs://192.0.2.1:50052 --server-name shop.example --token-file shop.token",
    "notifyctl apply -f notifyd-state.toml --plain-secrets --dry-run",
    "notifyctl diff -f notifyd-state.toml --plain-secrets",
    "notifyctl bench connect -C 5 --rate 50 --concurrency 2 --channel load --subscribe --progress --hold 0s",
    f"notifyctl bench publish --url http://127.0.0.1:3000 --count 20 --concurrency 2 {_BENCH}",
    f"notifyctl bench fanout --url http://127.0.0.1:3000 -S 2 --count 20 --via http --size 200 --batch 2 {_BENCH}",
    "notifyctl bench latency --url http://127.0.0.1:3000 --count 20 --via http --size 200 --batch 1 --concurrency 1 "
    f"{_BENCH}",
    "notifyctl bench storm --url http://127.0.0.1:3000 -C 5 --rounds 1 --spread 0s --within 20s --rate 50 "
    "--key-file key.txt --channel load --progress --yes",
]

_STATE = '[[clients]]\nname = "{name}"\nurl = "https://shop.example"\n'
#: What is in a file that an example names; CLIENT_ID is given by name.
FILES: dict[str, Callable[..., str]] = {
    "token.txt": lambda house, client_id: house.token(client_id),
    "key.txt": lambda house, **_: house.issued(),
    "secret.txt": lambda house, **_: "a-secret-of-more-than-thirty-two-letters\n",
    "fcm.txt": lambda house, **_: house.fresh("fcm-token"),
    "app.log": lambda house, **_: "one line\n",
    "house.ndjson": lambda house, **_: house.records(),
    "notifyd-state.toml": lambda house, **_: _STATE.format(name=house.fresh("declared")),
    "notifyd.toml": lambda house, **_: "[log]\nlevel = 'info'\n",
    "ca.pem": lambda house, **_: house.certificate(),
    "shop.token": lambda house, **_: "t0ken",
    "handle-order": lambda house, **_: "#!/bin/sh\ncat > /dev/null; echo handled > handled.txt\n",
}
NAMES: dict[str, Callable[[House], str]] = {
    "KEY_ID": House.key,
    "CLIENT_ID": House.client,
    "DEVICE_ID": House.device,
    "CONNECTION_ID": House.idle,
    "EPOCH": House.epoch,
}


def runnable(examples: Iterable[str]) -> list[str]:
    """Those that can run."""
    return [example for example in examples if not isinstance(RUNS.get(example), Cannot)]


def run_of(example: str) -> Run:
    """How it is run."""
    found = RUNS.get(example, Run())
    assert isinstance(found, Run)
    return found


def least(line: str) -> str:
    """*line* with the least load, where it is a benchmark."""
    if "notifyctl bench " in line:
        for pattern, small in _LEAST:
            line = re.sub(pattern, small, line)
    return line
