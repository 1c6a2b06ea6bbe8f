"""What `redact_text` promises in its description, checked without a look at how it does it."""

from function import redact_text


def test_each_kind():
    """Each of the four kinds has its own placeholder."""
    assert redact_text("a@example.com") == "[EMAIL]"
    assert redact_text("PL61109010140000071219812874") == "[IBAN]"
    assert redact_text("4111111111111111") == "[CARD]"
    assert redact_text("192.0.2.1") == "[IP]"


def test_all_else_stays():
    """A text without any of them is as it was, to the last blank."""
    text = " Order 2026/11 for 3 × 19.90 €, at 10:30:15,\tv1.2.3 \n(see #42) - ÅÄÖ żółw \r\n"
    assert redact_text(text) == text
    assert redact_text(f"{text}192.0.2.1") == f"{text}[IP]"
    assert redact_text("") == ""


def test_email_addresses():
    """Addresses lose nothing to the text around them, brackets and the full stop behind."""
    assert redact_text("Write to <jan.kowalski+spam@mail.example.co.uk>.") == "Write to <[EMAIL]>."
    assert redact_text("(a@example.com, b-c@example.org)") == "([EMAIL], [EMAIL])"
    assert redact_text("Follow @example, meet a @ noon, a@example.com") == "Follow @example, meet a @ noon, [EMAIL]"


def test_several_of_one_kind():
    """Each place is replaced, the same address twice too."""
    assert redact_text("a@example.com b@example.com a@example.com") == "[EMAIL] [EMAIL] [EMAIL]"


def test_account_numbers():
    """Numbers in one piece and in groups of four are replaced whole."""
    assert redact_text("to DE89370400440532013000 today") == "to [IBAN] today"
    assert redact_text("to DE89 3704 0044 0532 0130 00 today") == "to [IBAN] today"
    assert redact_text("NO93 8601 1117 947, thanks") == "[IBAN], thanks"
    assert redact_text("MT84 MALT 0110 0001 2345 MTLC AST0 01S!") == "[IBAN]!"


def test_wrong_check_digits_of_an_account():
    """A typing error does not give an account number away."""
    assert redact_text("DE88370400440532013000") == "[IBAN]"
    assert redact_text("DE00 3704 0044 0532 0130 00") == "[IBAN]"


def test_what_is_no_account_number():
    """Small letters, another beginning and fewer characters are no account number."""
    for text in ("D189370400440532ABCDEF", "DEX9ABCD00440532ABCDEF", "DE89ABCD004405", "AB12"):
        assert redact_text(f"{text} 192.0.2.1") == f"{text} [IP]"


def test_the_shortest_account_number():
    """Behind the four characters in front there are at least eleven."""
    assert redact_text("XY12ABCDEFGHIJK") == "[IBAN]"
    assert redact_text("XY12ABCDEFGHIJ") == "XY12ABCDEFGHIJ"


def test_card_numbers():
    """Numbers in one piece, and grouped by spaces or hyphens, are replaced whole."""
    assert redact_text("card 4111-1111-1111-1111.") == "card [CARD]."
    assert redact_text("card 5555 5555 5555 4444 ok") == "card [CARD] ok"
    assert redact_text("378282246310005 or 3782 822463 10005") == "[CARD] or [CARD]"
    assert redact_text("4222222222222") == "[CARD]"


def test_numbers_that_are_no_card():
    """A wrong check digit, too few digits and too many are no card number."""
    for text in ("4111111111111112", "4111 1111 1111 1112", "411111111116", "41111111111111111114"):
        assert redact_text(f"{text} 192.0.2.1") == f"{text} [IP]"


def test_ip_addresses():
    """Addresses of both versions are replaced, with what follows them left alone."""
    assert redact_text("from 10.0.0.1 to 255.255.255.255:80") == "from [IP] to [IP]:80"
    assert redact_text("2001:db8:0:0:0:0:0:1, ::1, fe80::1 and 2001:DB8::A") == "[IP], [IP], [IP] and [IP]"
    assert redact_text("10.0.0.0/8.") == "[IP]/8."


def test_what_is_no_ip_address():
    """Numbers above 255, fewer parts and times are no addresses."""
    for text in ("256.1.1.1", "1.2.3", "10:30:15", "1.2.3.4.5"):
        assert redact_text(f"{text} a@example.com") == f"{text} [EMAIL]"


def test_all_together():
    """The kinds do not get in each other's way."""
    text = "a@example.com;GB82 WEST 1234 5698 7654 32;4012888888881881;203.0.113.9"
    assert redact_text(text) == "[EMAIL];[IBAN];[CARD];[IP]"


def test_twice():
    """A text that was redacted stays as it is."""
    assert redact_text("[EMAIL] [IBAN] [CARD] [IP] 192.0.2.1") == "[EMAIL] [IBAN] [CARD] [IP] [IP]"
