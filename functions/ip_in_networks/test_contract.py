"""What `ip_in_networks` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import ip_in_networks


def test_those_that_contain_it():
    """Networks with the address are given, others are not."""
    networks = ["198.51.100.0/24", "203.0.113.0/24", "198.51.0.0/16"]
    assert ip_in_networks("198.51.100.7", networks) == ["198.51.100.0/24", "198.51.0.0/16"]
    assert ip_in_networks("203.0.113.7", networks) == ["203.0.113.0/24"]
    assert ip_in_networks("192.0.2.7", networks) == []


def test_no_networks():
    """In an empty list there is none; beside one that matches there is."""
    assert ip_in_networks("192.0.2.1", []) == []
    assert ip_in_networks("192.0.2.1", ["192.0.2.1"]) == ["192.0.2.1"]


def test_first_and_last_address():
    """Both ends belong to a network, their neighbours do not."""
    assert ip_in_networks("192.0.2.16", ["192.0.2.16/28"]) == ["192.0.2.16/28"]
    assert ip_in_networks("192.0.2.31", ["192.0.2.16/28"]) == ["192.0.2.16/28"]
    assert ip_in_networks("192.0.2.15", ["192.0.2.16/28"]) == []
    assert ip_in_networks("192.0.2.32", ["192.0.2.16/28"]) == []


def test_single_addresses():
    """Without a slash a network is one address."""
    assert ip_in_networks("192.0.2.5", ["192.0.2.5", "192.0.2.6"]) == ["192.0.2.5"]
    assert ip_in_networks("2001:db8::5", ["2001:db8::5", "2001:db8::6"]) == ["2001:db8::5"]
    assert ip_in_networks("192.0.2.5", ["192.0.2.5/32"]) == ["192.0.2.5/32"]


def test_any_address_of_the_network():
    """A network may be named by any of its addresses, and comes back as it was written."""
    assert ip_in_networks("10.9.9.9", ["10.1.2.3/8", "10.1.2.3/16"]) == ["10.1.2.3/8"]
    assert ip_in_networks("2001:db8::1", ["2001:0DB8:0:0::FFFF/64"]) == ["2001:0DB8:0:0::FFFF/64"]


def test_order_and_repetition():
    """They come in the order given, and twice where they were given twice."""
    networks = ["10.1.0.0/16", "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16"]
    assert ip_in_networks("10.1.2.3", networks) == networks


def test_version_6():
    """IPv6 addresses are compared by value, however they are written."""
    networks = ["2001:db8::/32", "2001:db8:1::/48", "fe80::/10"]
    assert ip_in_networks("2001:db8:1::1", networks) == ["2001:db8::/32", "2001:db8:1::/48"]
    assert ip_in_networks("2001:0DB8:0001:0000::0001", networks) == ["2001:db8::/32", "2001:db8:1::/48"]
    assert ip_in_networks("febf::1", networks) == ["fe80::/10"]
    assert ip_in_networks("fec0::1", networks) == []


def test_versions_do_not_mix():
    """Everything of one version holds nothing of the other."""
    assert ip_in_networks("192.0.2.1", ["::/0", "0.0.0.0/0"]) == ["0.0.0.0/0"]
    assert ip_in_networks("::1", ["0.0.0.0/0", "::/0"]) == ["::/0"]
    assert ip_in_networks("192.0.2.1", ["::ffff:192.0.2.1"]) == []


def test_addresses_that_cannot_be_read():
    """The address must be one, whatever the networks."""
    for address in ("", "192.0.2", "192.0.2.256", "192.0.2.0/24", "host", "1.2.3.4.5", ":::", "2001:db8::1::2"):
        with pytest.raises(ValueError, match=r"\S"):
            ip_in_networks(address, ["192.0.2.0/24"])
        with pytest.raises(ValueError, match=r"\S"):
            ip_in_networks(address, [])


def test_networks_that_cannot_be_read():
    """A bad network is an error wherever it stands in the list."""
    for network in ("", "/8", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "net", "2001:db8::/129", "10.0.0.0/8/8"):
        with pytest.raises(ValueError, match=r"\S"):
            ip_in_networks("10.0.0.1", [network])
        with pytest.raises(ValueError, match=r"\S"):
            ip_in_networks("10.0.0.1", ["10.0.0.0/8", network])
