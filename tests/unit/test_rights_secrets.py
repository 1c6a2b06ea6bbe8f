"""Secrets: placeholders go in, values leave for one place only, and nothing that comes back holds one."""

import base64
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rights.outcomes import AskRefused
from agent.rights.secrets import Vault, closed, in_json, in_url, opened, writing_for

VALUE = 'sk/é+"live" 42&x'
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=8, max_size=30)


def test_a_placeholder_is_random_and_says_nothing():
    """Each run has placeholders of its own; neither they nor the vault's text hold the value."""
    one, other = Vault({"KEY": VALUE}), Vault({"KEY": VALUE})
    assert re.fullmatch(r"kowal-secret-[0-9a-f]{32}", one.placeholders["KEY"])
    assert one.placeholders != other.placeholders
    assert VALUE not in repr(one)
    assert repr(one) == "Vault(KEY)"


def test_values_are_written_as_their_place_needs():
    """In a URL quoted, in JSON escaped, in a form quoted, elsewhere as they are."""
    vault = Vault({"KEY": VALUE})
    mark = vault.placeholders["KEY"]
    assert vault.filled_text(f"/v1?key={mark}&q=1", in_url) == f"/v1?key={quote(VALUE, safe='')}&q=1"
    assert json.loads(vault.filled(f'{{"key": "{mark}"}}'.encode(), in_json)) == {"key": VALUE}
    assert vault.filled_text(f"Bearer {mark}") == f"Bearer {VALUE}"
    assert writing_for("application/json; charset=utf-8") is in_json
    assert writing_for("application/problem+json") is in_json
    assert writing_for("application/x-www-form-urlencoded") is quote_plus
    assert writing_for("text/plain") is str


def test_basic_credentials_are_opened_and_closed():
    """A placeholder inside the base64 of a `Basic` header is found; what only looks like one stays as it is."""
    vault = Vault({"KEY": "hunter2hunter2"})
    header = "Basic " + base64.b64encode(f"me:{vault.placeholders['KEY']}".encode()).decode()
    assert vault.named_in(opened(header).encode()) == {"KEY"}
    sent = closed(header, vault.filled_text(opened(header)))
    assert base64.b64decode(sent.removeprefix("Basic ")) == b"me:hunter2hunter2"
    for other in ("Bearer abc", "Basic !!!", "Basic /w==", "Basic"):
        assert closed(other, opened(other)) == other


@pytest.mark.parametrize("strange", ["kowal-secret-" + "0" * 32, "KOWAL-SECRET-" + "A" * 32])
def test_a_placeholder_of_another_run_is_refused(strange):
    """What looks like a placeholder and is none of this run's never leaves."""
    with pytest.raises(AskRefused, match="does not have"):
        Vault({"KEY": VALUE}).named_in(f"x={strange}".encode())


def test_a_placeholder_in_capitals_is_not_taken_for_one():
    """A guest that changes its placeholder gets a refusal, not the value."""
    vault = Vault({"KEY": VALUE})
    with pytest.raises(AskRefused):
        vault.named_in(vault.placeholders["KEY"].upper().encode())


@given(VALUES, st.binary(max_size=5), st.binary(max_size=5))
def test_no_form_of_a_value_comes_back(value, before, after):
    """Plain, quoted, escaped, hexadecimal, or in base64 at any place: it is a placeholder in what the guest sees."""
    vault = Vault({"KEY": value})
    data = value.encode()
    plain = [
        data, quote(value, safe="").encode(), quote_plus(value).encode(), json.dumps(value).encode(),
        data.hex().encode(), data.hex().upper().encode(),
    ]  # fmt: skip
    for form in plain:
        hidden = vault.hidden(before + form + after)
        assert data not in hidden or data in before + after
        assert vault.placeholders["KEY"].encode() in hidden
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        hidden = vault.hidden(encode(before + data + after))
        assert vault.placeholders["KEY"].encode() in hidden


@given(st.binary(max_size=200))
def test_what_holds_no_secret_comes_back_as_it_is(data):
    """Ordinary answers are not touched."""
    assert Vault({"KEY": "a-value-that-nothing-holds"}).hidden(data) == data
    assert Vault({}).hidden(data) == data
