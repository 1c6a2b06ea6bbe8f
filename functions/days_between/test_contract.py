"""What `days_between` promises in its description, checked without a look at how it does it."""

from datetime import date

from function import days_between


def test_within_a_month():
    """Days of one month differ by their numbers."""
    assert days_between(date(2026, 7, 10), date(2026, 7, 15)) == 5
    assert days_between(date(2026, 7, 1), date(2026, 7, 31)) == 30


def test_one_end_counts():
    """From today to tomorrow is one day and not two, to today it is none."""
    assert days_between(date(2026, 7, 10), date(2026, 7, 11)) == 1
    assert days_between(date(2026, 7, 10), date(2026, 7, 10)) == 0


def test_backwards():
    """To an earlier date the number is negative, as large as the other way round."""
    assert days_between(date(2026, 7, 15), date(2026, 7, 10)) == -5
    assert days_between(date(2026, 1, 1), date(2025, 12, 25)) == -7


def test_whole_weeks():
    """A week is seven days and not five."""
    assert days_between(date(2026, 3, 2), date(2026, 3, 9)) == 7
    assert days_between(date(2026, 3, 2), date(2026, 5, 25)) == 84


def test_nights_in_a_hotel():
    """Arrival on 28 December, departure on 2 January: five nights."""
    assert days_between(date(2026, 12, 28), date(2027, 1, 2)) == 5


def test_the_length_of_months():
    """From the first of a month to the first of the next are as many days as it has."""
    assert days_between(date(2026, 4, 1), date(2026, 5, 1)) == 30
    assert days_between(date(2026, 8, 1), date(2026, 9, 1)) == 31
    assert days_between(date(2026, 2, 1), date(2026, 3, 1)) == 28
    assert days_between(date(2024, 2, 1), date(2024, 3, 1)) == 29


def test_a_leap_day_counts():
    """A year with 29 February on the way is one day longer."""
    assert days_between(date(2027, 3, 1), date(2028, 3, 1)) == 366
    assert days_between(date(2028, 3, 1), date(2029, 3, 1)) == 365
    assert days_between(date(2028, 2, 29), date(2029, 2, 28)) == 365


def test_centuries():
    """400 years have 146097 days; 1900 was no leap year."""
    assert days_between(date(1600, 1, 1), date(2000, 1, 1)) == 146097
    assert days_between(date(1900, 1, 1), date(1901, 1, 1)) == 365


def test_known_distances():
    """From the first step on the Moon to the end of the Berlin Wall, and from 1 January 1970 to 2026."""
    assert days_between(date(1969, 7, 20), date(1989, 11, 9)) == 7417
    assert days_between(date(1970, 1, 1), date(2026, 1, 1)) == 20454
