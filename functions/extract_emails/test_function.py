"""What extract_emails promises."""

import pytest
from function import extract_emails


def test_one_address():
    """An address in a sentence is found."""
    assert extract_emails("Write to anna@example.com today") == ["anna@example.com"]


def test_order_of_first_appearance():
    """Addresses come in the order of the text, each once."""
    text = "zoe@b.org, anna@a.org; zoe@b.org\nbob@c.org anna@a.org"
    assert extract_emails(text) == ["zoe@b.org", "anna@a.org", "bob@c.org"]


def test_domain_is_lowered_and_the_rest_kept():
    """Domains that differ in case are one, names that differ in case are not."""
    assert extract_emails("Anna@EXAMPLE.Com Anna@example.com anna@example.com") == [
        "Anna@example.com",
        "anna@example.com",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "%s.", "%s, and", "(%s)", "<%s>", "[%s]", '"%s"', "'%s'", "mailto:%s?subject=x", "%s!", "%s…",
        "e-mail=%s;", "**%s**", "a/%s/b", "%s-", "%s_", "-%s", "+%s", "&%s", "%s. Next", "%s:8080",
        "żółć %s。",
    ],
)  # fmt: skip
def test_punctuation_around_is_not_part(text: str):
    """Punctuation before and after an address is not part of it."""
    assert extract_emails(text % "anna@example.com") == ["anna@example.com"]


@pytest.mark.parametrize(
    "address",
    [
        "anna.maria+news@example.com",
        "o'brien@example.com",
        "r&d@example.com",
        "first_last-x@example.com",
        "a@b.co",
        "42@4u.example.com",
        "anna@mail.my-firm.co.uk",
        "anna@a--b.example",
        "anna@firma.xn--p1ai",
        "anna@x.photography",
    ],
)
def test_forms_of_addresses(address: str):
    """Dots, signs, digits, subdomains and long or encoded top-level domains are accepted."""
    assert extract_emails(f"To: {address}, please") == [address]


def test_letters_of_any_script():
    """An address is not cut at a letter beyond ASCII, nor at an accent stored apart."""
    assert extract_emails("łukasz@żółw.pl; JOSE\u0301F@E\u0301cole.fr") == [
        "łukasz@żółw.pl",
        "JOSÉF@école.fr",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "anna@localhost", "anna@example.c", "anna@example.c0m", "@example.com", "anna@", "anna@.com",
        "anna@-x.com", "anna@x-.com", "a..b@example.com", ".anna@example.com", "anna.@example.com",
        "anna @example.com", "a@b@example.com", "@anna@example.com", "anna@10.0.0.1", "anna@example..com",
        "anna@example.com@x", "anna@exa_mple.com", "++@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str):
    """Text that is nearly an address is left out as a whole, and what follows is still found."""
    assert extract_emails(f"{text} ok@example.com") == ["ok@example.com"]


def test_no_address():
    """Text without an address gives none; beside one it adds nothing."""
    assert [extract_emails(text) for text in ("", "no address", "a@b.pl")] == [[], [], ["a@b.pl"]]


def test_lines_and_tables():
    """Addresses are found across lines, tabs and table bars."""
    text = "name\tmail\r\nAnna\ta@x.org\r\n|b@x.org|c@x.org|\n"
    assert extract_emails(text) == ["a@x.org", "b@x.org", "c@x.org"]


def test_long_text_without_an_address():
    """A long run of letters and hyphens does not hide what comes after it, nor take long."""
    assert extract_emails("a-" * 50_000 + " " + "b." * 50_000 + " anna@x.org") == ["anna@x.org"]
