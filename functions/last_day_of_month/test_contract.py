"""What `last_day_of_month` promises in its description, checked without a look at how it does it."""

from datetime import date

from function import last_day_of_month


def test_a_month_of_thirty_days():
    """April, June, September and November end on the 30th."""
    assert last_day_of_month(date(2026, 4, 10)) == date(2026, 4, 30)
    assert last_day_of_month(date(2026, 6, 1)) == date(2026, 6, 30)
    assert last_day_of_month(date(2026, 9, 29)) == date(2026, 9, 30)
    assert last_day_of_month(date(2026, 11, 3)) == date(2026, 11, 30)


def test_a_month_of_thirty_one_days():
    """January, March, May, July, August, October and December end on the 31st."""
    assert last_day_of_month(date(2026, 1, 30)) == date(2026, 1, 31)
    assert last_day_of_month(date(2026, 3, 3)) == date(2026, 3, 31)
    assert last_day_of_month(date(2026, 5, 5)) == date(2026, 5, 31)
    assert last_day_of_month(date(2026, 7, 7)) == date(2026, 7, 31)
    assert last_day_of_month(date(2026, 8, 8)) == date(2026, 8, 31)
    assert last_day_of_month(date(2026, 10, 10)) == date(2026, 10, 31)
    assert last_day_of_month(date(2026, 12, 12)) == date(2026, 12, 31)


def test_february_of_common_years():
    """It ends on the 28th."""
    assert last_day_of_month(date(2025, 2, 14)) == date(2025, 2, 28)
    assert last_day_of_month(date(2027, 2, 1)) == date(2027, 2, 28)


def test_february_of_leap_years():
    """It ends on the 29th, asked on the 28th too."""
    assert last_day_of_month(date(2024, 2, 28)) == date(2024, 2, 29)
    assert last_day_of_month(date(2032, 2, 1)) == date(2032, 2, 29)


def test_centuries():
    """2000 was a leap year, 1900 was none and 2100 will be none."""
    assert last_day_of_month(date(2000, 2, 1)) == date(2000, 2, 29)
    assert last_day_of_month(date(1900, 2, 1)) == date(1900, 2, 28)
    assert last_day_of_month(date(2100, 2, 1)) == date(2100, 2, 28)


def test_how_many_days_the_month_has():
    """The day of the result is their number."""
    assert last_day_of_month(date(2026, 2, 1)).day == 28
    assert last_day_of_month(date(2026, 12, 1)).day == 31


def test_asked_on_the_first_and_on_the_last_day():
    """Both lead to the end of their own month."""
    assert last_day_of_month(date(2026, 8, 1)) == date(2026, 8, 31)
    assert last_day_of_month(date(2026, 8, 31)) == date(2026, 8, 31)


def test_the_end_of_a_year():
    """December ends the year and does not lead into the next."""
    assert last_day_of_month(date(2026, 12, 31)) == date(2026, 12, 31)


def test_ends_of_the_calendar():
    """The first and the last month of the calendar have an end."""
    assert last_day_of_month(date(1, 1, 1)) == date(1, 1, 31)
    assert last_day_of_month(date(9999, 12, 15)) == date(9999, 12, 31)
