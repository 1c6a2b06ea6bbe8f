"""The connection to an Ollama server: in time, within bounds, and every fault as an error of ours."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import ollama

from agent.errors import (
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    ProviderUnavailable,
)

MAX_WIRE_BYTES = 64 << 20
"""A reply of 2 MB in pieces of one token each, with the JSON around them."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")

NOT_OLLAMA = "Check that an Ollama server listens there, and what its log says."

ERRORS: tuple[tuple[type[Exception], type[ModelError]], ...] = (
    (httpx.ConnectTimeout, ProviderUnavailable),
    (httpx.TimeoutException, ModelTimedOut),
    (httpx.ConnectError, ProviderUnavailable),
    (ConnectionError, ProviderUnavailable),
    (httpx.ProxyError, ProviderUnavailable),
    (httpx.UnsupportedProtocol, ProviderUnavailable),
    (httpx.InvalidURL, ProviderUnavailable),
    (httpx.TooManyRedirects, ProviderUnavailable),
    (httpx.NetworkError, MalformedReply),
    (httpx.ProtocolError, MalformedReply),
    (httpx.DecodingError, MalformedReply),
    (httpx.StreamError, MalformedReply),
    (httpx.CookieConflict, MalformedReply),
    (httpx.HTTPStatusError, MalformedReply),
    (ollama.ResponseError, ModelError),
    (ollama.RequestError, ModelError),
)
"""What the libraries raise and what it means; the first that fits counts."""

UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""What the client raises where the server's bytes are not Ollama's JSON."""

CAUGHT: tuple[type[Exception], ...] = (*(kind for kind, _ in ERRORS), httpx.HTTPError, *UNREADABLE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """Where a server is and until when it may talk."""

    host: str
    api_key: str
    connect_timeout_s: float
    deadline: float
    """`time.monotonic()` at which the exchange ends, finished or not."""

    def left_s(self) -> float:
        """Seconds until the deadline, never below a hundredth."""
        return max(0.01, self.deadline - time.monotonic())


@contextlib.contextmanager
def connected(line: Line, model: str = "") -> Iterator[ollama.Client]:
    """An `ollama` client that follows no redirect and keeps to the line's deadline.

    Whatever the libraries raise inside leaves as a `ModelError`.
    """
    try:
        with _client(line) as client:
            yield client
    except ModelError:
        raise
    except CAUGHT as error:
        raise translate(error, line=line, model=model) from error


def translate(error: Exception, *, line: Line, model: str = "") -> ModelError:
    """The error of ours for one of the `ollama` or `httpx` package."""
    if time.monotonic() >= line.deadline:
        return timed_out(line, model)
    if isinstance(error, ollama.ResponseError):
        return _answered(error.status_code, _shown(error.error, line), line, model)
    kind = next((ours for theirs, ours in ERRORS if isinstance(error, theirs)), MalformedReply)
    said = f"{type(error).__name__}: {_shown(error, line)}"
    if kind is ProviderUnavailable:
        advice = f"Start it (`ollama serve`), or name another server than {line.host} with OLLAMA_HOST."
        why = "" if isinstance(error, ConnectionError) else f" ({said})"  # the client's own text names no cause
        return ProviderUnavailable(f"No model server answers at {line.host}{why}", advice=advice)
    if kind is ModelTimedOut:
        return timed_out(line, model)
    if isinstance(error, httpx.TransportError):
        return cut_off(line, model, said)
    return kind(f"{line.host} sent what is not a reply of Ollama ({said}).", advice=NOT_OLLAMA)


def timed_out(line: Line, model: str) -> ModelTimedOut:
    """The error for a deadline that passed."""
    return ModelTimedOut(f"{model or 'The model server'} at {line.host} did not finish in time.", model=model)


def cut_off(line: Line, model: str, said: str) -> MalformedReply:
    """The error for a reply that ended before its end."""
    message = f"The reply of {model or 'the server'} at {line.host} was cut off ({said})."
    return MalformedReply(message, advice="Repeat the command; if it happens again, see the server's log.")


def missing(line: Line, model: str, present: tuple[str, ...]) -> ModelMissing:
    """The error for a model that the server lacks."""
    there = ", ".join(present[:20]) or "no model at all"
    message = f"{line.host} has no model {model!r}. It has: {there}."
    return ModelMissing(message, advice=f"Fetch it with `ollama pull {model}`.", model=model, present=list(present))


def _answered(status: int, said: str, line: Line, model: str) -> ModelError:
    """The error for a reply that is an error: status -1 is one in the middle of a stream."""
    text, about = said.lower(), f"{line.host} answered {status if status > 0 else 'in mid-reply'}: {said}"
    if status in (-1, 400, 413, 500) and "context" in text and ("exceed" in text or "length" in text):
        return ContextTooLong(f"The request does not fit the context of {model} ({about}).")
    if "not found" in text and "model" in text:
        return missing(line, model, ())
    if status in (401, 403):
        return ProviderUnavailable(about, advice="Check the API key (`api_key` in the settings).")
    if 300 <= status < 400:
        return ProviderUnavailable(f"{line.host} redirects, which is not followed.", advice=NOT_OLLAMA)
    if status in (429, 503) or "server busy" in text:
        return ProviderUnavailable(about, advice="The server is busy: repeat the command in a while.")
    if status in (408, 499, 504):
        return timed_out(line, model)
    if status == -1:
        return MalformedReply(about, advice="Repeat the command; if it happens again, see the server's log.")
    return ProviderUnavailable(about, advice=NOT_OLLAMA) if status >= 500 or status == 404 else ModelError(about)


def _shown(said: object, line: Line) -> str:
    """What a server said, short and without our key, should it repeat it."""
    text = " ".join(str(said).split())[:300]
    return text.replace(line.api_key, "***") if line.api_key else text


def _client(line: Line) -> ollama.Client:
    address = urlsplit(line.host)
    # Reading the certificates takes 20 ms that a plain connection need not spend.
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if address.scheme == "http" else True
    return ollama.Client(
        host=line.host,
        headers={"accept-encoding": "identity"},
        auth=lambda request: _authorised(request, line.api_key),
        follow_redirects=False,
        trust_env=address.hostname not in LOOPBACK,  # a proxy cannot reach this machine's own loopback
        verify=plain,
        timeout=httpx.Timeout(line.left_s(), connect=min(line.connect_timeout_s, line.left_s())),
        event_hooks={"response": [lambda response: _bound(response, line)]},
    )


def _authorised(request: httpx.Request, api_key: str) -> httpx.Request:
    """The request with our key, or with none: the client would take one from the environment by itself."""
    request.headers.pop("authorization", None)
    if api_key:
        request.headers["authorization"] = f"Bearer {api_key}"
    return request


def _bound(response: httpx.Response, line: Line) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise MalformedReply(f"{line.host} compresses its replies, though asked not to.", advice=NOT_OLLAMA)
    response.stream = _BoundedStream(response, line)


class _BoundedStream(httpx.SyncByteStream):
    """A reply's bytes up to the limit and the deadline; at the deadline the line is hung up."""

    def __init__(self, response: httpx.Response, line: Line) -> None:
        self._inner = response.stream
        self._line = line
        connection = response.extensions["network_stream"].get_extra_info("socket")
        self._timer = threading.Timer(line.left_s(), _hang_up, [connection])
        self._timer.daemon = True

    def __iter__(self) -> Iterator[bytes]:
        self._timer.start()
        seen = 0
        assert isinstance(self._inner, httpx.SyncByteStream)  # noqa: S101  # a synchronous client has no other
        for chunk in self._inner:
            seen += len(chunk)
            if seen > MAX_WIRE_BYTES:
                raise MalformedReply(f"{self._line.host} sends without end.", advice=NOT_OLLAMA)
            if time.monotonic() >= self._line.deadline:
                raise timed_out(self._line, "")
            yield chunk

    def close(self) -> None:
        self._timer.cancel()
        if isinstance(self._inner, httpx.SyncByteStream):
            self._inner.close()


def _hang_up(connection: socket.socket) -> None:
    """Ends a read that blocks in another thread; closing alone would not wake it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
