"""What `describe_network` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import describe_network


def test_a_small_network():
    """A /28 has fourteen hosts; all six facts are there, in their order."""
    found = describe_network("203.0.113.16/28")
    assert found == {
        "network": "203.0.113.16/28",
        "netmask": "255.255.255.240",
        "first_host": "203.0.113.17",
        "last_host": "203.0.113.30",
        "broadcast": "203.0.113.31",
        "hosts": 14,
    }
    assert list(found) == ["network", "netmask", "first_host", "last_host", "broadcast", "hosts"]


def test_a_large_network():
    """A /8 has nearly seventeen million hosts."""
    assert describe_network("10.0.0.0/8") == {
        "network": "10.0.0.0/8",
        "netmask": "255.0.0.0",
        "first_host": "10.0.0.1",
        "last_host": "10.255.255.254",
        "broadcast": "10.255.255.255",
        "hosts": 16777214,
    }


def test_any_address_of_the_network():
    """Every address in a network describes the same one."""
    assert describe_network("172.16.5.9/20") == describe_network("172.16.0.0/20")
    assert describe_network("172.16.15.255/20")["network"] == "172.16.0.0/20"
    assert describe_network("172.16.16.0/20")["network"] == "172.16.16.0/20"


def test_two_hosts():
    """A /30 is the smallest with a broadcast address."""
    assert describe_network("192.0.2.6/30") == {
        "network": "192.0.2.4/30",
        "netmask": "255.255.255.252",
        "first_host": "192.0.2.5",
        "last_host": "192.0.2.6",
        "broadcast": "192.0.2.7",
        "hosts": 2,
    }


def test_point_to_point():
    """In a /31 both addresses are hosts and there is no broadcast address."""
    assert describe_network("192.0.2.5/31") == {
        "network": "192.0.2.4/31",
        "netmask": "255.255.255.254",
        "first_host": "192.0.2.4",
        "last_host": "192.0.2.5",
        "broadcast": None,
        "hosts": 2,
    }


def test_a_single_address():
    """In a /32 the address is the only host."""
    assert describe_network("192.0.2.5/32") == {
        "network": "192.0.2.5/32",
        "netmask": "255.255.255.255",
        "first_host": "192.0.2.5",
        "last_host": "192.0.2.5",
        "broadcast": None,
        "hosts": 1,
    }


def test_version_6():
    """There is no broadcast address, and the first address is not for hosts."""
    assert describe_network("2001:db8:0:1::42/126") == {
        "network": "2001:db8:0:1::40/126",
        "netmask": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc",
        "first_host": "2001:db8:0:1::41",
        "last_host": "2001:db8:0:1::43",
        "broadcast": None,
        "hosts": 3,
    }
    assert describe_network("2001:db8::/32")["hosts"] == 2**96 - 1


def test_version_6_with_one_or_two_addresses():
    """In a /127 and a /128 every address is a host."""
    pair = describe_network("2001:db8::1/127")
    assert (pair["network"], pair["first_host"], pair["last_host"]) == ("2001:db8::/127", "2001:db8::", "2001:db8::1")
    assert (pair["hosts"], pair["broadcast"]) == (2, None)
    one = describe_network("2001:db8::1/128")
    assert (one["network"], one["first_host"], one["last_host"]) == ("2001:db8::1/128", "2001:db8::1", "2001:db8::1")
    assert (one["hosts"], one["broadcast"]) == (1, None)


def test_version_6_is_written_short():
    """Addresses are compressed and in small letters, however they were given."""
    found = describe_network("2001:0DB8:0000:0000:00AB:0000:0000:0001/112")
    assert found["network"] == "2001:db8:0:0:ab::/112"
    assert found["last_host"] == "2001:db8::ab:0:0:ffff"


def test_all_addresses():
    """A prefix of length 0 is everything."""
    assert describe_network("1.2.3.4/0")["hosts"] == 2**32 - 2
    assert describe_network("1.2.3.4/0")["last_host"] == "255.255.255.254"
    assert describe_network("::/0")["hosts"] == 2**128 - 1


@pytest.mark.parametrize(
    "cidr",
    [
        "",
        "/24",
        "192.0.2.0",
        "192.0.2.0/",
        "192.0.2.0/33",
        "192.0.2.0/-1",
        "192.0.2.0/a",
        "192.0.2.0/24/24",
        "192.0.2/24",
        "192.0.2.256/24",
        "192.0.2.0.1/24",
        "example.com/24",
        "192.0.2.0/255.255.255.0",
        "2001:db8::",
        "2001:db8::/129",
        "2001:db8::1::/64",
        "2001:db8:::/64",
        "24",
    ],
)
def test_what_is_no_network(cidr: str):
    """An address and a length of its prefix are needed, and both must be possible."""
    with pytest.raises(ValueError, match=r"\S"):
        describe_network(cidr)
