"""What csv_to_markdown promises."""

import pytest
from function import csv_to_markdown


def test_a_table():
    """The header, a rule and the rows stand in lines of their own, without a line end at the end."""
    assert csv_to_markdown("a,b\nx,y\nz,w\n") == "| a | b |\n| --- | --- |\n| x | y |\n| z | w |"


def test_columns_of_numbers_are_aligned_to_the_right():
    """A column of numbers and empty cells is aligned to the right, a column with anything else is not."""
    lines = csv_to_markdown("n,mixed,word\n1,1,x\n,x,\n2,2,y\n").split("\n")
    assert lines[1] == "| ---: | --- | --- |"
    assert lines[3] == "|  | x |  |"


@pytest.mark.parametrize(
    "number", ["0", "-1", "+2.5", "2,5", "1 240,50", '"12,345,678"', "1234567", "12%", "1 000%", "999 999"]
)
def test_numbers(number: str):
    """Signs, decimals, thousands in groups and percent signs belong to numbers."""
    assert csv_to_markdown(f"n;m\n{number};1\n", ";").split("\n")[1] == "| ---: | ---: |"


@pytest.mark.parametrize(
    "word", ["1a", "1.", ".5", "1.2.3", "12 34", "1234 567", "1 2345", "--1", "%", "1 %", "1e5", "²", "2026-01-02"]
)
def test_what_is_no_number(word: str):
    """A column with anything that is not quite a number stays on the left."""
    assert csv_to_markdown(f"n;m\n{word};1\n1;1\n", ";").split("\n")[1] == "| --- | ---: |"


def test_columns_without_numbers():
    """A column of empty cells, or without rows, is not aligned."""
    assert csv_to_markdown("a,b\n,x\n").split("\n")[1] == "| --- | --- |"
    assert csv_to_markdown("1,2\n") == "| 1 | 2 |\n| --- | --- |"


def test_pipes_and_backslashes_are_escaped():
    """A pipe or a backslash in a cell gets a backslash before it, in the header too."""
    assert csv_to_markdown("a|b,c\\d\n||,\\|\n").split("\n") == [
        r"| a\|b | c\\d |",
        "| --- | --- |",
        r"| \|\| | \\\| |",
    ]


def test_other_markdown_stays():
    """Marks of emphasis and links are not touched."""
    assert csv_to_markdown("a\n*x* [y](z) `q` <b>\n").split("\n")[2] == "| *x* [y](z) `q` <b> |"


def test_line_ends_in_cells():
    """Each line end in a cell becomes one break, whatever system it is from."""
    assert csv_to_markdown('a\n"1\n2\r\n3\r4"\n').split("\n")[2] == "| 1<br>2<br>3<br>4 |"


def test_cells_are_stripped():
    """Spaces around a cell do not count, not even for numbers."""
    assert csv_to_markdown("  a ,b\n 1 ,\tx \n") == "| a | b |\n| ---: | --- |\n| 1 | x |"


def test_quotes_blank_lines_and_byte_order_mark():
    """Quoted fields are read as such; blank lines and a byte order mark add nothing."""
    text = '\ufeff\n"a,b",c\r\n\r\n"say ""hi""",2\r\n'
    assert csv_to_markdown(text) == '| a,b | c |\n| --- | ---: |\n| say "hi" | 2 |'


def test_no_header():
    """A text without a row is an error."""
    with pytest.raises(ValueError, match=r"^text has no header row$"):
        csv_to_markdown("\n")


@pytest.mark.parametrize(("row", "fields"), [("1", 1), ("1,2,3", 3)])
def test_rows_that_do_not_fit(row: str, fields: int):
    """A row with too few or too many fields is an error that names its line."""
    with pytest.raises(ValueError, match=f"^line 3 has {fields} fields, but the header has 2$"):
        csv_to_markdown(f"a,b\n1,2\n{row}\n")


@pytest.mark.parametrize("cell", ['"open', '"closed" early'])
def test_broken_quotes(cell: str):
    """A quote left open, or followed by text, is an error that names the line."""
    with pytest.raises(ValueError, match=r"^line 2 is not CSV: "):
        csv_to_markdown(f"a\n{cell}\n")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r"])
def test_impossible_delimiters(delimiter: str):
    """A delimiter is one character and neither a quote nor a line end."""
    with pytest.raises(ValueError, match=r"^delimiter must be one character and no quote or line end, not "):
        csv_to_markdown("a\n", delimiter)
