"""What parse_duration promises."""

import pytest
from function import parse_duration


def test_one_unit():
    """Each unit has its seconds."""
    assert parse_duration("2w") == 1209600
    assert parse_duration("2d") == 172800
    assert parse_duration("2h") == 7200
    assert parse_duration("2m") == 120
    assert parse_duration("2s") == 2
    assert parse_duration("2ms") == 0.002


def test_several_units():
    """Numbers with units add up."""
    assert parse_duration("1h 30m") == 5400
    assert parse_duration("1w 1d 1h 1m 1s 1ms") == 694861.001


@pytest.mark.parametrize("text", ["1h30m", " 1 h  30 m ", "1H 30M", "1h, 30m", "1h,30m", "1h and 30m", "1h, and 30m"])
def test_what_stands_between(text: str):
    """Spaces, a comma, "and" or nothing may stand between, in any case."""
    assert parse_duration(text) == 5400


@pytest.mark.parametrize(
    ("names", "seconds"),
    [
        (("wk", "wks", "week", "weeks"), 604800),
        (("day", "days"), 86400),
        (("hr", "hrs", "hour", "Hours"), 3600),
        (("min", "mins", "minute", "minutes"), 60),
        (("sec", "secs", "second", "seconds"), 1),
        (("millisecond", "milliseconds"), 0.001),
    ],
)
def test_names_of_units(names: tuple[str, ...], seconds: float):
    """Units may be written in full or as usual abbreviations."""
    assert [parse_duration(f"1 {name}") for name in names] == [seconds] * len(names)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1.5h", 5400), ("1,5 h", 5400), ("0.1s 200ms", 0.3), ("1.25 days 0.5 min", 108030), ("0.000000001s", 1e-9)],
)
def test_decimals(text: str, seconds: float):
    """Decimals behind a dot or a comma are exact, in every number."""
    assert parse_duration(text) == seconds


def test_large_numbers_and_zero():
    """Fifteen digits are understood, sixteen are not, and zero is a duration."""
    assert parse_duration("999999999999999s") == 999999999999999
    assert parse_duration("0s") == 0
    assert parse_duration("120m") == 7200
    with pytest.raises(ValueError, match=r"^not a duration such as 1h 30m or P1DT2H: '1000000000000000s'$"):
        parse_duration("1000000000000000s")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P1DT2H", 93600),
        ("P3D", 259200),
        ("PT36H", 129600),
        ("PT5M", 300),
        ("PT7S", 7),
        ("P1DT2H3M4S", 93784),
        ("P2W", 1209600),
        (" PT1H ", 3600),
        ("PT0S", 0),
    ],
)
def test_iso_8601(text: str, seconds: float):
    """Durations of the standard in weeks, days, hours, minutes and seconds are understood."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT0.5S", 0.5), ("PT1H1,5M", 3690), ("P0.5D", 43200), ("P1,5W", 907200), ("P1DT0.5H", 88200)]
)
def test_iso_8601_decimals(text: str, seconds: float):
    """The last number may have decimals, behind a dot or a comma."""
    assert parse_duration(text) == seconds


def test_iso_8601_decimals_before_the_last_number():
    """Decimals in any other number are an error, and whole numbers there are not."""
    with pytest.raises(ValueError, match=r"^in ISO 8601 only the last number may have decimals: 'P1.5DT2H'$"):
        parse_duration("P1.5DT2H")
    with pytest.raises(ValueError, match=r"^in ISO 8601 only the last number may have decimals: 'PT1H2,5M3S'$"):
        parse_duration("PT1H2,5M3S")
    assert parse_duration("P1DT2.5H") == 95400


@pytest.mark.parametrize(
    "text", ["P", "PT", "P1DT", "P1Y", "P1M", "P1W2D", "P1H", "PT1D", "PT1M1H", "P1", "P1D2H", "PT1h", "P-1D", "P 1D"]
)
def test_what_iso_8601_does_not_have(text: str):
    """Years, months, mixed weeks, another order, or no numbers are an error."""
    with pytest.raises(ValueError, match=r"^not a duration of ISO 8601 in weeks, or in days, hours, "):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", " ", "5", "1h 5", "h", "-5m", "1h,", "1h and", "and 1h", "1h,,5m", "1:30", "1.h"])
def test_what_is_no_duration(text: str):
    """Nothing, numbers without units, units without numbers, and signs are errors."""
    with pytest.raises(ValueError, match=r"^not a duration such as 1h 30m or P1DT2H: "):
        parse_duration(text)


@pytest.mark.parametrize("unit", ["y", "months", "mo", "hand", "us", "x"])
def test_unknown_units(unit: str):
    """A unit without a fixed length, or without a meaning, is named."""
    with pytest.raises(ValueError, match=f"^unknown unit of time: '{unit}'$"):
        parse_duration(f"1d 1{unit}")


@pytest.mark.parametrize("text", ["30m 1h", "1h 2h", "1s 1d", "5ms 1s"])
def test_order_of_units(text: str):
    """Units that grow, or come twice, are an error."""
    with pytest.raises(ValueError, match=f"^units must go from large to small, each once: '{text}'$"):
        parse_duration(text)
