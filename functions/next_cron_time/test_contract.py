"""What `next_cron_time` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised. 6 March 2026 is a Friday.
"""

from datetime import datetime, timedelta, timezone

import pytest
from function import next_cron_time

FRIDAY = datetime(2026, 3, 6, 9, 0)


def test_every_minute():
    """The next full minute is meant, never the moment itself."""
    assert next_cron_time("* * * * *", FRIDAY) == datetime(2026, 3, 6, 9, 1)
    assert next_cron_time("* * * * *", datetime(2026, 3, 6, 9, 0, 30)) == datetime(2026, 3, 6, 9, 1)
    assert next_cron_time("* * * * *", datetime(2026, 3, 6, 8, 59, 59, 999999)) == FRIDAY
    assert next_cron_time("* * * * *", datetime(2026, 12, 31, 23, 59)) == datetime(2027, 1, 1)


def test_a_fixed_time_of_the_day():
    """It is today where it is still to come, else tomorrow."""
    assert next_cron_time("30 8 * * *", FRIDAY) == datetime(2026, 3, 7, 8, 30)
    assert next_cron_time("1 9 * * *", FRIDAY) == datetime(2026, 3, 6, 9, 1)
    assert next_cron_time("0 9 * * *", FRIDAY) == datetime(2026, 3, 7, 9, 0)
    assert next_cron_time("59 23 * * *", FRIDAY) == datetime(2026, 3, 6, 23, 59)


def test_lists_and_ranges():
    """Values in a list and both ends of a range match."""
    assert next_cron_time("5,20 * * * *", FRIDAY) == datetime(2026, 3, 6, 9, 5)
    assert next_cron_time("20,5 * * * *", datetime(2026, 3, 6, 9, 5)) == datetime(2026, 3, 6, 9, 20)
    assert next_cron_time("0 11-12 * * *", FRIDAY) == datetime(2026, 3, 6, 11, 0)
    assert next_cron_time("0 11-12 * * *", datetime(2026, 3, 6, 11)) == datetime(2026, 3, 6, 12, 0)
    assert next_cron_time("0 11-12,15 * * *", datetime(2026, 3, 6, 12)) == datetime(2026, 3, 6, 15, 0)
    assert next_cron_time("0 11-12 * * *", datetime(2026, 3, 6, 12)) == datetime(2026, 3, 7, 11, 0)


def test_steps():
    """A step begins at the first value of its range and goes no further than the last."""
    assert next_cron_time("*/15 * * * *", FRIDAY) == datetime(2026, 3, 6, 9, 15)
    assert next_cron_time("*/15 * * * *", datetime(2026, 3, 6, 9, 45)) == datetime(2026, 3, 6, 10, 0)
    assert next_cron_time("10-20/5 * * * *", FRIDAY) == datetime(2026, 3, 6, 9, 10)
    assert next_cron_time("10-20/5 * * * *", datetime(2026, 3, 6, 9, 15)) == datetime(2026, 3, 6, 9, 20)
    assert next_cron_time("10-20/5 * * * *", datetime(2026, 3, 6, 9, 20)) == datetime(2026, 3, 6, 10, 10)
    assert next_cron_time("0 0 */10 * *", FRIDAY) == datetime(2026, 3, 11)


def test_weekdays():
    """Days of the week go by number or name, in any case, and Sunday is 0 and 7."""
    assert next_cron_time("0 8 * * 1", FRIDAY) == datetime(2026, 3, 9, 8)
    assert next_cron_time("0 8 * * MON", FRIDAY) == datetime(2026, 3, 9, 8)
    assert next_cron_time("0 8 * * Mon-fri", FRIDAY) == datetime(2026, 3, 9, 8)
    assert next_cron_time("0 8 * * 0", FRIDAY) == datetime(2026, 3, 8, 8)
    assert next_cron_time("0 8 * * 7", FRIDAY) == datetime(2026, 3, 8, 8)
    assert next_cron_time("0 8 * * sun", FRIDAY) == datetime(2026, 3, 8, 8)
    assert next_cron_time("0 8 * * 6-7", datetime(2026, 3, 7, 9)) == datetime(2026, 3, 8, 8)


def test_months_and_days_of_months():
    """Months go by number or name; a day that a month lacks is looked for in the next."""
    assert next_cron_time("0 0 1 6 *", FRIDAY) == datetime(2026, 6, 1)
    assert next_cron_time("0 0 1 jan *", FRIDAY) == datetime(2027, 1, 1)
    assert next_cron_time("0 0 1 DEC-dec *", FRIDAY) == datetime(2026, 12, 1)
    assert next_cron_time("0 0 31 * *", datetime(2026, 3, 31)) == datetime(2026, 5, 31)
    assert next_cron_time("0 0 30 1-3 *", datetime(2026, 1, 30)) == datetime(2026, 3, 30)


def test_one_of_two_day_fields_will_do():
    """Where both day fields say something, a day that fits either is due."""
    assert next_cron_time("0 0 13 * fri", FRIDAY) == datetime(2026, 3, 13)
    assert next_cron_time("0 0 10 * sun", FRIDAY) == datetime(2026, 3, 8)
    assert next_cron_time("0 0 10 * sun", datetime(2026, 3, 8)) == datetime(2026, 3, 10)


def test_both_day_fields_where_one_begins_with_a_star():
    """With a star, or a star with a step, in one of them both must match."""
    assert next_cron_time("0 0 */2 * sat", FRIDAY) == datetime(2026, 3, 7)
    assert next_cron_time("0 0 */2 * sat", datetime(2026, 3, 7)) == datetime(2026, 3, 21)
    assert next_cron_time("0 0 9 * *", FRIDAY) == datetime(2026, 3, 9)
    assert next_cron_time("0 0 9 * */7", FRIDAY) == datetime(2026, 8, 9)


def test_leap_days():
    """29 February comes in leap years, also after the eight years without one around 2100."""
    assert next_cron_time("0 0 29 2 *", FRIDAY) == datetime(2028, 2, 29)
    assert next_cron_time("0 0 29 feb *", datetime(2096, 3, 1)) == datetime(2104, 2, 29)


def test_names_for_whole_expressions():
    """The names with an at sign stand for their fields, in any case."""
    assert next_cron_time("@hourly", FRIDAY) == datetime(2026, 3, 6, 10)
    assert next_cron_time("@daily", FRIDAY) == datetime(2026, 3, 7)
    assert next_cron_time("@Midnight", FRIDAY) == datetime(2026, 3, 7)
    assert next_cron_time("@weekly", FRIDAY) == datetime(2026, 3, 8)
    assert next_cron_time("@monthly", FRIDAY) == datetime(2026, 4, 1)
    assert next_cron_time("@yearly", FRIDAY) == datetime(2027, 1, 1)
    assert next_cron_time("@ANNUALLY", FRIDAY) == datetime(2027, 1, 1)


def test_the_offset_stays():
    """A moment with an offset gives one with the same offset; without one there is none."""
    east = timezone(timedelta(hours=5, minutes=30))
    found = next_cron_time("0 0 * * *", FRIDAY.replace(tzinfo=east))
    assert found == datetime(2026, 3, 7, tzinfo=east)
    assert found.utcoffset() == timedelta(hours=5, minutes=30)
    assert next_cron_time("0 0 * * *", FRIDAY).tzinfo is None


def test_white_space_between_fields():
    """Fields may stand more than one blank or a tab apart."""
    assert next_cron_time("0  10\t* * *", FRIDAY) == datetime(2026, 3, 6, 10)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "x * * * *",
        "* * * * lun",
        "* * * mon *",
        "1, * * * *",
        "1-2-3 * * * *",
        "*/ * * * *",
        "-1 * * * *",
        "1.5 * * * *",
        "@never",
        "@reboot",
    ],
)
def test_what_cannot_be_read(expression: str):
    """Too few or too many fields, values out of range and unknown names are refused."""
    with pytest.raises(ValueError, match=r"\S"):
        next_cron_time(expression, FRIDAY)


def test_what_never_comes():
    """A day that does not exist is an error, and so is one beyond the year 9999."""
    with pytest.raises(ValueError, match=r"\S"):
        next_cron_time("0 0 30 2 *", FRIDAY)
    with pytest.raises(ValueError, match=r"\S"):
        next_cron_time("0 0 31 4,6,9,11 *", FRIDAY)
    with pytest.raises(ValueError, match=r"\S"):
        next_cron_time("* * * * *", datetime(9999, 12, 31, 23, 59))
    with pytest.raises(ValueError, match=r"\S"):
        next_cron_time("@yearly", datetime(9999, 1, 1))
