"""Which networks an IP address is in."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


def ip_in_networks(address: str, networks: list[str]) -> list[str]:
    """Tell which of some networks contain an IP address, for example those of an allow list.

    Networks are in CIDR notation (RFC 4632), IPv4 or IPv6; the address in it may be any one in the network, and
    without a slash it stands for itself alone. An IPv4 address is in no IPv6 network, nor the other way round.

    Args:
        address: The IPv4 or IPv6 address.
        networks: Networks such as 10.0.0.0/8 or 2001:db8::/32, and single addresses.

    Returns:
        Those that contain the address, as they were written and in their order.

    Raises:
        ValueError: The address or one of the networks cannot be read.
    """
    try:
        wanted = ip_address(address)
    except ValueError as error:
        raise ValueError(f"address is no IPv4 or IPv6 address: {address!r}") from error
    return [network for network in networks if wanted in _parsed(network)]


def _parsed(text: str) -> IPv4Network | IPv6Network:
    if not re.fullmatch(r"[0-9A-Fa-f.:]+(/[0-9]+)?", text):
        raise ValueError(f"networks holds what is no IPv4 or IPv6 network: {text!r}")
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(f"networks holds what is no IPv4 or IPv6 network: {error}") from error
