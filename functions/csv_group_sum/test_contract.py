"""What `csv_group_sum` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import csv_group_sum


def test_groups_in_order_of_first_appearance():
    """Each group has its total, and the first to appear comes first."""
    totals = csv_group_sum("g,v\nb,1\na,2\nb,3\n", "g", "v")
    assert totals == {"b": 4.0, "a": 2.0}
    assert list(totals) == ["b", "a"]


def test_only_a_header():
    """Without rows there are no groups."""
    assert csv_group_sum("g,v\n", "g", "v") == {}


def test_the_delimiter_is_found():
    """Comma, semicolon and tab are told apart, whichever columns are asked for."""
    assert csv_group_sum("x,g,v\n1,a,2\n", "g", "v") == {"a": 2.0}
    assert csv_group_sum("x;g;v\n1;a;2\n", "g", "v") == {"a": 2.0}
    assert csv_group_sum("x\tg\tv\n1\ta\t2\n", "g", "v") == {"a": 2.0}


def test_sums_are_exact():
    """Tenths add up as on paper, and small amounts survive large ones."""
    assert csv_group_sum("g,v\na,0.1\na,0.2\n", "g", "v") == {"a": 0.3}
    assert csv_group_sum("g,v\na,1000000000000000000\na,0.5\na,-1000000000000000000\n", "g", "v") == {"a": 0.5}


def test_negative_amounts():
    """Amounts below zero are taken off."""
    assert csv_group_sum("g,v\na,-3.5\na,1\nb,-2\n", "g", "v") == {"a": -2.5, "b": -2.0}


def test_commas_and_spaces_group_thousands():
    """Where the dot is the decimal sign, commas group thousands; spaces may in any file."""
    assert csv_group_sum('g,v\na,"1,240.50"\n', "g", "v") == {"a": 1240.5}
    assert csv_group_sum("g,v\na,1 240.5\n", "g", "v") == {"a": 1240.5}
    assert csv_group_sum("g;v\na;1 240,5\n", "g", "v") == {"a": 1240.5}


def test_one_comma_makes_it_the_decimal_sign_of_its_column():
    """In a semicolon file a comma anywhere in the value column says that dots group thousands, in all its cells."""
    assert csv_group_sum("g;v\na;1.500\na;0,5\n", "g", "v") == {"a": 1500.5}


def test_a_comma_elsewhere_changes_no_sign():
    """A semicolon file without a comma in the value column has the dot as decimal sign."""
    assert csv_group_sum("g;v\na,b;1.5\n", "g", "v") == {"a,b": 1.5}


def test_an_empty_cell_adds_nothing():
    """A group of empty cells has the total zero, and others are as if the cell were not there."""
    assert csv_group_sum("g,v\na,\na,2\nb,\n", "g", "v") == {"a": 2.0, "b": 0.0}


def test_quoted_cells():
    """Delimiters, quotes and line ends inside quotes belong to the cell."""
    assert csv_group_sum('g,v\n"a,b",1\n"a,b",2\n', "g", "v") == {"a,b": 3.0}
    assert csv_group_sum('g,v\n"say ""hi""",1\n', "g", "v") == {'say "hi"': 1.0}
    assert csv_group_sum('g,v\n"a\nb",1\n', "g", "v") == {"a\nb": 1.0}


def test_blank_lines_and_line_ends():
    """Blank lines before the header and at the end are passed over, and so are the line ends of other systems."""
    assert csv_group_sum("\n\ng,v\na,1\n\n", "g", "v") == {"a": 1.0}
    assert csv_group_sum("g,v\r\na,1\r\na,2\r\n", "g", "v") == {"a": 3.0}
    assert csv_group_sum("g,v\na,1", "g", "v") == {"a": 1.0}


def test_columns_that_are_missing_or_named_twice_are_refused():
    """A column must be there, once; names are told apart by case and in full."""
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,1\n", "group", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,1\n", "g", "value")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v,v\na,1,2\n", "g", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("", "g", "v")


def test_rows_that_do_not_fit_are_refused():
    """A row with too many or too few cells is an error, and so is a quote left open."""
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,1,2\n", "g", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("x,g,v\n1,a\n", "g", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum('g,v\na,"1\n', "g", "v")


def test_cells_that_are_no_numbers_are_refused():
    """Words, and what floats call infinite or no number, cannot be summed."""
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,much\n", "g", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,nan\n", "g", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,inf\n", "g", "v")
    with pytest.raises(ValueError, match=r"\S"):
        csv_group_sum("g,v\na,1.2.3\n", "g", "v")
