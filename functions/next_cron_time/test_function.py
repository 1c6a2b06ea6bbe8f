"""What next_cron_time promises. 2 March 2026 is a Monday."""

from datetime import datetime, timedelta, timezone

import pytest
from function import next_cron_time

MONDAY = datetime(2026, 3, 2, 10, 30)


def test_single_values():
    """Each field may hold one value, and what is too late today comes on a later day."""
    for expression, expected in [
        ("* * * * *", datetime(2026, 3, 2, 10, 31)),
        ("45 * * * *", datetime(2026, 3, 2, 10, 45)),
        ("30 * * * *", datetime(2026, 3, 2, 11, 30)),
        ("0 8 * * *", datetime(2026, 3, 3, 8, 0)),
        ("0 23 * * *", datetime(2026, 3, 2, 23, 0)),
        ("15 10 * * *", datetime(2026, 3, 3, 10, 15)),
        ("0 0 1 * *", datetime(2026, 4, 1)),
        ("59 23 31 12 *", datetime(2026, 12, 31, 23, 59)),
        ("0 12 * 1 *", datetime(2027, 1, 1, 12, 0)),
        ("0 0 * * 3", datetime(2026, 3, 4)),
    ]:
        assert next_cron_time(expression, MONDAY) == expected


def test_strictly_later():
    """The result is later than the moment given, however few seconds are left; it has no seconds itself."""
    assert next_cron_time("30 10 * * *", MONDAY - timedelta(seconds=1)) == MONDAY
    assert next_cron_time("30 10 * * *", MONDAY) == datetime(2026, 3, 3, 10, 30)
    assert next_cron_time("* * * * *", datetime(2026, 3, 2, 10, 30, 59, 999999)) == datetime(2026, 3, 2, 10, 31)


def test_midnight_comes_on_the_next_day():
    """Midnight of the same day is not later, midnight of the next is; the year may turn with it."""
    assert next_cron_time("0 0 * * *", datetime(2026, 3, 2)) == datetime(2026, 3, 3)
    assert next_cron_time("* * * * *", datetime(2026, 12, 31, 23, 59)) == datetime(2027, 1, 1)


def test_lists_and_ranges():
    """A list names values and ranges in any order; both ends of a range belong to it."""
    assert next_cron_time("50,40,10 * * * *", MONDAY) == datetime(2026, 3, 2, 10, 40)
    assert next_cron_time("0 12-14,8 * * *", MONDAY) == datetime(2026, 3, 2, 12, 0)
    assert next_cron_time("0 12-14,8 * * *", datetime(2026, 3, 2, 13, 0)) == datetime(2026, 3, 2, 14, 0)
    assert next_cron_time("0 12-14,8 * * *", datetime(2026, 3, 2, 14, 0)) == datetime(2026, 3, 3, 8, 0)


def test_steps():
    """A step takes every second, third or later value of a range or of all, beginning with the first."""
    assert next_cron_time("*/20 * * * *", MONDAY) == datetime(2026, 3, 2, 10, 40)
    assert next_cron_time("*/20 * * * *", datetime(2026, 3, 2, 10, 40)) == datetime(2026, 3, 2, 11, 0)
    assert next_cron_time("5-40/15 * * * *", MONDAY) == datetime(2026, 3, 2, 10, 35)
    assert next_cron_time("5-40/15 * * * *", datetime(2026, 3, 2, 10, 35)) == datetime(2026, 3, 2, 11, 5)
    assert next_cron_time("0 0 */10 * *", MONDAY) == datetime(2026, 3, 11)
    assert next_cron_time("0 0 1 */5 *", MONDAY) == datetime(2026, 6, 1)


def test_names():
    """Months and days of the week have names, small or capital, in ranges too."""
    assert next_cron_time("0 0 1 MAY *", MONDAY) == datetime(2026, 5, 1)
    assert next_cron_time("0 0 1 jan,Dec *", MONDAY) == datetime(2026, 12, 1)
    assert next_cron_time("0 0 * * sat-SAT", MONDAY) == datetime(2026, 3, 7)
    assert next_cron_time("0 9 * * mon-fri", datetime(2026, 3, 6, 9, 0)) == datetime(2026, 3, 9, 9, 0)
    assert next_cron_time("0 0 * * sun", MONDAY) == datetime(2026, 3, 8)


def test_all_names():
    """Each name stands for its number."""
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    ):
        assert next_cron_time(f"0 0 1 {name} *", datetime(2025, 12, 31)) == datetime(2026, number, 1)
    for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"]):
        assert next_cron_time(f"0 0 * * {name}", datetime(2026, 2, 28)) == datetime(2026, 3, 1 + number)


def test_sunday_has_two_numbers():
    """0 and 7 are Sunday, and Sunday only."""
    for field in ["0", "7", "7-7", "0,7", "*/7"]:
        assert next_cron_time(f"0 0 * * {field}", datetime(2026, 3, 7)) == datetime(2026, 3, 8)
        assert next_cron_time(f"0 0 * * {field}", datetime(2026, 3, 8)) == datetime(2026, 3, 15)


def test_weekends():
    """A range up to 7 ends with Sunday."""
    assert next_cron_time("0 0 * * 5-7", datetime(2026, 3, 7)) == datetime(2026, 3, 8)
    assert next_cron_time("0 0 * * 5-7", datetime(2026, 3, 8)) == datetime(2026, 3, 13)
    assert next_cron_time("0 0 * * 1-6/2", datetime(2026, 3, 2)) == datetime(2026, 3, 4)


def test_two_day_fields():
    """Of two day fields either will do, unless one of them begins with an asterisk: then both must match."""
    for expression, expected in [
        ("0 0 13 * fri", datetime(2026, 3, 6)),
        ("0 0 3 * fri", datetime(2026, 3, 3)),
        ("0 0 */2 * fri", datetime(2026, 3, 13)),
        ("0 0 13 * */5", datetime(2026, 3, 13)),
        ("0 0 13 * *", datetime(2026, 3, 13)),
        ("0 0 * * fri", datetime(2026, 3, 6)),
        ("0 0 3 4 fri", datetime(2026, 4, 3)),
        ("0 0 4 5 fri", datetime(2026, 5, 1)),
    ]:
        assert next_cron_time(expression, MONDAY) == expected


def test_short_forms():
    """The seven short forms stand for their fields."""
    for expression, expected in [
        ("@yearly", datetime(2027, 1, 1)),
        ("@annually", datetime(2027, 1, 1)),
        ("@monthly", datetime(2026, 4, 1)),
        ("@weekly", datetime(2026, 3, 8)),
        ("@daily", datetime(2026, 3, 3)),
        ("@midnight", datetime(2026, 3, 3)),
        (" @HOURLY ", datetime(2026, 3, 2, 11, 0)),
    ]:
        assert next_cron_time(expression, MONDAY) == expected


def test_leap_days():
    """29 February is found up to eight years ahead, across 2100 too."""
    assert next_cron_time("0 0 29 feb *", MONDAY) == datetime(2028, 2, 29)
    assert next_cron_time("0 0 29 2 *", datetime(2096, 2, 29)) == datetime(2104, 2, 29)


def test_the_offset_stays():
    """A moment with a UTC offset gives a result with that offset, one without gives one without."""
    zone = timezone(timedelta(hours=2))
    found = next_cron_time(" 0  12 * *\t* ", MONDAY.replace(tzinfo=zone))
    assert found == datetime(2026, 3, 2, 12, 0, tzinfo=zone)
    assert found.utcoffset() == timedelta(hours=2)
    assert next_cron_time("0 12 * * *", MONDAY).tzinfo is None


def test_unreadable_expressions():
    """What is no expression is an error that names the field and what stands there."""
    reasons = {
        "": "^expression must have five fields or be one of @yearly, .*: ''$",
        "* * * *": "^expression must have five fields",
        "* * * * * *": "^expression must have five fields",
        "@reboot": "^expression must have five fields",
        "60 * * * *": "^the minute must be from 0 to 59, ranges upwards, steps above 0: '60'$",
        "* 24 * * *": "^the hour must be from 0 to 23,",
        "* * 0 * *": "^the day of the month must be from 1 to 31,",
        "* * 32 * *": "^the day of the month must be from 1 to 31,",
        "* * * 0 *": "^the month must be from 1 to 12,",
        "* * * 13 *": "^the month must be from 1 to 12,",
        "* * * mon *": "^the month must be from 1 to 12,",
        "* * * * 8": "^the day of the week must be from 0 to 7,",
        "jan * * * *": "^the minute must be from 0 to 59,",
        "30-10 * * * *": "^the minute must be from 0 to 59, ranges upwards",
        "*/0 * * * *": "^the minute must be from 0 to 59, ranges upwards, steps above 0",
        "5/10 * * * *": r"^the minute must be \*, a value, a range or a list of these: '5/10'$",
        "1,,2 * * * *": "^the minute must be .* a list of these",
        "-1 * * * *": "^the minute must be .* a list of these",
        "* ? * * *": "^the hour must be .* a list of these",
    }
    for expression, reason in reasons.items():
        with pytest.raises(ValueError, match=reason):
            next_cron_time(expression, MONDAY)


def test_nothing_matches():
    """A date that never comes, or not before the calendar ends, is an error that names the expression."""
    with pytest.raises(ValueError, match=r"^'0 0 30 2 \*' matches no time within eight years of 2026-03-02 10:30:00$"):
        next_cron_time("0 0 30 2 *", MONDAY)
    with pytest.raises(ValueError, match="matches no time"):
        next_cron_time("* * * * *", datetime(9999, 12, 31, 23, 59))
    assert next_cron_time("* * * * *", datetime(9999, 12, 31, 23, 58)) == datetime(9999, 12, 31, 23, 59)
