"""A client that sends bytes as they are, for servers that must bear with any."""

import contextlib
import json
import socket
import time
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


class Line:
    """One connection."""

    def __init__(self, port: int, timeout_s: float = 20.0, *, source: str = "") -> None:
        origin = (source, 0) if source else None
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s, source_address=origin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Self:
        """Send it, as far as the other side still takes it."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
        return self

    def answer(self) -> Answer | None:
        """One answer whose length is said; None where the line is closed without one."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := self._piece()):
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(body) < length and (piece := self._piece()):
            body += piece
        return Answer(int(first.split()[1]), headers, body[:length])

    def closed_after_s(self) -> float:
        """Seconds until the other side closes the line."""
        began = time.monotonic()
        while self._piece():
            pass
        return time.monotonic() - began

    def _piece(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except ConnectionError:
            return b""


def ask(port: int, data: bytes, *, timeout_s: float = 20.0) -> Answer | None:
    """The answer to these bytes on a connection of their own."""
    with Line(port, timeout_s) as line:
        return line.send(data).answer()


def get(path: str = "/", *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """A request in bytes."""
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *length, *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
