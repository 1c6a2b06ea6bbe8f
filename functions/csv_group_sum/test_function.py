"""What csv_group_sum promises."""

import pytest
from function import csv_group_sum


def test_totals_per_group():
    """Each group gets the sum of its rows, and groups stand in order of first appearance."""
    totals = csv_group_sum("region,amount\nSouth,1.5\nNorth,2\nSouth,3.25\n", "region", "amount")
    assert list(totals.items()) == [("South", 4.75), ("North", 2.0)]


def test_sums_are_exact():
    """Binary rounding of the summands leaves no trace in the sum."""
    text = "who,amount\n" + "a,0.1\n" * 3 + "b,0.7\nb,0.1\n"
    assert csv_group_sum(text, "who", "amount") == {"a": 0.3, "b": 0.8}


def test_large_and_small_numbers_add_without_loss():
    """A sum that needs more than twenty-eight digits on the way is still exact."""
    text = "who,amount\na,100000000000000000000000000000\na,0.5\na,-100000000000000000000000000000\n"
    assert csv_group_sum(text, "who", "amount") == {"a": 0.5}


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends():
    """A quoted field is one field, whatever stands in it."""
    text = 'item,amount\n"Lamp, ""LED""\r\nwhite",10\r\n"Lamp, ""LED""\r\nwhite",5\r\n'
    assert csv_group_sum(text, "item", "amount") == {'Lamp, "LED"\r\nwhite': 15.0}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_found(delimiter: str):
    """Comma, semicolon and tab each work without being named."""
    text = "region,amount,note\nNorth,1.5,x\nNorth,2.5,y\n".replace(",", delimiter)
    assert csv_group_sum(text, "region", "amount") == {"North": 4.0}


def test_delimiter_is_the_one_that_gives_the_columns_asked_for():
    """A header with as many commas as semicolons is read so that the wanted columns exist."""
    text = "region;amount, net, EUR\nNorth;1,50\n"
    assert csv_group_sum(text, "region", "amount, net, EUR") == {"North": 1.5}


def test_decimal_comma_in_a_semicolon_file():
    """In a semicolon file commas are decimal signs, and dots or spaces of any kind group thousands."""
    text = "region;amount\nN;1.240,50\nN;1.000\nS;1 234 567,5\nS;-2\u00a0000\n"
    assert csv_group_sum(text, "region", "amount") == {"N": 2240.5, "S": 1232567.5}


def test_decimal_point_in_a_semicolon_file_without_commas():
    """A semicolon file whose values hold no comma has decimal points."""
    assert csv_group_sum("region;amount\nN;1.240\nN;2.5\n", "region", "amount") == {"N": 3.74}


def test_number_forms():
    """Signs, grouped thousands, a missing digit beside the point and forty digits are understood."""
    text = f'k,v\na,"1,240.50"\nb,+3\nc,-.5\nd,7.\ne,"12,345,678"\nf,1 240.50\ng,{"1":0>40}\n'
    expected = {"a": 1240.5, "b": 3.0, "c": -0.5, "d": 7.0, "e": 12345678.0, "f": 1240.5, "g": 1.0}
    assert csv_group_sum(text, "k", "v") == expected


def test_blank_lines_spaces_and_byte_order_mark_do_not_matter():
    """Blank lines are skipped, cells are stripped, and a byte order mark is not part of the first name."""
    text = "\ufeff\n region , amount \n\n North , 1 \n ,\n,\nNorth,2\n\n"
    assert csv_group_sum(text, "region", "amount") == {"North": 3.0}


def test_no_rows_and_empty_cells():
    """A header alone gives no groups; an empty value adds nothing but its group is there."""
    assert csv_group_sum("region,amount", "region", "amount") == {}
    assert csv_group_sum("region,amount\nŁódź,\nŁódź,2\nKraków,\n", "region", "amount") == {
        "Łódź": 2.0,
        "Kraków": 0.0,
    }


def test_missing_column_is_named_with_those_there_are():
    """The error names the column that is missing and all that exist."""
    with pytest.raises(ValueError, match=r"^no column 'Region'; the columns are: 'region', 'amount'$"):
        csv_group_sum("region,amount\nNorth,1\n", "Region", "amount")
    with pytest.raises(ValueError, match=r"^no column 'net'; the columns are: 'region', 'amount'$"):
        csv_group_sum("region,amount\nNorth,1\n", "region", "net")
    with pytest.raises(ValueError, match=r"^no column 'net'; the columns are: none$"):
        csv_group_sum("", "net", "net")


def test_column_named_twice_is_refused():
    """Which of two columns of one name is meant cannot be known."""
    with pytest.raises(ValueError, match=r"^the header names column 'amount' more than once$"):
        csv_group_sum("region,amount,amount\nNorth,1,2\n", "region", "amount")


@pytest.mark.parametrize("cell", ["abc", "NaN", "1e5", "12 50", "1.2.3", '"1,2"', "-", ".", "٣", "1" * 41])
def test_cell_that_is_no_number_is_named(cell: str):
    """A cell to total that is not a number is an error with its line, never a wrong sum."""
    with pytest.raises(ValueError, match=r"^line 3: '.+' is not a number$"):
        csv_group_sum(f"region,amount\nNorth,1\nNorth,{cell}\n", "region", "amount")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("North,1,2", "line 3 has 3 fields, but the header has 2"),
        ("North", "line 3 has 1 fields, but the header has 2"),
        ('North,"1', "line 3 is not CSV: unexpected end of data"),
    ],
)
def test_row_that_does_not_fit_is_named(row: str, message: str):
    """A row with too many or too few fields, or a quote left open, is an error with its line."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        csv_group_sum(f"region,amount\nSouth,1\n{row}", "region", "amount")
