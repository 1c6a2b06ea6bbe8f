"""What describe_network promises."""

import pytest
from function import describe_network


def test_an_ipv4_network():
    """All that there is to know of a small network, in order."""
    found = describe_network("192.168.1.0/24")
    assert list(found.items()) == [
        ("network", "192.168.1.0/24"),
        ("netmask", "255.255.255.0"),
        ("first_host", "192.168.1.1"),
        ("last_host", "192.168.1.254"),
        ("broadcast", "192.168.1.255"),
        ("hosts", 254),
    ]


def test_any_address_in_it():
    """An address within the network stands for the network."""
    assert describe_network("10.20.30.40/12") == {
        "network": "10.16.0.0/12",
        "netmask": "255.240.0.0",
        "first_host": "10.16.0.1",
        "last_host": "10.31.255.254",
        "broadcast": "10.31.255.255",
        "hosts": 1048574,
    }


def test_the_smallest_with_a_broadcast_address():
    """A /30 has two hosts between its own address and the broadcast address."""
    found = describe_network("192.0.2.8/30")
    assert (found["first_host"], found["last_host"], found["hosts"]) == ("192.0.2.9", "192.0.2.10", 2)
    assert found["broadcast"] == "192.0.2.11"


def test_two_addresses():
    """In a /31 both addresses are hosts, and there is no broadcast address."""
    assert describe_network("192.0.2.8/31") == {
        "network": "192.0.2.8/31",
        "netmask": "255.255.255.254",
        "first_host": "192.0.2.8",
        "last_host": "192.0.2.9",
        "broadcast": None,
        "hosts": 2,
    }


def test_one_address():
    """A /32 is one host."""
    found = describe_network("192.0.2.8/32")
    assert (found["first_host"], found["last_host"], found["hosts"]) == ("192.0.2.8", "192.0.2.8", 1)
    assert found["broadcast"] is None
    assert found["netmask"] == "255.255.255.255"


def test_everything():
    """The network of all addresses has a prefix length of 0."""
    found = describe_network("1.2.3.4/0")
    assert found["network"] == "0.0.0.0/0"
    assert set(found["netmask"].split(".")) == {"0"}
    assert (found["last_host"], found["hosts"]) == ("255.255.255.254", 4294967294)


def test_an_ipv6_network():
    """IPv6 has no broadcast address, and the first address is that of the routers."""
    assert describe_network("2001:DB8:0:0::17/126") == {
        "network": "2001:db8::14/126",
        "netmask": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc",
        "first_host": "2001:db8::15",
        "last_host": "2001:db8::17",
        "broadcast": None,
        "hosts": 3,
    }


def test_a_large_ipv6_network():
    """The number of hosts is exact, however large."""
    found = describe_network("2001:db8::/64")
    assert found["hosts"] == 2**64 - 1
    assert found["netmask"] == "ffff:ffff:ffff:ffff::"
    assert found["last_host"] == "2001:db8::ffff:ffff:ffff:ffff"


def test_small_ipv6_networks():
    """In a /127 both addresses are hosts, in a /128 the only one is."""
    two, one = describe_network("2001:db8::6/127"), describe_network("2001:db8::6/128")
    assert (two["first_host"], two["last_host"], two["hosts"]) == ("2001:db8::6", "2001:db8::7", 2)
    assert (one["first_host"], one["last_host"], one["hosts"]) == ("2001:db8::6", "2001:db8::6", 1)
    assert two["broadcast"] is one["broadcast"] is None


def test_no_cidr_notation():
    """What is not an address, a slash and digits is an error that shows it."""
    for cidr in [
        "",
        "10.0.0.0",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/-1",
        "host/8",
        " 10.0.0.0/8",
        "fe80::1%eth0/64",
    ]:
        with pytest.raises(
            ValueError, match=r"^cidr must be an address, a slash and a prefix length, such .*: '"
        ) as error:
            describe_network(cidr)
        assert str(error.value).endswith(f": {cidr!r}")


def test_no_network():
    """An address that is none or a prefix that is too long is an error."""
    for cidr in ["10.0.0.0/33", "2001:db8::/129", "10.0.0/8", "256.0.0.0/8", "1::2::3/64", "010.0.0.0/8"]:
        with pytest.raises(ValueError, match=r"^cidr is no IPv4 or IPv6 network: .*" + cidr.split("/")[0]):
            describe_network(cidr)
