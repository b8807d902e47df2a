"""Peers of Socket.IO and of the namespaces that send what none should: each is refused or ended by itself.

Meanwhile somebody else's notifications arrive in time, nothing is logged as an error, and afterwards nothing is left.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio

from tests.e2e.hostile import connections, engine, nothing_left, register
from tests.e2e.patience import within
from tests.e2e.peer import Ended
from tests.e2e.rest import Rest
from tests.e2e.sockets import ENGINE, Polling, Refused, SocketIo, polling, websocket
from tests.e2e.witness import undisturbed

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

#: Engine.IO and Socket.IO packets that no client may send; NS is a namespace that is connected.
NO_PACKETS = (
    "", "0", "2", "9", "x", "b", "bAAAA", "5", "\u0660", "4", "4x", "47", "48[]", "4-1",
    "40{", '40"text"', "40[]", "40null", '40NS,{"again":1}', "40/" + "n" * 300,
    "41", "41/never,", '41NS,["more"]', '42["a"]', '42/never,["a"]', "42NS,", "42NS,{}", "42NS,[]", "42NS,[null]",
    '42NS,[{"name":1}]', '42NS,["connect"]', '42NS,["disconnecting"]', '42NS,["a"', '42NS,["a"]x', "42NS,1",
    '42NS,99999999999999999999["a"]', "42NS,[true]", "43NS,[]x", "43NS,{}", '44NS,{"message":"x"}',
    "45NS,[]", '45-1NS,["a"]', '450-NS,["a"]', '45999-NS,["a"]', '4511-NS,["a"]', "451-NS,{}", "46-NS,[]",
    "42NS," + "[" * 60_000, '42NS,["a",' + "[" * 30_000 + "]" * 30_000 + "]", '42NS,["\\ud800"',
)  # fmt: skip


@within(90)
async def test_what_is_no_packet_ends_the_transport_alone(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service):
        for packet in NO_PACKETS:
            async with app.socket() as io:
                await io.carrier.send(packet.replace("NS", app.namespace))
                end = await io.hear()
                while not isinstance(end, Ended):
                    end = await io.hear()
                assert end.code == 4000, f"{packet[:60]!r}: {end}"


@within(90)
async def test_what_is_no_payload_ends_the_session_alone(service: Daemon) -> None:
    app = await register(service)
    bodies = [
        packet.replace("NS", app.namespace).encode("utf-8") for packet in NO_PACKETS if not packet.startswith("b")
    ]
    bodies += [b"\x1e", b"3\x1e", b"\x1e3", b"3\x1e\x1e3", b"b!", b"b%", b"bA", b"4\xff\xfe", b"\xc0\x80", b"4" * 2]
    async with undisturbed(service), nothing_left(service):
        for body in bodies:
            async with app.polling() as (session, _):
                reply = await session.post(body)
                assert reply.status == 400, f"{body[:60]!r}: {reply}"
                assert (await session.poll()).status == 400


@pytest.mark.slow  # other packets that are none are the quick rounds
@within(60)
async def test_many_small_packets_are_no_trouble(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), app.polling() as (session, io):
        for body in ("\x1e".join(["3"] * 400_000), "\x1e".join(["6"] * 400_000)):
            assert (await session.post(body)).status == 200
        pings = "\x1e".join([f'42{app.namespace},["ping"]'] * 5_000)
        assert (await session.post(pings)).status == 200
        assert (await io.ask("ping"))[0] is None


@within(60)
async def test_bodies_over_the_limit_are_refused(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service):
        for size in (1_000_001, 1_048_000, 1_048_577, 3_000_000):
            async with app.polling() as (session, _):
                with pytest.raises((AssertionError, trio.BrokenResourceError)):  # refused, or cut off while sending
                    await session.send("4" + "x" * (size - 1))
        async with app.socket() as io:
            await io.carrier.send("4" + "x" * 1_000_001)
            assert (await io.carrier.ended()).code == 1009  # type: ignore[union-attr]


@within(60)
async def test_a_body_that_does_not_come_is_not_waited_for(start: Starter) -> None:
    daemon = await start("http.body_timeout_seconds=0.5")
    app = await register(daemon)
    async with undisturbed(daemon), nothing_left(daemon), app.polling() as (session, _):
        async with await trio.open_tcp_stream(*daemon.http) as stream:
            head = f"POST {session.target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n4"
            await stream.send_all(head.encode())
            answer = b"".join([chunk async for chunk in stream])
            assert answer.startswith(b"HTTP/1.1 408 "), answer
        await session.send("3")


@within(60)
async def test_attachments_come_as_announced_or_not_at_all(service: Daemon) -> None:
    app = await register(service)
    place = '{"_placeholder":true,"num":%d}'
    head = f"{app.namespace},"
    async with undisturbed(service), nothing_left(service):
        for packet, attachments in (
            (f'451-{head}["a",{place % 0}]', ["text"]),
            (f'451-{head}["a",{place % 1}]', [b"x"]),
            (f'451-{head}["a",{place % 0},{place % 0}]', [b"x"]),
            (f'452-{head}["a",{place % 0}]', [b"x", b"y"]),
            (f'451-{head}["a",{{"_placeholder":true,"num":"0"}}]', [b"x"]),
            (f'451-{head}["a",{{"_placeholder":true,"num":-1}}]', [b"x"]),
            (f'451-{head}["a",{{"_placeholder":true,"num":true}}]', [b"x"]),
            (f'451-{head}["a",{{"_placeholder":true}}]', [b"x"]),
            (f'453-{head}["a",{place % 0},{place % 1},{place % 2}]', [b"x" * 400_000] * 3),
            ("", [b"unannounced"]),
        ):
            async with app.socket() as io:
                if packet:
                    await io.carrier.send(packet)
                for attachment in attachments:
                    if isinstance(attachment, bytes):
                        await io.carrier.send_binary(attachment)  # type: ignore[union-attr]
                    else:
                        await io.carrier.send(attachment)
                assert (await io.carrier.ended()).code == 4000, packet  # type: ignore[union-attr]


@within(60)
async def test_a_job_with_an_attachment_is_refused_and_the_socket_stays(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), app.socket() as io:
        place = '{"_placeholder":true,"num":0}'
        await io.carrier.send(f'451-{app.namespace},7["notification-job",{{"payload":{place}}}]')
        await io.carrier.send_binary(b"\x00\xff")  # type: ignore[union-attr]
        refusal = await io.hear()
        assert isinstance(refusal, str)
        assert refusal.startswith(f"3{app.namespace},7[")
        assert '"binary_payload"' in refusal
        assert (await io.ask("ping"))[0] is None


# Sessions


@within(60)
async def test_sids_are_not_guessed(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service), app.polling() as (session, io), service.rest() as client:
        near = [session.sid[:-1], session.sid + "A", session.sid.swapcase(), session.sid[::-1]]
        wild = ["%00", "..%2f", "%F0%9F%98%80", "a" * 8000, "0", "-1", io.sid]
        for sid in (*near, *wild, *(secrets.token_urlsafe(16) for _ in range(200))):
            reply = await client.call("GET", f"{ENGINE}&transport=polling&sid={sid}")
            assert (reply.status, reply.json["code"]) == (400, 1), sid
            with pytest.raises(Refused, match="Session ID unknown"):
                async with websocket(service.http, f"{ENGINE}&transport=websocket&sid={sid}"):
                    pass
        assert (await io.ask("ping"))[0] is None


@within(60)
async def test_a_websocket_of_its_own_is_no_session_to_take_over(service: Daemon) -> None:
    async with undisturbed(service), websocket(service.http, f"{ENGINE}&transport=websocket") as ws:
        opening = await ws.hear()
        assert isinstance(opening, str)
        sid = msgspec.json.decode(opening[1:])["sid"]
        async with service.rest() as client:
            reply = await client.call("GET", f"{ENGINE}&transport=polling&sid={sid}")
            assert (reply.status, reply.json["code"]) == (400, 1)


@within(60)
async def test_upgrades_that_race_leave_one_transport(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service), app.polling() as (session, _):
        target = f"{ENGINE}&transport=websocket&sid={session.sid}"
        async with websocket(service.http, target) as first, websocket(service.http, target) as second:
            assert isinstance(await second.hear(), Ended)
            await first.send("2probe")
            assert await first.hear() == "3probe"
            async with websocket(service.http, target) as third:
                await third.send("5")
                assert isinstance(await third.hear(), Ended)
            await first.send("5")
            io = SocketIo(first)
            io.namespace = app.namespace
            assert (await io.ask("ping"))[0] is None
            async with websocket(service.http, target) as late:
                assert isinstance(await late.hear(), Ended)
            assert (await session.poll()).status == 400
            assert (await session.post("3")).status == 400
            assert (await io.ask("ping"))[0] is None


@within(60)
async def test_probes_out_of_order_are_dismissed_and_polling_goes_on(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service), app.polling() as (session, io):
        target = f"{ENGINE}&transport=websocket&sid={session.sid}"
        for packets in (["5"], ["2"], ["3probe"], ["4hello"], ["2probe", "2probe"], ["2probe", "4x"], ["2probe", "1"]):
            async with websocket(service.http, target) as ws:
                await ws.send(*packets)
                await ws.ended()
        async with websocket(service.http, target) as ws:
            await ws.send("2probe")
            await ws.hear()  # and leaves without another word
        assert (await io.ask("ping"))[0] is None


@within(60)
async def test_two_polls_at_once_end_the_session(service: Daemon) -> None:
    """Whoever has a sid has the session, but cannot read along: the order of two polls would be anyone's guess."""
    app = await register(service)
    async with undisturbed(service), nothing_left(service), app.polling() as (session, io), service.rest() as thief:
        await io.ask("ping")
        await session.hear()  # the pong; nothing waits any more
        bodies = []

        async def poll(client: Rest) -> None:
            bodies.append((await client.call("GET", session.target)).body)

        async with service.rest() as owner, trio.open_nursery() as nursery:
            nursery.start_soon(poll, owner)
            nursery.start_soon(poll, thief)
        assert sorted(bodies) == [b"1", b'{"code":3,"message":"Bad request"}']
        assert (await session.poll()).status == 400


@pytest.mark.slow
@within(60)
async def test_abandoned_sessions_are_collected(start: Starter) -> None:
    daemon = await start("socketio.ping_interval_seconds=0.3", "socketio.ping_timeout_seconds=0.3")
    app = await register(daemon)
    async with undisturbed(daemon), nothing_left(daemon):
        sids = []
        for number in range(50):
            async with await trio.open_tcp_stream(*daemon.http) as stream:
                session = Polling(Rest(stream, "localhost"), Rest(stream, "localhost"))
                await session.open()
                await SocketIo(session).connect(app.namespace, app.auth(f"user{number}"))
                sids.append(session.sid)
        async with daemon.rest() as client:
            for sid in sids:
                while (await client.call("POST", f"{ENGINE}&transport=polling&sid={sid}")).json["code"] != 1:  # noqa: ASYNC110
                    await trio.sleep(0.05)


@pytest.mark.slow
@within(60)
async def test_who_enters_no_namespace_is_ended_in_time(start: Starter) -> None:
    daemon = await start("socketio.connect_timeout_seconds=0.5")
    ended = []

    async def on_websocket() -> None:
        async with engine(daemon) as io:
            await io.carrier.send("40/client-nobody,{}")
            ended.append((await io.carrier.ended()).code)  # type: ignore[union-attr]

    async def on_polling() -> None:
        async with polling(daemon.http) as session:
            while not isinstance(packet := await session.hear(), Ended) and packet != "1":
                pass
            ended.append(4001)

    async with undisturbed(daemon), nothing_left(daemon), trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(on_websocket)
            nursery.start_soon(on_polling)
    assert ended == [4001] * 200


# Namespaces


@pytest.mark.slow  # other packets that are none are the quick rounds
@within(90)
async def test_thousands_of_connects_to_what_is_not_there_leave_nothing(service: Daemon) -> None:
    app = await register(service)
    async with undisturbed(service), nothing_left(service), engine(service) as io:
        for start in range(0, 20_000, 500):
            names = [
                f"/client-{number}" if number % 2 else f"/{'x' * 200}{number}" for number in range(start, start + 500)
            ]
            await io.carrier.send(*(f"40{name},{{}}" for name in names))
            for name in names:
                refusal = await io.hear()
                assert isinstance(refusal, str)
                assert refusal.startswith(f"4{name},"), refusal
        assert "error" not in await io.connect(app.namespace, app.auth())


@within(60)
async def test_a_transport_enters_so_many_namespaces_and_no_more(start: Starter) -> None:
    daemon = await start("socketio.max_namespaces=3")
    apps = [await register(daemon) for _ in range(4)]
    async with undisturbed(daemon), nothing_left(daemon), engine(daemon) as io:
        answers = [await io.connect(app.namespace, app.auth()) for app in apps]
        assert ["error" in answer for answer in answers] == [False, False, False, True]
        for _ in range(200):
            await io.carrier.send(f"41{apps[0].namespace},")
            assert "error" not in await io.connect(apps[0].namespace, apps[0].auth())
        assert await connections(daemon) == 4  # the witness is one


@within(60)
async def test_wrong_types_in_auth_are_refused(service: Daemon) -> None:
    app = await register(service)
    good = app.auth()
    odd: list[Any] = [1, 1.5, True, [], {}, ["x"], {"x": 1}, "\x00", "\U0001f600", "x" * 9000]
    async with undisturbed(service), nothing_left(service), engine(service) as io:
        for value in odd:
            for field in ("clientId", "token"):
                answer = await io.connect(app.namespace, {**good, field: value})
                assert "error" in answer, (field, value)
        for field in ("fcmToken", "pid", "offset"):
            for value in odd:
                answer = await io.connect(app.namespace, {**good, field: value})
                if "error" in answer:
                    assert answer["error"]["data"]["code"] == "invalid_auth"
                else:
                    await io.carrier.send(f"41{app.namespace},")


@within(60)
async def test_forged_pids_recover_nothing(service: Daemon) -> None:
    app = await register(service)
    async with app.socket() as io:
        sid, pid = io.sid, io.pid
    flipped = [pid[:at] + ("A" if pid[at] != "A" else "B") + pid[at + 1 :] for at in range(0, len(pid), 7)]
    forged = [*flipped, pid[:-4], pid + "AAAA", pid * 2, pid[::-1], "A" * 100, "=" * 40, "\u00e9" * 40, "x" * 100_000]
    places = ["", "e:0", ":", "x:-1", "a:99999999999999999999", "a:1/b:1/c:1", "\x00", "a" * 5000, "0:0/0:0"]
    async with undisturbed(service), nothing_left(service):
        for bad in forged:
            async with app.socket(pid=bad, offset="e:1") as io:
                assert io.sid != sid
        for place in places:
            async with app.socket("bob", pid=pid, offset=place) as io:
                assert io.sid != sid
            async with app.socket(pid=pid, offset=place) as io:
                assert (io.sid == sid) == (place == "")
        assert (await connections(service)) >= 1


# Slow readers


@pytest.mark.slow
@within(90)
async def test_who_does_not_read_is_cut_off_alone(start: Starter) -> None:
    daemon = await start("websocket.outbox_bytes=524288", "websocket.close_seconds=0.3")
    app = await register(daemon)
    key = await daemon.key(clientId=app.id)
    async with undisturbed(daemon), app.polling("polls") as (session, _), app.socket("reads") as io:
        async with app.sleeper("sleeps"), daemon.rest(key) as client:
            assert await connections(daemon) == 4
            while await connections(daemon) > 2:
                reply = await client.call("POST", "/api/notifications/broadcast", {"data": "x" * 120_000})
                assert reply.status == 202, reply
                packet = await io.hear()
                assert isinstance(packet, str), packet
        # what waited may still be polled; the end comes behind it
        while not isinstance(packet := await session.hear(), Ended) and packet != "1":
            pass
        assert (await io.ask("ping"))[0] is None
