"""What public_holidays_pl promises."""

import pytest
from function import public_holidays_pl


def test_a_year_in_full():
    """2026 has fourteen holidays, by date, with the names of the act."""
    assert public_holidays_pl(2026) == [
        {"date": "2026-01-01", "name": "Nowy Rok"},
        {"date": "2026-01-06", "name": "Święto Trzech Króli"},
        {"date": "2026-04-05", "name": "pierwszy dzień Wielkiej Nocy"},
        {"date": "2026-04-06", "name": "drugi dzień Wielkiej Nocy"},
        {"date": "2026-05-01", "name": "Święto Państwowe"},
        {"date": "2026-05-03", "name": "Święto Narodowe Trzeciego Maja"},
        {"date": "2026-05-24", "name": "pierwszy dzień Zielonych Świątek"},
        {"date": "2026-06-04", "name": "dzień Bożego Ciała"},
        {"date": "2026-08-15", "name": "Wniebowzięcie Najświętszej Maryi Panny"},
        {"date": "2026-11-01", "name": "Wszystkich Świętych"},
        {"date": "2026-11-11", "name": "Narodowe Święto Niepodległości"},
        {"date": "2026-12-24", "name": "Wigilia Bożego Narodzenia"},
        {"date": "2026-12-25", "name": "pierwszy dzień Bożego Narodzenia"},
        {"date": "2026-12-26", "name": "drugi dzień Bożego Narodzenia"},
    ]


def test_the_first_year():
    """1990 has twelve: neither Epiphany nor Christmas Eve, nor 22 July any more."""
    assert [day["date"] for day in public_holidays_pl(1990)] == [
        "1990-01-01",
        "1990-04-15",
        "1990-04-16",
        "1990-05-01",
        "1990-05-03",
        "1990-06-03",
        "1990-06-14",
        "1990-08-15",
        "1990-11-01",
        "1990-11-11",
        "1990-12-25",
        "1990-12-26",
    ]


def test_the_number_of_holidays():
    """The number changes with the act."""
    for year, days in [(2010, 12), (2011, 13), (2017, 13), (2019, 13), (2024, 13), (2025, 14)]:
        assert len(public_holidays_pl(year)) == days


def test_epiphany_since_2011():
    """6 January is a holiday since 2011."""
    assert "2010-01-06" not in [day["date"] for day in public_holidays_pl(2010)]
    assert public_holidays_pl(2011)[1] == {"date": "2011-01-06", "name": "Święto Trzech Króli"}


def test_christmas_eve_since_2025():
    """24 December is a holiday since 2025."""
    assert "2024-12-24" not in [day["date"] for day in public_holidays_pl(2024)]
    assert public_holidays_pl(2025)[-3] == {"date": "2025-12-24", "name": "Wigilia Bożego Narodzenia"}


def test_the_centenary():
    """12 November was a holiday in 2018 and in no other year."""
    name = "Święto Narodowe z okazji Setnej Rocznicy Odzyskania Niepodległości Rzeczypospolitej Polskiej"
    days = public_holidays_pl(2018)
    assert len(days) == 14
    assert days[11] == {"date": "2018-11-12", "name": name}
    assert days[10]["date"] == "2018-11-11"


def test_easter():
    """Easter Sunday is that of the published tables, in other centuries too."""
    for year, easter in [
        (2000, "2000-04-23"),
        (2008, "2008-03-23"),
        (2011, "2011-04-24"),
        (2016, "2016-03-27"),
        (2024, "2024-03-31"),
        (2025, "2025-04-20"),
        (2027, "2027-03-28"),
        (2100, "2100-03-28"),
        (2200, "2200-04-06"),
        (2400, "2400-04-16"),
    ]:
        days = {day["name"]: day["date"] for day in public_holidays_pl(year)}
        assert days["pierwszy dzień Wielkiej Nocy"] == easter


def test_easter_at_its_borders():
    """The earliest Easter, the latest, those that the epact alone would put a week later, and some far ahead."""
    for year, easter in [
        (2285, "2285-03-22"),
        (2038, "2038-04-25"),
        (2049, "2049-04-18"),
        (2076, "2076-04-19"),
        (2106, "2106-04-18"),
        (2326, "2326-04-25"),
        (3165, "3165-04-18"),
        (3902, "3902-04-06"),
        (4200, "4200-04-20"),
        (7515, "7515-04-25"),
    ]:
        assert easter in [day["date"] for day in public_holidays_pl(year)]


def test_whit_sunday_and_corpus_christi():
    """They come 49 and 60 days after Easter, in June too."""
    days = {day["name"]: day["date"] for day in public_holidays_pl(2038)}
    assert days["drugi dzień Wielkiej Nocy"] == "2038-04-26"
    assert days["pierwszy dzień Zielonych Świątek"] == "2038-06-13"
    assert days["dzień Bożego Ciała"] == "2038-06-24"


def test_dates_ascend():
    """The holidays come by date, each day once, whenever Easter is."""
    for year in (1990, 2008, 2018, 2025, 2038, 2285, 9999):
        dates = [day["date"] for day in public_holidays_pl(year)]
        assert dates == sorted(set(dates))
        assert {day[:4] for day in dates} == {str(year)}


def test_other_years_are_refused():
    """A year before 1990 or after 9999 is an error that names it."""
    for year in [1989, 0, -2026, 10000]:
        with pytest.raises(ValueError, match=f"^year must be from 1990 to 9999, not {year}$"):
            public_holidays_pl(year)
