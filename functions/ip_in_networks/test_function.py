"""What ip_in_networks promises."""

import pytest
from function import ip_in_networks


def test_a_network_contains_the_address():
    """The networks that contain the address are given, the others are not."""
    assert ip_in_networks("10.1.2.3", ["10.0.0.0/8", "192.168.0.0/16", "10.1.2.0/24"]) == ["10.0.0.0/8", "10.1.2.0/24"]


def test_the_ends_of_a_network():
    """The first and the last address belong to a network, their neighbours do not."""
    for address, times in [
        ("192.168.3.255", 0),
        ("192.168.4.0", 1),
        ("192.168.5.17", 1),
        ("192.168.7.255", 1),
        ("192.168.8.0", 0),
    ]:
        assert ip_in_networks(address, ["192.168.4.0/22"]) == ["192.168.4.0/22"] * times


def test_order_and_repetition():
    """Networks are given as they were written, in their order, as often as they stand there."""
    networks = ["0.0.0.0/0", "10.1.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "10.1.0.0/16"]
    assert ip_in_networks("10.1.0.1", networks) == ["0.0.0.0/0", "10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16"]
    assert networks == ["0.0.0.0/0", "10.1.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "10.1.0.0/16"]


def test_any_address_in_the_network():
    """The address in a network's notation may be any of it, and stays as it was written."""
    assert ip_in_networks("10.255.0.1", ["10.1.2.3/8"]) == ["10.1.2.3/8"]


def test_single_addresses():
    """Without a slash, and with the longest prefix, an address stands for itself."""
    assert ip_in_networks("10.0.0.1", ["10.0.0.1", "10.0.0.2", "10.0.0.1/32", "10.0.0.0"]) == [
        "10.0.0.1",
        "10.0.0.1/32",
    ]
    assert ip_in_networks("::1", ["::1", "::2"]) == ["::1"]


def test_ipv6():
    """IPv6 addresses are the same in every spelling."""
    networks = ["2001:DB8::/32", "2001:db8:0:1::/64", "2001:db8:0:0::/64"]
    assert ip_in_networks("2001:0db8::0001", networks) == ["2001:DB8::/32", "2001:db8:0:0::/64"]


def test_the_families_stay_apart():
    """An IPv4 address is in no IPv6 network, nor the other way round."""
    assert ip_in_networks("10.0.0.1", ["::/0", "10.0.0.0/8"]) == ["10.0.0.0/8"]
    assert ip_in_networks("::a00:1", ["0.0.0.0/0", "::/0"]) == ["::/0"]


def test_none():
    """Without networks, or with none that contains the address, the result is empty."""
    assert ip_in_networks("10.0.0.1", []) == []
    assert ip_in_networks("10.0.0.1", ["11.0.0.0/8"]) == []


def test_bad_addresses():
    """What is no address is an error that shows it, even where there is nothing to compare it with."""
    for address in ["", "10.0.0", "10.0.0.256", "10.0.0.0/8", "example.com", " 10.0.0.1", "010.0.0.1"]:
        with pytest.raises(ValueError, match=r"^address is no IPv4 or IPv6 address: '") as error:
            ip_in_networks(address, [])
        assert str(error.value).endswith(repr(address))


def test_unreadable_networks():
    """What is no network is an error that shows it, though another network contains the address."""
    for network in ["", "10.0.0.0/", "/8", "10.0.0.0/255.0.0.0", "intranet", "10.0.0.0/8 ", "fe80::%1/64"]:
        with pytest.raises(ValueError, match=r"^networks holds what is no IPv4 or IPv6 network: '") as error:
            ip_in_networks("10.0.0.1", ["10.0.0.0/8", network])
        assert str(error.value).endswith(repr(network))


def test_impossible_networks():
    """An address that is none or a prefix that is too long is an error that names it."""
    for network in ["10.0.0.0/33", "::/129", "10.0.0/8", "300.0.0.0/8", "1::2::3"]:
        with pytest.raises(
            ValueError, match=r"^networks holds what is no IPv4 or IPv6 network: .*" + network.split("/")[0]
        ):
            ip_in_networks("10.0.0.1", [network])
