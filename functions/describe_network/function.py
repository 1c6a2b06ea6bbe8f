"""What there is to know of an IP network."""

import re
from ipaddress import ip_network


def describe_network(cidr: str) -> dict[str, str | int | None]:
    """Describe an IP network in CIDR notation: netmask, first and last host, broadcast address, number of hosts.

    The address may be any one in the network. In IPv4 the first address, the network's own, and the last, the
    broadcast address, are not for hosts; in a /31 (RFC 3021) and a /32 all are, and there is no broadcast address.
    IPv6 has no broadcast address; its first address, which all routers share (RFC 4291), is not for hosts except in
    a /127 (RFC 6164) and a /128. IPv6 addresses are written as in RFC 5952, short and in small letters.

    Args:
        cidr: An IPv4 or IPv6 address, a slash and the length of the prefix, for example 192.168.1.0/24.

    Returns:
        `network` with its prefix length, `netmask`, `first_host`, `last_host`, `broadcast` (null where there is none)
        and `hosts`, the number of addresses for hosts.

    Raises:
        ValueError: It is not an address with a prefix length, or the length is too large.
    """
    if not re.fullmatch(r"[0-9A-Fa-f.:]+/[0-9]+", cidr):
        raise ValueError(f"cidr must be an address, a slash and a prefix length, such as 10.0.0.0/8: {cidr!r}")
    try:
        network = ip_network(cidr, strict=False)
    except ValueError as error:
        raise ValueError(f"cidr is no IPv4 or IPv6 network: {error}") from error
    is_large = network.num_addresses > 2
    has_broadcast = is_large and network.version == 4
    first = network[1] if is_large else network[0]
    last = network[-2] if has_broadcast else network[-1]
    return {
        "network": str(network),
        "netmask": str(network.netmask),
        "first_host": str(first),
        "last_host": str(last),
        "broadcast": str(network.broadcast_address) if has_broadcast else None,
        "hosts": int(last) - int(first) + 1,
    }
