"""What validate_pesel promises."""

from function import validate_pesel

RIGHT = "44051401359"


def test_right_numbers():
    """Published examples are right."""
    assert validate_pesel(RIGHT) is True
    assert validate_pesel("02070803628") is True


def test_the_check_digit():
    """No other last digit is right."""
    for digit in "012345678":
        assert validate_pesel("4405140135" + digit) is False


def test_a_wrong_digit():
    """A digit that is off by one is noticed, wherever it stands."""
    for place in range(11):
        digit = (int(RIGHT[place]) + 1) % 10
        assert validate_pesel(f"{RIGHT[:place]}{digit}{RIGHT[place + 1 :]}") is False


def test_the_ends_of_every_century():
    """The first and the last day of each century, from 1800 to 2299, can be a date of birth."""
    for pesel in [
        "00810112342",
        "99923112347",
        "00010112348",
        "99123112343",
        "00210112344",
        "99323112349",
        "00410112340",
        "99523112345",
        "00610112346",
        "99723112341",
    ]:
        assert validate_pesel(pesel) is True


def test_months_of_no_century():
    """No century has a month before the first or after the twelfth, though the check digit is right."""
    for pesel in [
        "44001412341",
        "44131412347",
        "44201412347",
        "44331412343",
        "44401412343",
        "44531412349",
        "44601412349",
        "44731412345",
        "44801412345",
        "44931412341",
    ]:
        assert validate_pesel(RIGHT) is True
        assert validate_pesel(pesel) is False


def test_days_that_do_not_exist():
    """The day is one of the month, though the check digit is right."""
    assert validate_pesel("44050012349") is False
    assert validate_pesel("44053212340") is False
    assert validate_pesel("44043112342") is False
    assert validate_pesel("44043012345") is True


def test_leap_days():
    """29 February exists in the leap years of the Gregorian calendar, which differ from century to century."""
    assert validate_pesel("44022912347") is True
    assert validate_pesel("43022912340") is False
    assert validate_pesel("00222912349") is True
    for pesel in ("00022912343", "00422912345", "00622912341", "00822912347"):
        assert validate_pesel(pesel) is False
    for pesel in ("00022812346", "04422912343", "04622912349", "04822912345"):
        assert validate_pesel(pesel) is True


def test_white_space():
    """Blanks and line ends are ignored."""
    assert validate_pesel(" 440514 01359\n") is True
    assert validate_pesel(" 440514 01358\n") is False


def test_the_length():
    """Ten digits and twelve are wrong."""
    assert validate_pesel(RIGHT) is True
    assert validate_pesel("4405140135") is False
    assert validate_pesel("440514013590") is False
    assert validate_pesel("") is False


def test_zeros():
    """Eleven zeros have a right check digit and no date."""
    assert validate_pesel("00000000000") is False


def test_other_characters():
    """Hyphens, letters and digits of other scripts are wrong."""
    assert validate_pesel("440514-01359") is False
    assert validate_pesel("4405140135A") is False
    assert validate_pesel("PESEL44051401359") is False
    assert validate_pesel("４４０５１４０１３５９") is False
