"""What `public_holidays_pl` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import public_holidays_pl


def test_a_whole_year():
    """The days of 2026 are those of its calendar, in order, each with a date, a name and nothing else."""
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


def test_names():
    """Names are those of the act."""
    names = {holiday["date"]: holiday["name"] for holiday in public_holidays_pl(2024)}
    assert names["2024-01-06"] == "Święto Trzech Króli"
    assert names["2024-05-01"] == "Święto Państwowe"
    assert names["2024-05-03"] == "Święto Narodowe Trzeciego Maja"
    assert names["2024-05-30"] == "dzień Bożego Ciała"
    assert names["2024-08-15"] == "Wniebowzięcie Najświętszej Maryi Panny"
    assert names["2024-11-01"] == "Wszystkich Świętych"
    assert names["2024-11-11"] == "Narodowe Święto Niepodległości"


def test_easter():
    """Easter Sunday and Monday, Whit Sunday and Corpus Christi move together."""
    of_2019 = [holiday["date"] for holiday in public_holidays_pl(2019)]
    assert of_2019[2:4] == ["2019-04-21", "2019-04-22"]
    assert of_2019[6:8] == ["2019-06-09", "2019-06-20"]
    names = {holiday["name"]: holiday["date"] for holiday in public_holidays_pl(2008)}
    assert names["pierwszy dzień Wielkiej Nocy"] == "2008-03-23"
    assert names["drugi dzień Wielkiej Nocy"] == "2008-03-24"
    assert names["pierwszy dzień Zielonych Świątek"] == "2008-05-11"
    assert names["dzień Bożego Ciała"] == "2008-05-22"


def test_the_earliest_and_the_latest_easter():
    """Easter is from 22 March to 25 April; years with exceptions of the reckoning are right."""
    found = {
        year: public_holidays_pl(year)[2]["date"] for year in (2038, 2049, 2076, 2285, 2011, 2000, 2100, 2200, 4089)
    }
    assert found[2285] == "2285-03-22"
    assert found[2038] == "2038-04-25"
    assert found[2049] == "2049-04-18"
    assert found[2076] == "2076-04-19"
    assert found[2011] == "2011-04-24"
    assert found[2100] == "2100-03-28"


def test_epiphany_since_2011():
    """6 January is a holiday from 2011 on."""
    assert "2010-01-06" not in [holiday["date"] for holiday in public_holidays_pl(2010)]
    assert public_holidays_pl(2011)[1]["date"] == "2011-01-06"
    assert len(public_holidays_pl(2010)) == 12
    assert len(public_holidays_pl(2011)) == 13


def test_christmas_eve_since_2025():
    """24 December is a holiday from 2025 on."""
    assert "2024-12-24" not in [holiday["date"] for holiday in public_holidays_pl(2024)]
    assert public_holidays_pl(2025)[11] == {"date": "2025-12-24", "name": "Wigilia Bożego Narodzenia"}
    assert len(public_holidays_pl(2024)) == 13
    assert len(public_holidays_pl(2025)) == 14


def test_the_hundredth_anniversary():
    """12 November was a holiday in 2018, and only then."""
    assert [holiday["date"] for holiday in public_holidays_pl(2018)][10:12] == ["2018-11-11", "2018-11-12"]
    assert len(public_holidays_pl(2018)) == 14
    assert "2017-11-12" not in [holiday["date"] for holiday in public_holidays_pl(2017)]
    assert "2019-11-12" not in [holiday["date"] for holiday in public_holidays_pl(2019)]


def test_holidays_may_fall_on_sundays():
    """A fixed day that is a Sunday is still in the list."""
    assert "2026-05-03" in [holiday["date"] for holiday in public_holidays_pl(2026)]
    assert "2026-11-01" in [holiday["date"] for holiday in public_holidays_pl(2026)]


def test_the_order_is_that_of_the_dates():
    """Where moving days pass fixed ones the list is still by date, each day in it once."""
    for year in (1990, 2000, 2008, 2038, 2285):
        dates = [holiday["date"] for holiday in public_holidays_pl(year)]
        assert dates == sorted(dates)
        assert len(dates) >= 12
        assert all(date.startswith(f"{year}-") for date in dates)


def test_the_first_and_the_last_year():
    """The years 1990 and 9999 have their lists."""
    assert public_holidays_pl(1990)[1]["date"] == "1990-04-15"
    assert public_holidays_pl(9999)[0] == {"date": "9999-01-01", "name": "Nowy Rok"}


def test_other_years_are_refused():
    """Before 1990 and after 9999 there is an error."""
    with pytest.raises(ValueError, match=r"\S"):
        public_holidays_pl(1989)
    with pytest.raises(ValueError, match=r"\S"):
        public_holidays_pl(10000)
    with pytest.raises(ValueError, match=r"\S"):
        public_holidays_pl(0)
    with pytest.raises(ValueError, match=r"\S"):
        public_holidays_pl(-2026)
