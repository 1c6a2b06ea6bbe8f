"""What `validate_iban` promises in its description, checked without a look at how it does it."""

from function import validate_iban


def test_published_examples():
    """The examples that the countries publish are right."""
    assert validate_iban("DE89 3704 0044 0532 0130 00") is True
    assert validate_iban("GB82 WEST 1234 5698 7654 32") is True
    assert validate_iban("FR14 2004 1010 0505 0001 3M02 606") is True
    assert validate_iban("CH93 0076 2011 6238 5295 7") is True


def test_the_shortest_and_the_longest():
    """Norway's fifteen characters and Malta's thirty-one are right."""
    assert validate_iban("NO93 8601 1117 947") is True
    assert validate_iban("MT84 MALT 0110 0001 2345 MTLC AST0 01S") is True


def test_white_space_is_ignored():
    """Blanks anywhere, tabs and line ends change nothing, and none are needed."""
    assert validate_iban("NL91ABNA0417164300") is True
    assert validate_iban("  N L91 ABNA 0417 1643 00 ") is True
    assert validate_iban("NL91\tABNA\n0417164300\n") is True


def test_small_letters_count_as_capitals():
    """Case does not matter, in the country or behind it."""
    assert validate_iban("nl91abna0417164300") is True
    assert validate_iban("Mt84Malt011000012345mtlcast001s") is True
    assert validate_iban("nl91abna0417164301") is False


def test_a_single_wrong_digit():
    """One digit that is off is noticed, wherever it stands."""
    assert validate_iban("DE88 3704 0044 0532 0130 00") is False
    assert validate_iban("DE79 3704 0044 0532 0130 00") is False
    assert validate_iban("DE89 3704 0044 0532 0130 01") is False
    assert validate_iban("DE89 4704 0044 0532 0130 00") is False


def test_a_single_wrong_letter():
    """A letter that is off is noticed too."""
    assert validate_iban("GB82 WESS 1234 5698 7654 32") is False
    assert validate_iban("GB82 VEST 1234 5698 7654 32") is False


def test_swapped_digits():
    """Two neighbours that changed places are noticed."""
    assert validate_iban("DE98 3704 0044 0532 0130 00") is False
    assert validate_iban("BE68 5390 0754 7034") is True
    assert validate_iban("BE68 5930 0754 7034") is False


def test_the_length_is_that_of_the_country():
    """A number that is too short or too long is wrong, zeros at its end included."""
    assert validate_iban("DE89 3704 0044 0532 0130 0") is False
    assert validate_iban("DE89 3704 0044 0532 0130 000") is False
    assert validate_iban("NO93 8601 1117 9470") is False


def test_the_country_is_one_that_has_ibans():
    """Letters that are no country with IBANs are wrong, whatever follows."""
    assert validate_iban("XX89 3704 0044 0532 0130 00") is False
    assert validate_iban("US89 3704 0044 0532 0130 00") is False
    assert validate_iban("1289 3704 0044 0532 0130 00") is False


def test_check_digits_outside_their_range():
    """Check digits run from 02 to 98: 99 leaves the same rest as 02 and is wrong all the same."""
    assert validate_iban("DE02 1203 0000 0000 2020 51") is True
    assert validate_iban("DE99 1203 0000 0000 2020 51") is False


def test_check_digits_are_digits():
    """Letters in their place are wrong."""
    assert validate_iban("DEA9 3704 0044 0532 0130 00") is False
    assert validate_iban("GBWE ST12 3456 9876 5432 82") is False


def test_nothing_and_not_enough():
    """An empty text, blanks and a country alone are no numbers."""
    assert validate_iban("") is False
    assert validate_iban("   ") is False
    assert validate_iban("PL") is False
    assert validate_iban("PL61") is False


def test_other_characters_are_wrong():
    """Only letters, digits and white space are allowed: no hyphens, no dots, no digits of other scripts."""
    assert validate_iban("DE89-3704-0044-0532-0130-00") is False
    assert validate_iban("DE89.3704.0044.0532.0130.00") is False
    assert validate_iban("DE８９ 3704 0044 0532 0130 00") is False
    assert validate_iban("IBAN DE89 3704 0044 0532 0130 00") is False
