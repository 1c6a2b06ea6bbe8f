"""One HTTP request and its answer: TLS checked, no proxy, no cookie, nothing kept, within limits of time and size."""

import functools
import logging
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.rights.addresses import Resolve, system_addresses
from agent.rights.outcomes import AskFailed
from agent.rights.places import Target

if TYPE_CHECKING:
    import ssl

MOST_BYTES = 8 << 20
"""Of a request's body, and of an answer's once it is unpacked."""
PACKED = {"gzip", "x-gzip", "deflate"}
OF_THE_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade",
     "content-encoding", "content-length"}
)  # fmt: skip
"""Headers of an answer that say how it travelled, not what it is."""


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A request as it leaves: secrets are in it, so it is never shown."""

    method: str
    target: Target
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {self.target.place})"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came back, unpacked."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; what came several times is joined with commas."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """Sends requests. Safe to use from several threads: each request has a connection of its own."""

    resolve: Resolve = system_addresses
    trust: "ssl.SSLContext | None" = None
    """Whose certificates are believed; None for those of the system and of `certifi`."""

    def exchange(self, outgoing: Outgoing, *, private: bool, deadline: float) -> Answered:
        """The answer to the request, a redirect included: it is not followed here.

        Raises `AskRefused` where the host's name leads to an address that may not be reached, `AskFailed` where no
        whole answer comes by the deadline (a moment of `time.monotonic`).
        """
        import httpcore  # 60 ms, for those alone who send a request

        from agent.rights.network import CheckedNetwork

        # At DEBUG it would write headers of answers, and what is secret in them.
        logging.getLogger("httpcore.http11").setLevel(logging.INFO)
        place = outgoing.target.place
        connection = httpcore.HTTPConnection(
            httpcore.Origin(place.scheme.encode(), place.host.encode(), place.port),
            ssl_context=self.trust or system_trust(),
            network_backend=CheckedNetwork(place, private=private, resolve=self.resolve, deadline=deadline),
        )
        request = httpcore.Request(
            outgoing.method,
            httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=outgoing.target.tail),
            headers=[(name.encode(), value.encode()) for name, value in outgoing.headers],
            content=outgoing.body,
        )
        try:
            with connection:
                response = connection.handle_request(request)
                try:
                    headers = joined(response.headers)
                    body = unpacked(response.iter_stream(), headers.get("content-encoding", ""))
                finally:
                    response.close()
        except httpcore.ConnectError as error:  # nothing was sent yet: the text quotes no answer
            raise AskFailed(f"{place} cannot be reached: {error}") from error
        except httpcore.TimeoutException as error:
            raise AskFailed(f"{place} did not answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise AskFailed(f"{place} broke off, or does not speak HTTP: {type(error).__name__}") from None
        kept = {name: value for name, value in headers.items() if name not in OF_THE_HOP}
        return Answered(status=response.status, headers=kept, body=body)


@functools.cache
def system_trust() -> "ssl.SSLContext":
    """Certificates that the system and `certifi` trust."""
    import httpcore

    return httpcore.default_ssl_context()


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by name."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def unpacked(chunks: Iterable[bytes], encoding: str) -> bytes:
    """The body, unpacked as it comes. Raises `AskFailed` above the limit, before more than that is in memory."""
    kind = encoding.strip().lower()
    if kind not in (*PACKED, "", "identity"):
        raise AskFailed("the answer is packed in a way that was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if kind in PACKED else None
    body, taken = bytearray(), 0
    for chunk in chunks:
        taken += len(chunk)
        try:
            body += unpack.decompress(chunk, MOST_BYTES - len(body) + 1) if unpack else chunk
        except zlib.error:
            raise AskFailed("the answer cannot be unpacked") from None
        if max(len(body), taken) > MOST_BYTES:
            raise AskFailed(f"the answer is larger than {MOST_BYTES >> 20} MiB")
    if unpack and taken and (not unpack.eof or unpack.unused_data):
        raise AskFailed("the answer cannot be unpacked")
    return bytes(body)
