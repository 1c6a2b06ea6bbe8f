"""Connections for outbound requests: a name is looked up once, every address checked, one of them connected to."""

import ipaddress
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from ssl import SSLContext
from typing import Any

import httpcore

from agent.rights.addresses import Address, Resolve, refusal
from agent.rights.outcomes import AskFailed, AskRefused
from agent.rights.places import Place

MOST_ADDRESSES = 4
"""How many of a host's addresses are tried."""


class TimedStream(httpcore.NetworkStream):
    """A stream that ends at a moment, however slowly the other side speaks."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What comes next. Raises `httpcore.ReadTimeout` at the deadline."""
        return self._stream.read(max_bytes, left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it. Raises `httpcore.WriteTimeout` at the deadline."""
        self._stream.write(buffer, left(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same stream under TLS, checked for the name."""
        timeout = left(self._deadline, timeout, httpcore.ConnectTimeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the stream below knows of itself."""
        return self._stream.get_extra_info(info)


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to one place, and only to an address of it that was checked: a second look-up cannot say otherwise."""

    def __init__(self, place: Place, *, private: bool, resolve: Resolve, deadline: float) -> None:
        self._place, self._private, self._resolve, self._deadline = place, private, resolve, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers.

        Raises `AskRefused` where one of the addresses is not to be reached, `AskFailed`, or an error of `httpcore`.
        """
        error: Exception = httpcore.ConnectError("no address")
        for address in self._addresses(host, port)[:MOST_ADDRESSES]:
            wait = left(self._deadline, timeout, httpcore.ConnectTimeout)
            try:
                stream = httpcore.SyncBackend().connect_tcp(str(address), port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                return TimedStream(stream, self._deadline)
        raise error

    def _addresses(self, host: str, port: int) -> Sequence[Address]:
        """Every address of the host, each of which may be reached."""
        named = self._place.address
        found = [str(named)] if named else looked_up(self._resolve, host, port, self._deadline)
        addresses = [read_address(text, self._place) for text in found]
        for address in addresses:
            if why := refusal(address, self._place, private=self._private):
                raise AskRefused(f"{self._place} leads to {address}, {why}")
        return addresses


def read_address(text: str, place: Place) -> Address:
    """The address that a resolver gave; a mapped one is the IPv4 address that it is. Raises `AskFailed`."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise AskFailed(f"{place} has no address that can be read") from None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def looked_up(resolve: Resolve, host: str, port: int, deadline: float) -> Sequence[str]:
    """What the resolver says in time. Raises `AskFailed`. A resolver cannot be stopped: it is left to end by itself."""
    said: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            said.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            said.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name=f"looks up {host}", daemon=True).start()
    try:
        found = said.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise AskFailed(f"the address of {host} was not found in time") from None
    if isinstance(found, OSError) or not found:
        raise AskFailed(f"{host} has no address")
    return found


def left(deadline: float, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """The seconds that one step may take. Raises the error for being late where there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise late("the time is over")
    return min(seconds, timeout) if timeout else seconds
