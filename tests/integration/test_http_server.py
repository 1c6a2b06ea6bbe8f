"""The HTTP server under clients that are slow, many, or send what is no HTTP: with real sockets."""

import asyncio
import socket
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from raw_http import Line, ask, get
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse

from agent.types import Event, Listener, ignore
from integrations.http.answering import answer_problems
from integrations.http.guard import House, guarded
from integrations.http.protocol import Bounds, is_loopback
from integrations.http.server import Server, listening, within_the_files

QUICK = Bounds(head_s=0.6, idle_s=0.6, body_s=0.6, pause_s=0.4, body_rate=1e6, linger_s=0.4, stall_s=0.5)


async def hello(request: Request) -> PlainTextResponse:
    """What was sent, by its length."""
    return PlainTextResponse(str(len(await request.body())))


async def deaf(request: Request) -> PlainTextResponse:
    """An answer without a look at the body."""
    return PlainTextResponse("no", 403)


async def slow(request: Request) -> PlainTextResponse:
    """An answer that takes a second."""
    await asyncio.sleep(1.0)
    return PlainTextResponse("late")


async def endless(request: Request) -> StreamingResponse:
    """A stream that goes on for ever."""

    async def pieces():
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


async def eventful() -> AsyncIterator[ServerSentEvent]:
    """A stream of events, faster than anybody listens."""
    while True:
        yield ServerSentEvent(data="x" * 5_000)


async def broken() -> AsyncIterator[ServerSentEvent]:
    """A stream of events that fails."""
    yield ServerSentEvent(data="one")
    raise ZeroDivisionError


def application(max_body_bytes: int = 1 << 20, tell: Listener = ignore):
    """A small application behind the guards."""
    app = FastAPI()
    for one in (hello, deaf, slow, endless):
        app.router.add_route(f"/{one.__name__}", one, methods=["GET", "POST", "HEAD"])
    for stream in (eventful, broken):
        app.get(f"/{stream.__name__}", response_class=EventSourceResponse)(stream)
    answer_problems(app, tell)
    return guarded(app, House(max_body_bytes=max_body_bytes), tell)


@contextmanager
def serving(bounds: Bounds = QUICK, grace_s: float = 2.0, tell: Listener = ignore) -> Iterator[Server]:
    """A server with that patience."""
    server = Server(application(tell=tell), listening("127.0.0.1", 0), bounds=bounds, grace_s=grace_s)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def quick() -> Iterator[Server]:
    """A server with little patience, for all tests that leave it as it was."""
    with serving() as server:
        yield server


def is_alive(server: Server) -> bool:
    """Whether a plain request is answered."""
    answer = ask(server.port, get("/hello"))
    return answer is not None and answer.status == 200


def test_slow_heads_hold_up_nobody_and_are_closed():
    """300 clients that send a head byte by byte are let go in time; requests beside them are answered at once."""
    with serving(Bounds(head_s=2.0, idle_s=120.0)) as server:
        loris = [Line(server.port) for _ in range(300)]
        began, times = time.monotonic(), list[float]()
        while time.monotonic() - began < 1.5:
            for line in loris[::10]:
                line.send(b"G")
            asked = time.monotonic()
            assert is_alive(server)
            times.append(time.monotonic() - asked)
        slowest = [line.closed_after_s() for line in loris]
        assert max(slowest) < 30
        assert statistics.median(times) < 1
        for line in loris:
            line.socket.close()
        assert is_alive(server)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"GET /hello HT", 408),
        (b"GET /hello HTTP/1.1\r\nHost: localhost\r\n", 408),
        (get("/hello", "Content-Length: 10", method="POST") + b"abc", 408),
        (get("/hello", "Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n", 408),
        (get("/hello", "Content-Length: 10", method="HEAD") + b"abc", 408),
    ],
    ids=["nothing", "line", "head", "body", "chunks", "HEAD"],
)
def test_a_request_that_never_ends_is_closed(quick, sent, status):
    """Who sends a part and no more hears why, and the line is closed; who sent nothing is not talked to."""
    with Line(quick.port) as line:
        began = time.monotonic()
        answer = line.send(sent).answer()
        assert (answer and answer.status) == status
        line.closed_after_s()
        assert time.monotonic() - began < 30
    assert is_alive(quick)


def test_a_body_that_trickles_is_closed(quick):
    """A byte now and then keeps a body going no longer than its time."""
    with Line(quick.port) as line:
        line.send(get("/hello", "Content-Length: 1000", method="POST"))
        began = time.monotonic()
        line.socket.settimeout(0.1)
        closed = False
        while not closed and time.monotonic() - began < 60:
            line.send(b"x")
            try:
                closed = not line.socket.recv(65536) or closed
            except TimeoutError:
                continue
            except ConnectionError:
                closed = True
        assert closed
    assert is_alive(quick)


def test_a_large_body_that_comes_steadily_is_taken():
    """A body may take longer than `body_s` where it comes as fast as it must."""
    with serving(Bounds(body_s=0.2, body_rate=500.0, pause_s=10.0)) as server, Line(server.port) as line:
        line.send(get("/hello", "Content-Length: 5000", method="POST"))
        for _ in range(10):
            time.sleep(0.08)
            line.send(b"x" * 500)
        answer = line.answer()
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"5000")


def test_an_idle_line_is_kept_for_a_while_and_closed(quick):
    """A second request may follow on the line; without one it is closed."""
    with Line(quick.port) as line:
        for _ in range(3):
            answer = line.send(get("/hello")).answer()
            assert answer is not None
            assert answer.status == 200
        assert 0.3 < line.closed_after_s() < 4


def test_an_answer_that_is_not_taken_is_broken_off(quick):
    """A client that reads nothing holds an endless stream no longer than it is waited for."""
    with Line(quick.port) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.send(get("/endless"))
        time.sleep(2.0)
        taken = 0
        while piece := line._piece():
            taken += len(piece)
        assert taken < 64 << 20
    assert is_alive(quick)


def test_a_body_after_its_answer_is_not_read_for_ever(quick):
    """Whoever goes on sending after a refusal hears it, and is closed."""
    with Line(quick.port) as line:
        answer = line.send(get("/deaf", "Content-Length: 900000", method="POST") + b"x" * 1000).answer()
        assert answer is not None
        assert answer.status == 403
        assert line.closed_after_s() < 4
    assert is_alive(quick)


def test_a_full_house_lets_the_longest_silent_go():
    """With no room for one more, a line that asks for nothing makes room; one that is served does not."""
    with serving(Bounds(connections=20, head_s=120.0, idle_s=120.0)) as server:
        with Line(server.port) as busy:
            busy.send(get("/slow"))
            time.sleep(0.1)
            silent = [Line(server.port) for _ in range(30)]
            assert is_alive(server)
            assert silent[0].closed_after_s() < 10
            late = busy.answer()
            assert late is not None
            assert late.body == b"late"
        for line in silent:
            line.socket.close()


def test_a_house_full_of_work_says_so():
    """Where all lines are served, one more is told to come later, and the others get their answers."""
    with serving(Bounds(connections=5)) as server:
        working = [Line(server.port).send(get("/slow")) for _ in range(5)]
        time.sleep(0.3)
        refused = ask(server.port, get("/hello"))
        assert refused is not None
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert [answer.status for line in working if (answer := line.answer())] == [200] * 5
        for line in working:
            line.socket.close()
        assert is_alive(server)


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False), ("", False), ("x", False)],
)
def test_this_machines_own_addresses(address, is_ours):
    """They may have all connections: a reverse proxy brings everybody."""
    assert is_loopback(address) == is_ours


def test_no_more_connections_than_files():
    """A house never promises room that the process cannot open."""
    assert within_the_files(Bounds(connections=10**9)).connections < 10**9


SMUGGLED = {
    "two lengths": get("/hello", "Content-Length: 3", "Content-Length: 5", method="POST") + b"abc",
    "length and chunks": get("/hello", "Content-Length: 3", "Transfer-Encoding: chunked", method="POST") + b"0\r\n\r\n",
    "odd coding": get("/hello", "Transfer-Encoding: xchunked", method="POST") + b"0\r\n\r\n",
    "coding twice": get("/hello", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", method="POST")
    + b"0\r\n\r\n",
    "signed length": get("/hello", "Content-Length: +3", method="POST") + b"abc",
    "huge length": get("/hello", f"Content-Length: {'9' * 30}", method="POST"),
    "space before colon": b"GET /hello HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "no host": b"GET /hello HTTP/1.1\r\n\r\n",
    "two hosts": get("/hello", "Host: evil.example"),
    "bare line feeds in a head": b"GET /hello HTTP/1.1\nHost: localhost\nX: a\x00b\n\n",
    "bad chunk": get("/hello", "Transfer-Encoding: chunked", method="POST") + b"zz\r\nabc\r\n",
    "endless chunk size": get("/hello", "Transfer-Encoding: chunked", method="POST") + b"0" * 40000,
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "folded": b"GET /hello HTTP/1.1\r\nHost: localhost\r\n evil.example\r\n\r\n",
    "space in target": b"GET /hel lo HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no target": b"GET\r\n\r\n",
}


@pytest.mark.parametrize("sent", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_what_two_servers_may_read_differently_is_refused(quick, sent):
    """Such a request is answered with 4xx as a problem and the service goes on."""
    answer = ask(quick.port, sent)
    assert answer is not None
    assert answer.status in range(400, 500)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert is_alive(quick)


@pytest.mark.parametrize(
    "sent",
    [get("/hello", *(f"X-{n}: {'a' * 100}" for n in range(1000))), get("/hello?" + "a" * 60_000), b"A" * 100_000],
    ids=["headers", "address", "method"],
)
def test_a_head_without_end_is_refused(quick, sent):
    """Floods of headers, and addresses without end, are refused once the head is too large."""
    answer = ask(quick.port, sent)
    assert answer is None or answer.status in (400, 431)
    assert is_alive(quick)


def test_garbage_after_an_early_answer_is_closed(quick):
    """A body that turns out to be none when the answer is said closes the line without a word, and breaks nothing."""
    with Line(quick.port) as line:
        answer = line.send(get("/deaf", "Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n").answer()
        assert answer is not None
        line.send(b"no chunk at all\r\n")
        assert line.closed_after_s() < 4
    assert is_alive(quick)


def test_an_upgrade_is_not_made(quick):
    """WebSockets are not spoken here: the request is answered as any other."""
    wish = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    answer = ask(quick.port, get("/hello", *wish))
    assert answer is not None
    assert answer.status == 200


def test_requests_in_a_row_without_waiting_are_answered_in_order(quick):
    """Pipelined requests are all answered."""
    with Line(quick.port) as line:
        line.send(get("/hello") * 3 + get("/deaf", "Connection: close"))
        data = b""
        while piece := line._piece():
            data += piece
    assert data.count(b"HTTP/1.1 200") == 3
    assert data.count(b"HTTP/1.1 403") == 1


def test_nothing_is_said_of_what_it_is_made_with(quick):
    """No header names the server's library."""
    answer = ask(quick.port, get("/hello"))
    assert answer is not None
    assert "server" not in answer.headers


def test_who_leaves_a_stream_of_events_is_no_fault():
    """Listeners that are gone while there is more to say are told of nowhere; a stream that fails is, by its error."""
    told = list[Event]()
    with serving(tell=told.append) as server:
        for _ in range(5):
            with Line(server.port) as line:
                line.send(get("/eventful")).socket.recv(100)
                time.sleep(0.05)
        assert ask(server.port, get("/broken")) is not None
    ((action, facts),) = [(event.action, event.facts) for event in told]
    assert (action, facts["name"]) == ("http.failed", "GET /broken")
    assert facts["error"].startswith("ZeroDivisionError at test_http_server.py:")


def test_an_end_lets_requests_finish_and_ends_streams():
    """Told to close, it finishes what takes a moment, breaks off what would go on, and takes nobody new."""
    with serving(grace_s=2.0) as server:
        with Line(server.port) as busy, Line(server.port) as stream:
            busy.send(get("/slow"))
            stream.send(get("/endless"))
            time.sleep(0.2)
            reader = threading.Thread(target=stream.closed_after_s)
            reader.start()
            began = time.monotonic()
            server.close()
            assert time.monotonic() - began < 6
            late = busy.answer()
            assert late is not None
            assert late.body == b"late"
            reader.join(30)
            assert not reader.is_alive()
        with pytest.raises(OSError, match="refused"):
            Line(server.port)
        assert not server.is_serving


def test_a_port_that_is_taken_is_told(quick):
    """The error is the system's own."""
    with pytest.raises(OSError, match="in use"):
        listening("127.0.0.1", quick.port)
