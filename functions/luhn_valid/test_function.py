"""What luhn_valid promises."""

from function import luhn_valid


def test_published_numbers():
    """Test numbers of card issuers, of both parities of length, are right."""
    assert luhn_valid("4111111111111111") is True
    assert luhn_valid("378282246310005") is True
    assert luhn_valid("6011000990139424") is True
    assert luhn_valid("30569309025904") is True
    assert luhn_valid("4222222222222") is True


def test_the_textbook_number():
    """Of the numbers 7992739871x only the one that ends with 3 is right."""
    assert [digit for digit in "0123456789" if luhn_valid("7992739871" + digit)] == ["3"]


def test_every_doubled_digit():
    """A doubled digit counts with the sum of its digits."""
    assert [number for number in range(10, 100) if luhn_valid(str(number))] == [18, 26, 34, 42, 59, 67, 75, 83, 91]


def test_a_wrong_digit():
    """A digit that is off by one is noticed, wherever it stands."""
    for place in range(16):
        right = "5555555555554444"
        digit = (int(right[place]) + 1) % 10
        assert luhn_valid(f"{right[:place]}{digit}{right[place + 1 :]}") is False


def test_swapped_digits():
    """Two neighbours that changed places are noticed, except 0 and 9."""
    assert luhn_valid("1234567897") is True
    assert luhn_valid("1243567897") is False
    assert luhn_valid("1234567879") is False
    assert luhn_valid("9018") is luhn_valid("0918") is False


def test_separators():
    """Spaces and hyphens are ignored, even at the ends."""
    assert luhn_valid("4111 1111 1111 1111") is True
    assert luhn_valid("4111-1111-1111-1111") is True
    assert luhn_valid(" 4111 11111111 1111 ") is True
    assert luhn_valid("4111 1111 1111 1112") is False


def test_too_short():
    """A check digit alone, and nothing, are wrong; two digits may be right."""
    assert luhn_valid("") is False
    assert luhn_valid("0") is False
    assert luhn_valid(" - ") is False
    assert luhn_valid("00") is True


def test_leading_zeros():
    """Zeros in front change nothing."""
    assert luhn_valid("0018") is True
    assert luhn_valid("018") is True
    assert luhn_valid("0017") is luhn_valid("017") is False


def test_other_characters():
    """Letters, dots, line ends, signs and digits of other scripts are wrong."""
    for number in ("4111.1111.1111.1111", "4111111111111111x", "+18", "1８", "18\n", "４111111111111111", "1_8"):
        assert luhn_valid(number) is False
    assert luhn_valid("1-8") is True


def test_a_long_number():
    """A number of any length can be checked."""
    assert luhn_valid("18" * 500) is True
    assert luhn_valid("18" * 499 + "17") is False
