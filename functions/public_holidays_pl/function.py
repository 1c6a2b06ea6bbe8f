"""The days on which Poland does not work by law."""

from datetime import date, timedelta

_FIRST_YEAR = 1990
_EPIPHANY_SINCE = 2011
_CHRISTMAS_EVE_SINCE = 2025
_CENTENARY = 2018
_CENTENARY_NAME = "Święto Narodowe z okazji Setnej Rocznicy Odzyskania Niepodległości Rzeczypospolitej Polskiej"


def public_holidays_pl(year: int) -> list[dict[str, str]]:
    """List the public holidays of Poland in a year, each with its date and its Polish name.

    The days are those of the act on days off work (ustawa z dnia 18 stycznia 1951 r. o dniach wolnych od pracy)
    as it was in that year, with the names it gives them: 6 January since 2011, 24 December since 2025, and once,
    by an act of its own, 12 November 2018. Easter Sunday and Whit Sunday are among them, other Sundays are not.
    Easter is that of the Gregorian calendar.

    Args:
        year: The year, from 1990 to 9999.

    Returns:
        One object a holiday, by date: `date` as YYYY-MM-DD and `name`.

    Raises:
        ValueError: The year is before 1990 or after 9999.
    """
    if not _FIRST_YEAR <= year <= date.max.year:
        raise ValueError(f"year must be from {_FIRST_YEAR} to {date.max.year}, not {year}")
    easter = _easter(year)
    days = [(date(year, 1, 1), "Nowy Rok")]
    if year >= _EPIPHANY_SINCE:
        days.append((date(year, 1, 6), "Święto Trzech Króli"))
    days += [
        (easter, "pierwszy dzień Wielkiej Nocy"),
        (easter + timedelta(1), "drugi dzień Wielkiej Nocy"),
        (date(year, 5, 1), "Święto Państwowe"),
        (date(year, 5, 3), "Święto Narodowe Trzeciego Maja"),
        (easter + timedelta(49), "pierwszy dzień Zielonych Świątek"),
        (easter + timedelta(60), "dzień Bożego Ciała"),
        (date(year, 8, 15), "Wniebowzięcie Najświętszej Maryi Panny"),
        (date(year, 11, 1), "Wszystkich Świętych"),
        (date(year, 11, 11), "Narodowe Święto Niepodległości"),
    ]
    if year == _CENTENARY:
        days.append((date(year, 11, 12), _CENTENARY_NAME))
    if year >= _CHRISTMAS_EVE_SINCE:
        days.append((date(year, 12, 24), "Wigilia Bożego Narodzenia"))
    days.append((date(year, 12, 25), "pierwszy dzień Bożego Narodzenia"))
    days.append((date(year, 12, 26), "drugi dzień Bożego Narodzenia"))
    return [{"date": day.isoformat(), "name": name} for day, name in days]


def _easter(year: int) -> date:
    """Easter Sunday, from the golden number, the epact and the Sunday after the full moon."""
    golden = year % 19
    century = year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = epact - (epact > 28 or (epact == 28 and golden > 10))  # days from 21 March to the full moon
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7  # of the full moon, Sunday is 0
    return date(year, 3, 28) + timedelta(moon - weekday)
