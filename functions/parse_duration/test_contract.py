"""What `parse_duration` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import parse_duration


def test_each_short_unit():
    """Each unit by its letters."""
    assert parse_duration("1w") == 604800
    assert parse_duration("1d") == 86400
    assert parse_duration("1h") == 3600
    assert parse_duration("1m") == parse_duration("1min") == 60
    assert parse_duration("1s") == parse_duration("1sec") == 1
    assert parse_duration("1ms") == 0.001


def test_each_unit_in_words():
    """Units may be written out, one or many."""
    assert parse_duration("1 week") == parse_duration("7 days") == 604800
    assert parse_duration("1 day") == parse_duration("24 hours") == 86400
    assert parse_duration("1 hour") == parse_duration("60 minutes") == 3600
    assert parse_duration("1 minute") == parse_duration("60 seconds") == 60
    assert parse_duration("1 second") == parse_duration("1000 milliseconds") == 1
    assert parse_duration("2 weeks") == 1209600
    assert parse_duration("1 millisecond") == 0.001


def test_several_units():
    """Parts add up, with spaces, commas, "and" or nothing between them."""
    expected = 86400 + 2 * 3600 + 3 * 60 + 4
    for text in ("1d2h3m4s", "1d 2h 3m 4s", "1 day, 2 hours, 3 minutes and 4 seconds", "1 d, 2 h and 3 min 4 sec"):
        assert parse_duration(text) == expected


def test_case_and_blanks():
    """Capitals and blanks around the duration do not matter."""
    assert parse_duration("1H 30M") == 5400
    assert parse_duration("  2 Hours AND 5 Min ") == 7500
    assert parse_duration("90   s") == 90


def test_the_result_is_a_number_of_seconds():
    """Even a whole number is given with decimals, and nothing is zero."""
    assert type(parse_duration("90s")) is float
    assert parse_duration("0s") == 0
    assert type(parse_duration("PT90S")) is float


def test_decimals():
    """Decimals may stand behind a dot or a comma, in any unit."""
    assert parse_duration("1.5h") == 5400
    assert parse_duration("1,5 h") == 5400
    assert parse_duration("0.5d 1.5m 0.25s") == 43290.25


def test_iso_durations():
    """Days, hours, minutes and seconds behind their letters."""
    assert parse_duration("P1D") == 86400
    assert parse_duration("PT1H") == 3600
    assert parse_duration("PT1M") == 60
    assert parse_duration("PT1S") == 1
    assert parse_duration("P1DT2H3M4S") == 93784
    assert parse_duration("PT36H") == 129600


def test_iso_weeks():
    """Weeks stand alone."""
    assert parse_duration("P2W") == 1209600
    for text in ("P1W1D", "P1WT1H"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_duration(text)


def test_iso_decimals():
    """Only the last number may have decimals."""
    assert parse_duration("PT1.5H") == 5400
    assert parse_duration("PT1M0,5S") == 60.5
    assert parse_duration("P0.5D") == 43200
    for text in ("PT1.5H30M", "P0.5DT1H"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_duration(text)


def test_more_than_a_unit_holds():
    """A number may be larger than the next unit."""
    assert parse_duration("90m") == 5400
    assert parse_duration("1h 90m") == 9000
    assert parse_duration("1000ms") == 1


def test_the_order_of_units():
    """Units go from large to small, each once."""
    assert parse_duration("1w 1ms") == 604800.001
    for text in ("30m 1h", "1s 1m", "1h 1h", "1h 1 hour", "PT1M1H", "PT1H1H", "1ms 1s"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_duration(text)


def test_months_and_years():
    """Months and years have no fixed length and are refused."""
    for text in ("1 month", "2 years", "1y", "P1M", "P1Y", "P1Y2M3DT4H", "1mo"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_duration(text)


def test_numbers_without_a_unit():
    """A number needs a unit, and a unit needs a number."""
    for text in ("90", "1h 30", "30 1h", "h", "1h m", "P", "PT", "P1DT", "P1", "PTS"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_duration(text)


def test_what_is_no_duration():
    """Nothing, unknown units, signs and other texts are refused."""
    for text in (
        "",
        "  ",
        "soon",
        "5 parsecs",
        "1h!",
        "1:30",
        "-5m",
        "- PT5M",
        "1..5h",
        ".h",
        "one hour",
        "1h and",
        ", 1h",
    ):
        with pytest.raises(ValueError, match=r"\S"):
            parse_duration(text)
