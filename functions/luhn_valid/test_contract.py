"""What `luhn_valid` promises in its description, checked without a look at how it does it."""

from function import luhn_valid


def test_card_numbers():
    """The numbers that card schemes publish for tests are right."""
    assert luhn_valid("4242424242424242") is True
    assert luhn_valid("5555555555554444") is True
    assert luhn_valid("378282246310005") is True
    assert luhn_valid("30569309025904") is True
    assert luhn_valid("6011000990139424") is True


def test_other_numbers():
    """An IMEI and the usual example are right."""
    assert luhn_valid("490154203237518") is True
    assert luhn_valid("79927398713") is True


def test_every_other_check_digit():
    """Of the ten last digits one is right, whether the number of digits is even or odd."""
    assert [luhn_valid(f"7992739871{digit}") for digit in range(10)] == [digit == 3 for digit in range(10)]
    assert [luhn_valid(f"424242424242424{digit}") for digit in range(10)] == [digit == 2 for digit in range(10)]


def test_two_digits():
    """The digit before the last is doubled, and from 5 on the digits of the result are added."""
    found = [luhn_valid(number) for number in ("00", "18", "26", "34", "42", "59", "67", "75", "83", "91")]
    assert found == [True] * 10
    assert luhn_valid("19") is False
    assert luhn_valid("81") is False
    assert luhn_valid("55") is False


def test_swapped_digits():
    """Two neighbours that changed places are noticed, except 0 and 9."""
    assert luhn_valid("4242422442424242") is False
    assert luhn_valid("5555555555544444") is False
    assert luhn_valid("091") is luhn_valid("901")


def test_spaces_and_hyphens():
    """Both may stand between the digits."""
    assert luhn_valid("4242 4242 4242 4242") is True
    assert luhn_valid("4242-4242-4242-4242") is True
    assert luhn_valid("49-015420-323751-8") is True
    assert luhn_valid("4242 4242 4242 4243") is False


def test_leading_zeros():
    """Zeros in front do not change the answer."""
    assert luhn_valid("0079927398713") is True
    assert luhn_valid("0079927398714") is False


def test_long_numbers():
    """There is no largest number."""
    assert luhn_valid("0" * 50 + "18") is True
    assert luhn_valid("18" * 50) is True
    assert luhn_valid("18" * 50 + "19") is False


def test_anything_but_digits():
    """Letters, signs and other marks make it wrong."""
    assert luhn_valid("4242a424242424242") is False
    assert luhn_valid("4242.4242.4242.4242") is False
    assert luhn_valid("+18") is False
    assert luhn_valid("card") is False
    assert luhn_valid("4242424242424242") is True


def test_too_few_digits():
    """One digit has nothing to check, and none even less."""
    assert luhn_valid("0") is False
    assert luhn_valid("") is False
    assert luhn_valid(" - ") is False
    assert luhn_valid("00") is True
