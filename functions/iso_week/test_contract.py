"""What `iso_week` promises in its description, checked without a look at how it does it."""

from datetime import date

from function import iso_week


def test_an_ordinary_day():
    """A day in the middle of a year has that year, its week and its weekday, in this order."""
    found = iso_week(date(2026, 6, 17))
    assert found == {"year": 2026, "week": 25, "weekday": 3}
    assert list(found) == ["year", "week", "weekday"]


def test_weekdays():
    """Monday is 1 and Sunday is 7, and the next day is in the next week."""
    assert iso_week(date(2026, 3, 2)) == {"year": 2026, "week": 10, "weekday": 1}
    assert iso_week(date(2026, 3, 7)) == {"year": 2026, "week": 10, "weekday": 6}
    assert iso_week(date(2026, 3, 8)) == {"year": 2026, "week": 10, "weekday": 7}
    assert iso_week(date(2026, 3, 9)) == {"year": 2026, "week": 11, "weekday": 1}


def test_january_in_the_year_before():
    """The first days of January may belong to the last week of the year before."""
    assert iso_week(date(2005, 1, 1)) == {"year": 2004, "week": 53, "weekday": 6}
    assert iso_week(date(2005, 1, 2)) == {"year": 2004, "week": 53, "weekday": 7}
    assert iso_week(date(2006, 1, 1)) == {"year": 2005, "week": 52, "weekday": 7}
    assert iso_week(date(2010, 1, 3)) == {"year": 2009, "week": 53, "weekday": 7}


def test_december_in_the_next_year():
    """The last days of December may belong to the first week of the next year."""
    assert iso_week(date(2007, 12, 31)) == {"year": 2008, "week": 1, "weekday": 1}
    assert iso_week(date(2008, 12, 29)) == {"year": 2009, "week": 1, "weekday": 1}
    assert iso_week(date(2008, 12, 30)) == {"year": 2009, "week": 1, "weekday": 2}


def test_the_days_before_that():
    """The Sunday before the first week is in the last one of its own year."""
    assert iso_week(date(2007, 12, 30)) == {"year": 2007, "week": 52, "weekday": 7}
    assert iso_week(date(2008, 12, 28)) == {"year": 2008, "week": 52, "weekday": 7}


def test_a_year_that_begins_on_thursday():
    """1 January on a Thursday is in week 1, and the year has 53 weeks."""
    assert iso_week(date(2026, 1, 1)) == {"year": 2026, "week": 1, "weekday": 4}
    assert iso_week(date(2026, 12, 31)) == {"year": 2026, "week": 53, "weekday": 4}
    assert iso_week(date(2009, 12, 31)) == {"year": 2009, "week": 53, "weekday": 4}


def test_a_year_that_begins_on_monday():
    """1 January on a Monday is the first day of week 1."""
    assert iso_week(date(2007, 1, 1)) == {"year": 2007, "week": 1, "weekday": 1}
    assert iso_week(date(2006, 12, 31)) == {"year": 2006, "week": 52, "weekday": 7}


def test_a_leap_day():
    """29 February is a day like others."""
    assert iso_week(date(2028, 2, 29)) == {"year": 2028, "week": 9, "weekday": 2}


def test_the_first_and_the_last_day():
    """The first day that there is is a Monday, the last a Friday."""
    assert iso_week(date(1, 1, 1)) == {"year": 1, "week": 1, "weekday": 1}
    assert iso_week(date(9999, 12, 31)) == {"year": 9999, "week": 52, "weekday": 5}
