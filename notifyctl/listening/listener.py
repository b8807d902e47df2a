"""One run of `listen`: the way that publications come, and what is done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from notifyctl.exits import Refusal, Status, usage
from notifyctl.listening.acking import Acker
from notifyctl.listening.following import Follower
from notifyctl.secrets.files import read_secret
from notifyctl.showing.publications import PUBLICATION

if TYPE_CHECKING:
    from notifyctl.command import Invocation
    from notifyctl.listening.handling import Handler, Settle
    from notifyctl.listening.options import Remote, Work
    from notifyctl.listening.places import Places
    from notifyctl.listening.subscribing.subscriber import Conversation
    from notifyctl.listening.working.conduct import Source
    from notifyctl.listening.working.worker import Job, Tally
    from notifyctl.retrying.deadline import Deadline
    from notifyctl.showing.output import Record

_CLIENT_PREFIX: Final = "/client-"


class Listener:
    """Brings publications from where they are to who prints or handles them."""

    def __init__(self, run: Invocation, places: Places, work: Work, count: int | None, deadline: Deadline) -> None:
        """It ends after *count*, or at *deadline*."""
        self._run = run
        self._places = places
        self._work = work
        self._count = count
        self._deadline = deadline
        #: How many were printed or handled.
        self.seen = 0

    def over_socket(self, *, client_id: str, broadcasts: bool) -> bool:
        """Listen over the admin socket; whether as many came as were asked for.

        Raises:
            Refusal: the daemon will not have us, or some of what was to be done failed.
        """
        run, places = self._run, self._places
        note = run.output.note
        inbox = bool(places.user)
        acker = Acker(run.daemon.another(), note, durable=bool(places.durable), inbox=inbox) if places.ack else None
        follower = Follower(run.daemon, places, client_id=client_id, broadcasts=broadcasts, note=note, acker=acker)
        if not self._work.wanted:
            return self._print_all(follower, acker)
        from notifyctl.listening.working.sources import AdminSocket

        def source(handler: Handler) -> Source:
            return AdminSocket(follower, acker, places, handler, self._deadline)

        return self._handle_all(source)

    def _print_all(self, follower: Follower, acker: Acker | None) -> bool:
        publications = follower.publications(self._deadline)
        try:
            for publication in publications:
                asks = acker is not None and acker.takes(publication)
                self._print(publication)
                self._places.done(publication)
                if asks and acker is not None:
                    acker.settled(publication)
                if self.seen == self._count:
                    return True
        finally:
            # First the acks: with the stream goes the connection that they name.
            if acker is not None:
                acker.close()
            publications.close()
        return False

    def _print(self, publication: Record) -> None:
        self._run.output.each(publication, PUBLICATION)
        self.seen += 1

    def over_network(self, remote: Remote) -> bool:
        """As `over_socket`, as a client over WebSocket or Socket.IO."""
        from notifyctl.listening.subscribing.desk import Desk
        from notifyctl.listening.subscribing.subscriber import Subscriber
        from notifyctl.listening.working.sources import Network

        note = self._run.output.note
        conversation = self._conversation(remote)

        def source(handler: Handler) -> Source:
            subscriber = Subscriber(conversation, note=note, ca_file=remote.ca_file)
            return Network(subscriber, Desk(self._places, handler, note))

        if self._work.wanted:
            return self._handle_all(source)
        from notifyctl.listening.working.conduct import conduct

        printing = Printing(self._print, self._count)
        return conduct(source(printing), printing, None, self._deadline)

    def _conversation(self, remote: Remote) -> Conversation:
        note, url = self._run.output.note, str(remote.url)
        if not remote.over_socketio:
            from notifyctl.listening.subscribing.native import Native

            if remote.token_file is not None:
                credential = {"token": read_secret(remote.token_file, "token")}
            else:
                credential = {"apiKey": read_secret(str(remote.key_file), "key")}
            return Native(url, credential, self._places, note=note)
        from notifyctl.listening.subscribing.packets import transport_url
        from notifyctl.listening.subscribing.socketio import SocketIo

        token = read_secret(str(remote.token_file), "token")
        client_id = _client_of(url, token)
        auth = {"clientId": client_id, "token": token}
        return SocketIo(
            transport_url(url, remote.socketio_path), f"{_CLIENT_PREFIX}{client_id}", auth, self._places, note=note
        )

    def _handle_all(self, source: Any) -> bool:
        from notifyctl.listening.working.conduct import conduct
        from notifyctl.listening.working.worker import Worker

        job = self._job()
        worker = Worker(
            job, self._run.output.note, at_once=self._work.concurrency, count=self._count, acked=self._places.ack
        )
        try:
            enough = conduct(source(worker), worker, worker.run, self._deadline)
        finally:
            self.seen = worker.tally.handled
            if self.seen:
                self._run.output.note(worker.tally.sentence())
        _check_tally(worker.tally)
        return enough

    def _job(self) -> Job:
        work = self._work
        if work.command is not None:
            from notifyctl.listening.working.execute import Command, command_of

            return Command(command_of(work.command), timeout_seconds=work.exec_timeout)
        from notifyctl.listening.working.forward import Forward

        token = read_secret(work.forward_token_file, "token") if work.forward_token_file is not None else ""
        return Forward(str(work.forward_to), timeout_seconds=work.forward_timeout, token=token)


class Printing:
    """A `Handler` that prints."""

    def __init__(self, show: Any, count: int | None) -> None:
        import trio

        self.enough = trio.Event()
        self._park = trio.sleep_forever
        self._show = show
        self._left = count

    async def room(self) -> None:
        """See `Handler`."""
        if self._left == 0:
            await self._park()

    def put(self, publication: Record, settle: Settle) -> None:
        """See `Handler`."""
        self._show(publication)
        settle("")
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self.enough.set()

    async def finish(self) -> None:
        """See `Handler`: printing is done at once."""


def _check_tally(tally: Tally) -> None:
    if tally.failed:
        status = Status.PARTLY if tally.done else Status.FAILED
        code = "partly_done" if tally.done else "failed"
        raise Refusal(f"{tally.failed} of {tally.handled} failed.", status, code=code)


def _client_of(url: str, token: str) -> str:
    """The client whose namespace *url* names, or else the one of the token."""
    path = urlsplit(url).path
    if path.startswith(_CLIENT_PREFIX) and len(path) > len(_CLIENT_PREFIX) and "/" not in path[1:]:
        return path.removeprefix(_CLIENT_PREFIX)
    if path not in ("", "/"):
        raise usage("For Socket.IO --url ends in /client-ID, or in nothing: then the token tells the client.")
    from notifyctl.secrets.claims import decode

    client_id = decode(token)[1].get("clientId")
    if not isinstance(client_id, str) or not client_id:
        raise usage("The token names no client: end --url in /client-ID.")
    return client_id
