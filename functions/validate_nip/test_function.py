"""What validate_nip promises."""

from function import validate_nip

RIGHT = "1234563218"


def test_right_numbers():
    """Numbers whose last digit is what the weights make of the others are right."""
    assert validate_nip(RIGHT) is True
    assert validate_nip("5261040828") is True
    assert validate_nip("7250018312") is True


def test_the_check_digit():
    """No other last digit is right."""
    for digit in "012345679":
        assert validate_nip("123456321" + digit) is False


def test_a_wrong_digit():
    """A digit that is off by one is noticed, wherever it stands."""
    for place in range(10):
        digit = (int(RIGHT[place]) + 1) % 10
        assert validate_nip(f"{RIGHT[:place]}{digit}{RIGHT[place + 1 :]}") is False


def test_every_weight():
    """Each place has its weight: numbers with a single one behind the first digits, and their check digit."""
    assert validate_nip("2100000006") is True
    assert validate_nip("2010000008") is True
    assert validate_nip("1101000002") is True
    assert validate_nip("1100100003") is True
    assert validate_nip("1100010004") is True
    assert validate_nip("1100001005") is True
    assert validate_nip("1100000106") is True
    assert validate_nip("1100000017") is True


def test_no_check_digit():
    """Where the remainder is 10 no last digit is right; where it is 0 or another, one is."""
    assert [digit for digit in "0123456789" if validate_nip("120000007" + digit)] == []
    assert [digit for digit in "0123456789" if validate_nip("110000000" + digit)] == ["0"]
    assert [digit for digit in "0123456789" if validate_nip("121000000" + digit)] == ["1"]
    assert [digit for digit in "0123456789" if validate_nip("120000005" + digit)] == ["7"]


def test_separators():
    """Hyphens in both usual groupings, blanks and line ends are ignored."""
    assert validate_nip("123-456-32-18") is True
    assert validate_nip("123-45-63-218") is True
    assert validate_nip(" 123 456\u00a032 18\n") is True
    assert validate_nip("123-456-32-19") is False


def test_the_country_in_front():
    """PL in front is ignored, in small letters and with a separator too."""
    assert validate_nip("PL1234563218") is True
    assert validate_nip("pl 123-456-32-18") is True
    assert validate_nip("PL-1234563218") is True
    assert validate_nip("PL1234563219") is False


def test_other_letters():
    """Another country, PL twice or behind the number, and other letters are wrong."""
    assert validate_nip("DE1234563218") is False
    assert validate_nip("PLPL1234563218") is False
    assert validate_nip("1234563218PL") is False
    assert validate_nip("123456321B") is False


def test_the_length():
    """Nine digits and eleven are wrong, whatever they add up to."""
    assert validate_nip("123456321") is False
    assert validate_nip("12345632180") is False
    assert validate_nip("") is False
    assert validate_nip("PL") is False


def test_the_first_three_digits():
    """A zero in front is wrong, and two zeros behind the first digit are; one zero is not."""
    assert validate_nip("0000000000") is False
    assert validate_nip("0100000005") is False
    assert validate_nip("1000000006") is False
    assert validate_nip("1010000002") is True
    assert validate_nip("1100000000") is True


def test_other_characters():
    """Dots, slashes and digits of other scripts are wrong."""
    assert validate_nip("123.456.32.18") is False
    assert validate_nip("123/456/32/18") is False
    assert validate_nip("１２３４５６３２１８") is False
