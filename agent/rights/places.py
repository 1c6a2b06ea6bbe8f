"""Where a request goes: hosts and URLs read in one strict way, so that what is checked is what is connected to."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Self
from urllib.parse import quote

USUAL_PORTS = {"http": 80, "https": 443}
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that other readers take for an address: `2130706433`, `0x7f.1`, `127.1`."""
MOST_URL_CHARS = 8_192
MOST_HOST_CHARS = 253
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
URL = re.compile(r"(?P<scheme>[a-z]+)://(?P<place>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?", re.IGNORECASE)
PLACE = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[1-9][0-9]{0,4}))?")


class BadPlace(ValueError):
    """Not a host or a URL that a request may go to."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Who is spoken to, and how."""

    scheme: Literal["http", "https"]
    host: str
    """In its one form: a name in lower case, or an address, without brackets."""
    port: int

    def __str__(self) -> str:
        bare = f"[{self.host}]" if ":" in self.host else self.host
        if self.port == USUAL_PORTS[self.scheme]:
            return bare if self.scheme == "https" else f"http://{bare}"
        return f"{self.scheme}://{bare}:{self.port}"

    @property
    def authority(self) -> str:
        """What stands in the `Host` header."""
        bare = f"[{self.host}]" if ":" in self.host else self.host
        return bare if self.port == USUAL_PORTS[self.scheme] else f"{bare}:{self.port}"

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The address that the host is, where it is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL that was read."""

    place: Place
    path: str
    """Begins with a slash."""
    query: str = ""
    """With its question mark, where there is one."""

    @property
    def url(self) -> str:
        """The whole of it."""
        return f"{self.shown}{self.query}"

    @property
    def shown(self) -> str:
        """Without the query, whose values are other people's data."""
        return f"{self.place.scheme}://{self.place.authority}{self.path}"

    @property
    def tail(self) -> str:
        """What is asked of the host."""
        return f"{self.path}{self.query}"

    def with_tail(self, tail: str) -> Self:
        """The same place, asked for another thing."""
        path, mark, query = tail.partition("?")
        return replace(self, path=path, query=mark + query)


def read_url(text: object) -> Target:
    """The URL. Raises `BadPlace`, which says what about it cannot be."""
    if not isinstance(text, str) or not 0 < len(text) <= MOST_URL_CHARS:
        raise BadPlace(f"a URL is a text of at most {MOST_URL_CHARS:,} characters")
    if any(sign < " " or sign == "\x7f" for sign in text):
        raise BadPlace("a URL has no control characters")
    if "\\" in text:
        raise BadPlace("a URL has no backslash")
    parts = URL.fullmatch(text)
    if parts is None or parts["scheme"].lower() not in USUAL_PORTS:
        raise BadPlace("a URL begins with https:// or http://")
    if "@" in parts["place"]:
        raise BadPlace("a URL names no user before its host")
    place = read_place(parts["scheme"].lower(), parts["place"])
    try:
        return Target(place=place, path=quoted(parts["path"] or "/"), query=quoted(parts["query"] or ""))
    except UnicodeEncodeError:
        raise BadPlace("a URL has no half characters (lone surrogates)") from None


def quoted(text: str) -> str:
    """The part of a URL with spaces and letters beyond ASCII as %XX; what is ASCII stays as it is."""
    return quote(text, safe=PRINTABLE)


def read_place(scheme: str, text: str) -> Place:
    """The place that `HOST` or `HOST:PORT` means under a scheme. Raises `BadPlace`."""
    parts = PLACE.fullmatch(text)
    if parts is None or scheme not in USUAL_PORTS:
        raise BadPlace(f"`{text}` is no HOST and no HOST:PORT")
    port = int(parts["port"]) if parts["port"] else USUAL_PORTS[scheme]
    if port > 65_535:
        raise BadPlace(f"there is no port {port}")
    return Place(scheme="http" if scheme == "http" else "https", host=read_host(parts["host"]), port=port)


def read_host(text: str) -> str:
    """The host in its one form. Raises `BadPlace` for whatever two readers could understand in two ways."""
    if text.startswith("["):
        return read_ipv6(text[1:-1])
    host = text.lower()
    if not host.isascii():
        raise BadPlace(f"`{text}` is not ASCII: write the host in its ASCII form, whose labels begin with xn--")
    labels = host.split(".")
    if NUMERIC.fullmatch(labels[-1]):
        return read_ipv4(host)
    if len(host) > MOST_HOST_CHARS or not all(LABEL.fullmatch(label) for label in labels):
        raise BadPlace(f"`{text}` is no host name: letters, digits and hyphens between single dots")
    return host


def read_ipv4(text: str) -> str:
    """The address `a.b.c.d`, as four decimal numbers and in no other way."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise BadPlace(f"`{text}` is no address: write it as four decimal numbers, like 192.0.2.1") from None
    return usable(address)


def read_ipv6(text: str) -> str:
    """The address that stood in brackets; none that has an IPv4 address or a network card in it."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise BadPlace(f"`[{text}]` is no address") from None
    if address.scope_id or list(embedded(address)):
        raise BadPlace(f"`[{text}]` stands for another address: write that one")
    return usable(address)


def usable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The address in its one form. Raises `BadPlace` where nothing can be there."""
    if address.is_unspecified or address.is_multicast:
        raise BadPlace(f"`{address}` is not the address of one host")
    return address.compressed


def embedded(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that this one leads to: mapped, 6to4, Teredo, NAT64, or the old compatible form."""
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    compatible = int(address) >> 32 == 0 and int(address) > 1
    if compatible or address in NAT64 or address in LOCAL_NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
