"""The HTTP of the fake servers: routes, streams, their faults, and a record of what was asked."""

import argparse
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from integrations.llm._fake_script import Answer, Book, Model, Refused, Rule, Script

Route = bytes | Callable[[Book, dict[str, Any]], Answer]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How an API says what all of them say."""

    routes: Mapping[tuple[str, str], Route]
    error: Callable[[int, str], dict[str, Any]]
    """The body of an error."""
    stream_kind: str
    """The content type of a stream."""
    part: Callable[[dict[str, Any]], bytes]
    """The bytes of one part of a stream."""
    end: bytes
    """What follows the last part."""
    streams_unless_told: bool
    """Whether a reply is a stream where the request does not say."""
    whole: Callable[[list[dict[str, Any]]], dict[str, Any]]
    """The parts of a stream as one reply."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)


class FakeServer:
    """The server, as a context manager: it listens between `with` and its end, at `url`."""

    dialect: Dialect

    def __init__(self, script: Script | None = None, *, port: int = 0) -> None:
        self.book = Book(script or Script())
        self.requests: list[Received] = []
        """Every request, in the order of arrival."""
        self.hung_up = 0
        """Replies whose reader went away before their end."""
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.fake = self
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        """Free the port, after `serve` has ended by itself."""
        self.closing.set()
        self._server.server_close()

    def serve(self) -> None:
        """Answer requests until the end of the `with` block, or Ctrl-C."""
        self._server.serve_forever(poll_interval=0.02)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fake: FakeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the rehearsal."""
        if isinstance(sys.exception(), ConnectionError):
            self.fake.hung_up += 1
        else:
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP; what is said comes from the dialect's routes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Stay silent: the requests are recorded instead."""

    def do_GET(self) -> None:
        """Answer what takes no body."""
        self._serve({})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Answer what takes a body."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw) if raw else None
        except ValueError as error:
            self._refuse(400, str(error))
            return
        if isinstance(body, dict):
            self._serve(body)
        else:
            self._refuse(400, "missing request body" if body is None else "json: not an object")

    def _serve(self, body: dict[str, Any]) -> None:
        fake, dialect = self.server.fake, self.server.fake.dialect
        fake.requests.append(Received(method=self.command, path=self.path, headers=dict(self.headers), body=body))
        route = dialect.routes.get(("GET" if self.command == "HEAD" else self.command, self.path))
        if route is None:
            self._send(404, b"404 page not found", "text/plain")
        elif isinstance(route, bytes):
            self._send(200, route, "text/plain; charset=utf-8")
        else:
            try:
                answer = route(fake.book, body)
            except Refused as refused:
                self._refuse(refused.status, str(refused))
            else:
                self._answer(
                    answer, streams=answer.can_stream and bool(body.get("stream", dialect.streams_unless_told))
                )

    def _answer(self, answer: Answer, *, streams: bool) -> None:
        rule, closing, whole = answer.rule, self.server.fake.closing, self.server.fake.dialect.whole
        closing.wait(rule.delay_s)
        failed = next((part["error"] for part in answer.parts if "error" in part), None)
        if rule.status != 200:
            self._refuse(rule.status, rule.error, rule.headers)
        elif streams:
            self._stream(answer.parts, rule, closing)
        elif failed is not None:
            self._refuse(500, failed)
        elif rule.fault:
            self._send(200, self._spoilt(rule, whole(answer.parts)), "application/json; charset=utf-8")
        else:
            self._json(200, whole(answer.parts))

    def _refuse(self, status: int, said: str, headers: Mapping[str, str] | None = None) -> None:
        self._json(status, self.server.fake.dialect.error(status, said), headers)

    def _json(self, status: int, value: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), "application/json; charset=utf-8", headers)

    def _send(self, status: int, data: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, parts: list[dict[str, Any]], rule: Rule, closing: threading.Event) -> None:
        dialect = self.server.fake.dialect
        self.send_response(200)
        self.send_header("Content-Type", dialect.stream_kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in _lines(dialect, parts, rule, closing):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        if rule.fault == "cut":
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _spoilt(self, rule: Rule, value: dict[str, Any]) -> bytes:
        """A reply in one piece with the rule's fault: half of it, or what is no JSON."""
        if rule.fault == "error-line":
            return json.dumps(self.server.fake.dialect.error(500, rule.error)).encode()
        return b"\x00\xff{garbage" if rule.fault == "garbage" else json.dumps(value).encode()[:-20]


def _lines(dialect: Dialect, parts: list[dict[str, Any]], rule: Rule, closing: threading.Event) -> Iterator[bytes]:
    """The bytes of a stream, with the rule's fault after half of the parts."""
    half = len(parts) // 2
    for number, part in enumerate(parts):
        if rule.fault and number == half:
            yield from _faulty(dialect, part, rule, closing)
            return
        closing.wait(rule.piece_delay_s)
        yield dialect.part(part)
    if dialect.end:
        yield dialect.end


def _faulty(dialect: Dialect, part: dict[str, Any], rule: Rule, closing: threading.Event) -> Iterator[bytes]:
    match rule.fault:
        case "garbage":
            yield dialect.part({}).replace(b"{}", b"\x00\xff{garbage")
        case "error-line":
            yield dialect.part(dialect.error(500, rule.error))
        case "stall":
            closing.wait()
        case "endless" | "endless-line":
            line = dialect.part(part) if rule.fault == "endless" else b"x" * 65536
            while not closing.wait(rule.piece_delay_s):
                yield line
        case _:  # cut and unfinished just end here
            return


def serve(kind: type[FakeServer], name: str, about: str, port: int, arguments: list[str] | None) -> None:
    """Serve a script until Ctrl-C, as a program."""
    parser = argparse.ArgumentParser(prog=f"python -m integrations.llm.{name}", description=about)
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--script", type=Path, help="a JSON file: {models: [{name}], rules: [{match, reply}]}")
    parser.add_argument("--model", action="append", help="a model it claims to have, instead of a script's")
    parser.add_argument("--reply", help="what it says to everything, after the script's rules")
    options = parser.parse_args(arguments)
    script = Script.model_validate_json(options.script.read_bytes()) if options.script else Script()
    if options.model:
        script = script.model_copy(update={"models": tuple(Model(name=name) for name in options.model)})
    if options.reply is not None:
        script = script.model_copy(update={"rules": (*script.rules, Rule(reply=options.reply))})
    server = kind(script, port=options.port)
    sys.stderr.write(f"A fake {kind.__name__.removeprefix('Fake')} server listens at {server.url}\n")
    try:
        server.serve()
    except KeyboardInterrupt:
        server.close()
