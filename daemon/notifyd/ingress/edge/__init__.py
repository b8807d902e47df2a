"""The network edge: HTTP/1.1 and WebSocket on raw non-blocking sockets, knowing nothing of notifications.

What an application on top of it needs (import each name from the module shown):

Serving, `server.py` and `listener.py`::

    sockets = open_sockets(host, port, backlog=1024)      # listener.py: non-blocking, TCP_NODELAY, port 0 allowed
    server = EdgeServer(EdgeSettings())                   # settings.py: EdgeSettings(http=, websocket=, connections=)
    await nursery.start(server.run)                       # returns when ready; holds every connection's task
    server.listen(sockets, app, tls=None)                 # repeatable: one app for PORT, another for WS_PORT
    server.stop_listening()                               # accept nothing more, let everything else go on
    await server.drain(seconds)                           # and finish what runs, abort the rest; then run() returns
    server.configure(ConnectionSettings(...))             # other bounds on connections from now on
    server.counts                                         # accepted, refused, requests, open, websockets, ...
    server.deadlines.at(when, callback) -> Deadline       # the shared timer: calls back once trio's clock passes it,
    deadline.cancel()                                     #   late by 1 % of the wait or 50 ms, without a task each

Application, `http/app.py` (protocols; an app is any object with these four)::

    class HttpApp(Protocol):
        asgi: AsgiApp                                                    # everything else: Starlette
        def fast(self, request: Request) -> Answer | Pending | LongPoll | None   # hot path, synchronous; None: stream
        def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None   # of sound handshakes
        def stream(self, request: Request) -> StreamHandler | None       # asked next, if there is no body; None: asgi

    `fast` is called for every request whose body is complete (bodies up to HttpSettings.buffered_body_bytes are
    gathered first). All complete requests of one read go through `fast` before any Pending is awaited; answers keep
    their order and are joined into one write. `upgrade` -> None treats the request as plain HTTP. An exception in any
    of these is logged and answered with 500, the connection then closes.

    class Pending(Protocol):                    # an answer that is on its way (a group commit)
        answer: Answer | None                   # set as soon as it is known
        async def wait(self) -> Answer
    class LongPoll:                             # subclass it: an answer that may be long in coming
        def take(self) -> Answer | None         # asked at first, and after each self.wake()
        def left(self) -> None                  # the peer did not wait for it
    class PendingUpgrade(Protocol):
        async def wait(self) -> Upgrade | Answer

    Upgrade(handler: WebSocketHandler, subprotocol: str | None = None, headers: tuple[tuple[bytes, bytes], ...] = (),
            max_message_bytes: int | None = None)                                 # None: as in WebSocketSettings
    Answer(status: int, body: bytes = b"", content_type: bytes = b"application/json",
           headers: tuple[tuple[bytes, bytes], ...] = (), close: bool = False)          # wire/http/answer.py

Request, `http/request.py` (frozen)::

    method: str  target: bytes  path: str (percent-decoded)  raw_path: bytes  query: bytes  version: str ("1.1")
    headers: tuple[tuple[bytes, bytes], ...] (names in lower case, in order)  body: bytes  peer: Peer(host, port)
    secure: bool    .header(b"x-api-key") -> bytes | None (first one)    .header_all(name) -> list[bytes]

WebSocket, `http/app.py` (WebSocketHandler) and `websocket/socket.py` (WebSocket)::

    class WebSocketHandler(Protocol):           # all called by the connection's own task
        def opened(self, ws: WebSocket) -> None                                # after the 101 is written
        def text(self, payload: bytes) -> Coroutine[Any, Any, None] | None     # UTF-8 already checked, whole message
        def binary(self, payload: bytes) -> Coroutine[Any, Any, None] | None
        def pong(self, payload: bytes) -> None
        def closed(self, code: int, reason: str) -> None                       # exactly once; 1006 when it broke

    text/binary answer None when they are done, or a coroutine that is awaited before the next message is given
    (order and backpressure). What is put while messages of one read are handled is joined into one write.

    ws.put(frame: bytes) -> bool        # frame(s) of wire/websocket/frames.py; never blocks; False: slow consumer,
                                        #   it was not taken: call ws.close(4008, ...). After the end: dropped, True
    ws.close(code=1000, reason="")      # synchronous; starts the close handshake, its deadline is the server's affair
    ws.abort()                          # synchronous; at once and without a handshake
    ws.ping(payload=b"") -> bool
    ws.closing: bool  ws.peer: Peer  ws.outbox: Outbox (its put is the fan-out's hot call)
    ws.pending_bytes: int  ws.sent_bytes: int

Streams (Server-Sent Events), `http/app.py` (StreamHandler) and `http/stream.py` (HttpStream)::

    class StreamHandler(Protocol):
        async def run(self, stream: HttpStream) -> None     # returning ends the connection, flushed; cancelled never
    stream.start(status, content_type, headers=())          # writes the head, close-delimited, `Connection: close`
    stream.put(data: bytes) -> bool                         # as ws.put: bounded, False: slow consumer
    stream.close()  stream.abort()                          # synchronous; both end wait_closed()
    await stream.wait_closed()                              # until the peer has left or close/abort was called
    stream.peer  stream.outbox  stream.pending_bytes  stream.sent_bytes

Frames, `wire/websocket/frames.py` (pure): text_frame(payload) binary_frame(payload) ping_frame(payload)
pong_frame(payload) close_frame(code, reason) -> bytes.

Floors inside: listener -> server -> http.connection (http.reader, asgi, http.stream) -> websocket.socket -> link,
outbox, deadlines. httptools is imported by http.reader alone, wsproto by websocket.frames alone.
"""
