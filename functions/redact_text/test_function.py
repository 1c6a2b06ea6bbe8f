"""What redact_text promises."""

import pytest
from function import redact_text


def test_all_kinds_at_once():
    """Each kind has its placeholder, and the text around stays."""
    text = "Jan <jan@x.pl>, PL61109010140000071219812874,\n4111111111111111 at 10.0.0.1."
    assert redact_text(text) == "Jan <[EMAIL]>, [IBAN],\n[CARD] at [IP]."


@pytest.mark.parametrize("text", ["", "Nothing to hide: 3 fish, 12.50 €, 2026-01-02 12:30:45.", "[EMAIL] [IBAN] [IP]"])
def test_all_else_stays(text: str):
    """Texts without such data do not change, placeholders included."""
    assert redact_text(text) == text
    assert redact_text(f"{text} a@b.pl") == f"{text} [EMAIL]"


@pytest.mark.parametrize(
    "email", ["a@b.pl", "First.Last+tag@mail.example.co.uk", "o'neil@x-y.com", "ż@łódź.pl", "a_b-c@b.xn--p1ai"]
)
def test_emails(email: str):
    """Addresses of every usual form are replaced whole."""
    assert redact_text(f"({email}), mailto:{email}.") == "([EMAIL]), mailto:[EMAIL]."


def test_what_is_no_email():
    """An at sign alone, and a host without a domain, are no address."""
    assert redact_text("a @ b.pl, user@host, @name, a@b.1, c@d.pl!") == "a @ b.pl, user@host, @name, a@b.1, [EMAIL]!"


@pytest.mark.parametrize(
    "iban",
    [
        "NO9386011117947",
        "NO93 8601 1117 947",
        "BE68 5390 0754 7034",
        "DE89 3704 0044 0532 0130 00",
        "GB29NWBK60161331926819",
        "FR14 2004 1010 0505 0001 3M02 606",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "RU0204452560040702810412345678901",
        "PL62109010140000071219812874",
        "PL62 1090 1014 0000 0712 1981 2874",
    ],
)
def test_ibans(iban: str):
    """Numbers of any length, in one piece or in groups, are replaced, with wrong check digits too."""
    assert redact_text(f"to {iban}, today") == "to [IBAN], today"


def test_words_behind_an_iban():
    """Capitals behind a number with right check digits are not part of it."""
    assert redact_text("BE68 5390 0754 7034 EUR OR USD") == "[IBAN] EUR OR USD"
    assert redact_text("PL61 1090 1014 0000 0712 1981 2874 I PAID") == "[IBAN] I PAID"


@pytest.mark.parametrize(
    "text",
    [
        "PL611090101400",
        "AA11" + "B" * 31,
        "PL61 1090 1014 00",
        "pl61109010140000071219812874",
        "P161 1090 1014 0000 0713",
        "xPL61109010140000071219812874",
        "PL61109010140000071219812874x",
    ],
)
def test_what_is_no_iban(text: str):
    """Too short, too long, in small letters or part of a word is no account number."""
    assert redact_text(f"{text} AA11{'B' * 11} AA11{'B' * 30}") == f"{text} [IBAN] [IBAN]"


@pytest.mark.parametrize(
    "card",
    [
        "4222222222222",
        "378282246310005",
        "3782 822463 10005",
        "3056 930902 5904",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "6304 0000 0000 0000 000",
        "6304000000000000000",
    ],
)
def test_cards(card: str):
    """Numbers of 13 to 19 digits with a right check digit are replaced, grouped or not."""
    assert redact_text(f"No.{card}, 12/27") == "No.[CARD], 12/27"


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111112",
        "4111 1111 1111 1121",
        "3782 822463 10006",
        "0" * 12,
        "0" * 20,
        "4111 1111-1111 1111",
        "4111  1111 1111 1111",
        "0.4111111111111111",
        "1,4111111111111111",
    ],
)
def test_what_is_no_card(number: str):
    """A wrong check digit, another length, mixed groups or decimals are no card."""
    assert redact_text(f"{number} and {'0' * 13}") == f"{number} and [CARD]"


def test_numbers_beside_a_card():
    """Digits in groups before and behind a card do not hide it."""
    assert redact_text("1234 4111 1111 1111 1111 123") == "1234 [CARD] 123"
    assert redact_text("4111111111111111 5555555555554444") == "[CARD] [CARD]"


@pytest.mark.parametrize("address", ["0.0.0.0", "9.10.99.100", "192.168.1.199", "200.249.250.255"])  # noqa: S104
def test_version_4(address: str):
    """Addresses of four numbers up to 255 are replaced, with ports and prefixes left."""
    assert redact_text(f"{address}:80, {address}/24 ({address}).") == "[IP]:80, [IP]/24 ([IP])."


@pytest.mark.parametrize("text", ["256.1.1.1", "1.1.1.256", "1.2.3", "1.2.3.4.5", "v1.2.3.4", "1.2.3.4x", "1.2.3.1000"])
def test_what_is_no_version_4(text: str):
    """Numbers above 255, and more or fewer than four, are no address."""
    assert redact_text(f"{text} 1.2.3.4") == f"{text} [IP]"


@pytest.mark.parametrize(
    "address", ["::1", "fe80::", "2001:DB8::8a2e:370:7334", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "64:ff9b::1.2.3.4"]
)
def test_version_6(address: str):
    """Addresses of version 6 in any of their forms are replaced whole."""
    assert redact_text(f"[{address}]:443, from {address}.") == "[[IP]]:443, from [IP]."
    assert redact_text("host 2001:db8::1: down") == "host [IP]: down"


@pytest.mark.parametrize("text", ["::", "12:30:45", "00:1A:2B:3C:4D:5E", "std::dec", "1:2:3:4:5:6:7:8:9", "a:b"])
def test_what_is_no_version_6(text: str):
    """Times, hardware addresses, names and lone colons are no address."""
    assert redact_text(f"{text} ::2") == f"{text} [IP]"
