"""What `validate_nip` promises in its description, checked without a look at how it does it."""

from function import validate_nip


def test_right_numbers():
    """Numbers with the right check digit are right."""
    assert validate_nip("5260250274") is True
    assert validate_nip("7771234567") is True
    assert validate_nip("1234563218") is True


def test_every_other_check_digit():
    """Of the ten last digits one is right."""
    assert [validate_nip(f"526025027{digit}") for digit in range(10)] == [digit == 4 for digit in range(10)]
    assert [validate_nip(f"110000000{digit}") for digit in range(10)] == [digit == 0 for digit in range(10)]


def test_a_single_wrong_digit():
    """One digit that is off is noticed, wherever it stands."""
    assert validate_nip("6260250274") is False
    assert validate_nip("5360250274") is False
    assert validate_nip("5270250274") is False
    assert validate_nip("5261250274") is False
    assert validate_nip("5260350274") is False
    assert validate_nip("5260260274") is False
    assert validate_nip("5260251274") is False
    assert validate_nip("5260250374") is False
    assert validate_nip("5260250284") is False
    assert validate_nip("5260250274") is True


def test_a_remainder_of_ten():
    """Where the sum leaves 10 no check digit is right."""
    assert [validate_nip(f"123456708{digit}") for digit in range(10)] == [False] * 10
    assert [validate_nip(f"101000009{digit}") for digit in range(10)] == [False] * 10
    assert validate_nip("1234563218") is True


def test_hyphens_and_white_space():
    """Both are ignored, in either of the usual groupings."""
    assert validate_nip("526-025-02-74") is True
    assert validate_nip("526-02-50-274") is True
    assert validate_nip(" 526 025 02 74\n") is True
    assert validate_nip("526-025-02-75") is False


def test_the_country_in_front():
    """PL in front is ignored, in small letters too; another country is not."""
    assert validate_nip("PL5260250274") is True
    assert validate_nip("pl 526-025-02-74") is True
    assert validate_nip("PL5260250275") is False
    assert validate_nip("DE5260250274") is False
    assert validate_nip("5260250274PL") is False
    assert validate_nip("PLPL5260250274") is False


def test_the_first_digit_is_not_zero():
    """A number that begins with 0 is wrong, even with the right check digit."""
    assert validate_nip("0100000005") is False
    assert validate_nip("0000000000") is False
    assert validate_nip("1100000000") is True


def test_the_second_and_third_digits_are_not_both_zero():
    """One of them may be 0, both may not."""
    assert validate_nip("1001234568") is False
    assert validate_nip("1000000012") is False
    assert validate_nip("1010000002") is True
    assert validate_nip("1100000000") is True


def test_other_lengths():
    """Nine digits or eleven are no NIP."""
    assert validate_nip("526025027") is False
    assert validate_nip("52602502744") is False
    assert validate_nip("05260250274") is False
    assert validate_nip("") is False
    assert validate_nip("PL") is False
    assert validate_nip("5260250274") is True


def test_other_characters():
    """Letters and signs other than the hyphen make it wrong."""
    assert validate_nip("526O250274") is False
    assert validate_nip("526.025.02.74") is False
    assert validate_nip("526/025/02/74") is False
    assert validate_nip("NIP 5260250274") is False
    assert validate_nip("5260250274") is True
