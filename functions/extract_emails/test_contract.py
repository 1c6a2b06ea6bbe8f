"""What `extract_emails` promises in its description, checked without a look at how it does it."""

from function import extract_emails


def test_nothing_to_find():
    """A text without addresses gives none, also where it holds an @."""
    assert extract_emails("") == []
    assert extract_emails("Meet @anna at 5 @ the corner, 2 @ 3 EUR.") == []


def test_an_address_alone():
    """A text that is one address gives it."""
    assert extract_emails("anna@example.com") == ["anna@example.com"]


def test_order_of_first_appearance():
    """Addresses come as they appear, not sorted."""
    assert extract_emails("zoe@example.com, anna@example.com, bob@example.com") == [
        "zoe@example.com",
        "anna@example.com",
        "bob@example.com",
    ]


def test_each_once():
    """An address that comes again is not repeated, and stays where it first was."""
    assert extract_emails("b@example.com a@example.com b@example.com") == ["b@example.com", "a@example.com"]


def test_domains_are_lower_cased():
    """Addresses that differ in the case of the domain are one."""
    assert extract_emails("anna@EXAMPLE.Com and anna@example.com") == ["anna@example.com"]


def test_the_part_before_the_at_stays():
    """Addresses that differ in the case of the part before the @ are two."""
    assert extract_emails("Anna@example.com anna@example.com") == ["Anna@example.com", "anna@example.com"]


def test_brackets_and_quotes_around_it():
    """What encloses an address is not part of it."""
    assert extract_emails("(anna@example.com)") == ["anna@example.com"]
    assert extract_emails("[anna@example.com]") == ["anna@example.com"]
    assert extract_emails('"anna@example.com"') == ["anna@example.com"]
    assert extract_emails("Anna <anna@example.com>") == ["anna@example.com"]


def test_punctuation_behind_it():
    """The end of a sentence is not the end of a domain."""
    assert extract_emails("Write to anna@example.com.") == ["anna@example.com"]
    assert extract_emails("anna@example.com! bob@example.com? eve@example.com;") == [
        "anna@example.com",
        "bob@example.com",
        "eve@example.com",
    ]


def test_addresses_without_spaces_between():
    """A comma, a semicolon or a line end separates two addresses."""
    assert extract_emails("a@example.com,b@example.com;c@example.com\nd@example.com") == [
        "a@example.com",
        "b@example.com",
        "c@example.com",
        "d@example.com",
    ]


def test_dots_plus_hyphens_and_underscores_before_the_at():
    """The part before the @ may have dots, a tag, hyphens, underscores and digits."""
    assert extract_emails("first.last@example.com") == ["first.last@example.com"]
    assert extract_emails("anna+news@example.com") == ["anna+news@example.com"]
    assert extract_emails("a_b-c9@example.com") == ["a_b-c9@example.com"]


def test_domains_of_several_parts():
    """A domain may have subdomains, hyphens and digits."""
    assert extract_emails("x@mail.example.co.uk") == ["x@mail.example.co.uk"]
    assert extract_emails("x@my-host2.example") == ["x@my-host2.example"]


def test_letters_of_any_script():
    """Addresses in other scripts are found, and their domains lower-cased too."""
    assert extract_emails("żaneta@przykład.pl") == ["żaneta@przykład.pl"]
    assert extract_emails("ŻANETA@PRZYKŁAD.PL") == ["ŻANETA@przykład.pl"]
    assert extract_emails("пётр@пример.рф") == ["пётр@пример.рф"]


def test_links():
    """An address behind `mailto:` is found without it."""
    assert extract_emails("mailto:anna@example.com") == ["anna@example.com"]
    assert extract_emails('<a href="mailto:anna@example.com?subject=hi">') == ["anna@example.com"]
