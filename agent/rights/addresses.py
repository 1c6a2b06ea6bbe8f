"""Which addresses a host's name may lead to: checked after the name was looked up, each of them."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

from agent.rights.places import LOCAL_NAT64, NAT64, Place, embedded

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name, as texts. Raises `OSError` where there is none."""

METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
"""Where clouds (AWS, Azure, GCP, Alibaba, Oracle) tell a machine its own secrets."""
ALLOCATED = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out to the Internet (RFC 4291)."""
SHARED = ipaddress.IPv4Network("100.64.0.0/10")
"""Addresses behind a provider's translation (RFC 6598)."""
TUNNELS = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/32")))
"""6to4 and Teredo: they lead to an IPv4 address by a way that nobody keeps any more."""
PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"))
)


def system_addresses(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def refusal(address: Address, place: Place, *, private: bool) -> str:
    """Why a request to the place may not go to this address, as a few words; empty where it may.

    An address that the grant itself names may be reached, `localhost` leads to loopback, and a grant that ends with
    `private` leads to private networks too. Nothing else does.
    """
    if address.is_unspecified or address.is_multicast:
        return "not the address of one host"
    if place.address is not None:
        return "" if address == place.address else "not the address that was named"
    if place.host == "localhost":
        return "" if address.is_loopback else "not a loopback address"
    if address in METADATA:
        return "where a cloud keeps a machine's secrets"
    if private and is_private(address):
        return ""
    return "" if is_public(address) else kind_of(address)


def is_private(address: Address) -> bool:
    """True for a private or a loopback address; link-local ones are neither."""
    networks = (*PRIVATE, SHARED)
    return any(address.version == network.version and address in network for network in networks)


def is_public(address: Address) -> bool:
    """True for an address of the Internet, reached by no detour that ends elsewhere."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global
    if address in NAT64:
        return all(inner.is_global and inner not in METADATA for inner in embedded(address))
    detour = address in LOCAL_NAT64 or any(address in tunnel for tunnel in TUNNELS)
    return address.is_global and address in ALLOCATED and not detour


def kind_of(address: Address) -> str:
    """What kind of address it is, for people."""
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    return "a private address" if is_private(address) else "not an address of the Internet"
