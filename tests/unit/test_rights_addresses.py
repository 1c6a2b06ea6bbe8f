"""Which addresses a name may lead to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rights.addresses import refusal
from agent.rights.places import Place

NAME = Place(scheme="https", host="api.example.org", port=443)
INSIDE = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "fc00::1", "fd12:3456::1", "::1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.1.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "fd00:ec2::254",
    "2002:7f00:1::", "2002:808:808::", "2001:0:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1",
    "64:ff9b:1::808:808", "::127.0.0.1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_internet_may_be_reached(address):
    """What is public is reached, behind a NAT64 too."""
    assert refusal(ipaddress.ip_address(address), NAME, private=False) == ""


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_need_the_word_private(address):
    """Loopback and private networks are refused after the look-up unless the grant says `private`."""
    assert "address" in refusal(ipaddress.ip_address(address), NAME, private=False)
    assert refusal(ipaddress.ip_address(address), NAME, private=True) == ""


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("private", [False, True])
def test_some_addresses_no_name_ever_leads_to(address, private):
    """Metadata, link-local, multicast, reserved, documentation and tunnelled addresses are refused in any case."""
    assert refusal(ipaddress.ip_address(address), NAME, private=private) != ""


def test_an_address_that_the_grant_names_may_be_reached():
    """A literal address leads to itself and to nothing else."""
    place = Place(scheme="http", host="127.0.0.1", port=80)
    assert refusal(ipaddress.ip_address("127.0.0.1"), place, private=False) == ""
    assert refusal(ipaddress.ip_address("127.0.0.2"), place, private=True) != ""


def test_localhost_leads_to_loopback_only():
    """A name server that says otherwise of `localhost` is not believed."""
    place = Place(scheme="http", host="localhost", port=80)
    assert refusal(ipaddress.ip_address("127.0.0.1"), place, private=False) == ""
    assert refusal(ipaddress.ip_address("::1"), place, private=False) == ""
    assert refusal(ipaddress.ip_address("1.1.1.1"), place, private=False) != ""
    assert refusal(ipaddress.ip_address("10.0.0.1"), place, private=False) != ""


@given(st.ip_addresses())
def test_what_is_not_global_is_refused(address):
    """Of all addresses, none that Python's own tables call private gets through without the word."""
    if not address.is_global or address.is_multicast or address.is_loopback:
        assert refusal(address, NAME, private=False)
