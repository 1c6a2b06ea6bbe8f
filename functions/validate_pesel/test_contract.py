"""What `validate_pesel` promises in its description, checked without a look at how it does it."""

from function import validate_pesel


def test_right_numbers():
    """Numbers with a date that exists and the right check digit are right."""
    assert validate_pesel("44051401359") is True
    assert validate_pesel("02070803628") is True


def test_every_other_check_digit():
    """Of the ten last digits one is right."""
    assert [validate_pesel(f"4405140135{digit}") for digit in range(10)] == [digit == 9 for digit in range(10)]


def test_a_single_wrong_digit():
    """One digit of the serial number that is off is noticed."""
    assert validate_pesel("44051411359") is False
    assert validate_pesel("44051402359") is False
    assert validate_pesel("44051401459") is False
    assert validate_pesel("44051401369") is False
    assert validate_pesel("44051401359") is True


def test_the_centuries():
    """Each century has months of its own, from its first day to its last."""
    assert validate_pesel("00810100019") is True
    assert validate_pesel("99923199997") is True
    assert validate_pesel("00010100008") is True
    assert validate_pesel("99123199993") is True
    assert validate_pesel("00210100011") is True
    assert validate_pesel("99323199999") is True
    assert validate_pesel("00410100017") is True
    assert validate_pesel("99523199995") is True
    assert validate_pesel("00610100013") is True
    assert validate_pesel("99723199991") is True


def test_months_that_no_century_has():
    """Months such as 00, 13, 20, 33, 53 and 93 do not exist, whatever the check digit."""
    assert validate_pesel("00000100014") is False
    assert validate_pesel("00130100010") is False
    assert validate_pesel("00200100010") is False
    assert validate_pesel("00330100016") is False
    assert validate_pesel("00530100012") is False
    assert validate_pesel("00930100014") is False
    assert validate_pesel("00800100018") is False
    assert validate_pesel("00010100008") is True


def test_days_that_a_month_lacks():
    """Day 0, day 32 and 31 April do not exist; 30 April does."""
    assert validate_pesel("00010000018") is False
    assert validate_pesel("00013200019") is False
    assert validate_pesel("00043100015") is False
    assert validate_pesel("00043000018") is True


def test_leap_days():
    """29 February exists in leap years of the calendar, which 1800, 1900, 2100 and 2200 are not."""
    assert validate_pesel("00222900016") is True
    assert validate_pesel("04022900018") is True
    assert validate_pesel("04622900016") is True
    assert validate_pesel("00022900010") is False
    assert validate_pesel("02022900014") is False
    assert validate_pesel("00422900012") is False
    assert validate_pesel("00622900018") is False
    assert validate_pesel("00822900014") is False
    assert validate_pesel("00223000012") is False
    assert validate_pesel("00822800017") is True


def test_white_space_is_ignored():
    """Blanks, tabs and line ends change nothing."""
    assert validate_pesel(" 440514 01359\n") is True
    assert validate_pesel("4405 1401\t359") is True
    assert validate_pesel("440514 01358") is False


def test_other_lengths():
    """Ten digits or twelve are no PESEL."""
    assert validate_pesel("4405140135") is False
    assert validate_pesel("440514013599") is False
    assert validate_pesel("044051401359") is False
    assert validate_pesel("") is False
    assert validate_pesel("44051401359") is True


def test_other_characters():
    """Letters and signs make it wrong, and so do zeros alone."""
    assert validate_pesel("4405140135O") is False
    assert validate_pesel("440514-01359") is False
    assert validate_pesel("PL44051401359") is False
    assert validate_pesel("00000000000") is False
    assert validate_pesel("44051401359") is True
