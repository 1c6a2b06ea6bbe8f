"""What `csv_to_markdown` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import csv_to_markdown


def test_header_rule_and_rows():
    """The header comes first, the row of hyphens second, then the rows; no line end follows the last."""
    assert csv_to_markdown("a,b\nx,y\nz,w\n") == "| a | b |\n| --- | --- |\n| x | y |\n| z | w |"


def test_one_column():
    """A table may have a single column, whose name may be a number."""
    assert csv_to_markdown("name\nAnna") == "| name |\n| --- |\n| Anna |"
    assert csv_to_markdown("2026\nAnna") == "| 2026 |\n| --- |\n| Anna |"


def test_a_header_alone():
    """Without rows no column is one of numbers."""
    assert csv_to_markdown("a,7\n") == "| a | 7 |\n| --- | --- |"


def test_columns_of_numbers():
    """A column of numbers is aligned to the right, each column by itself."""
    assert csv_to_markdown("n,t\n1,x\n20,y\n").splitlines()[1] == "| ---: | --- |"
    assert csv_to_markdown("t,n\nx,1.5\ny,0\n").splitlines()[1] == "| --- | ---: |"


def test_one_text_makes_a_column_of_texts():
    """A single cell that is no number keeps its column on the left."""
    for cell in ("x", "1a", "1-2", "n/a", "-", "1.2.3", "%"):
        assert csv_to_markdown(f"n\n1\n{cell}\n").splitlines()[1] == "| --- |"


def test_forms_of_numbers():
    """Signs, groups of thousands, decimals with a dot or a comma and percent signs belong to numbers."""
    for cell in ("-5", "+5", "1.25", '"1,25"', '"1,234"', '"1,234,567.89"', "12 345", '"1 234,50"', "50%", "-2.5%"):
        assert csv_to_markdown(f"n\n{cell}\n").splitlines()[1] == "| ---: |"


def test_empty_cells():
    """Empty cells do not count, but a column of nothing else is none of numbers."""
    assert csv_to_markdown("n,e\n1,\n,\n").splitlines()[1] == "| ---: | --- |"


def test_pipes_and_backslashes():
    """Pipes and backslashes get a backslash before them, in the header too."""
    assert csv_to_markdown("a|b\nx|y\n") == "| a\\|b |\n| --- |\n| x\\|y |"
    assert csv_to_markdown("a\nC:\\dir\n") == "| a |\n| --- |\n| C:\\\\dir |"
    assert csv_to_markdown("a\n\\|\n") == "| a |\n| --- |\n| \\\\\\| |"


def test_line_ends_in_cells():
    """A line end in a cell becomes <br>, whatever its kind."""
    assert csv_to_markdown('a,b\n"1\n2",x\n') == "| a | b |\n| --- | --- |\n| 1<br>2 | x |"
    assert csv_to_markdown('a,b\r\n"x\r\ny",z\r\n') == "| a | b |\n| --- | --- |\n| x<br>y | z |"


def test_spaces_around_cells():
    """Cells lose the spaces around them, and those within stay."""
    assert csv_to_markdown(" a , b\n  x  y , 7 \n") == "| a | b |\n| --- | ---: |\n| x  y | 7 |"


def test_quoted_fields():
    """Quotes hold delimiters and doubled quotes, and are not part of the cell."""
    assert csv_to_markdown('a,b\n"x, y","say ""hi"""\n') == '| a | b |\n| --- | --- |\n| x, y | say "hi" |'


def test_blank_lines_are_passed_over():
    """Blank lines are no rows, before the header either."""
    assert csv_to_markdown("\n\na,b\n\nx,y\n\n") == "| a | b |\n| --- | --- |\n| x | y |"


def test_other_delimiters():
    """With a semicolon a comma is an ordinary character."""
    assert csv_to_markdown("a;b\n1,5;x, y\n", ";") == "| a | b |\n| ---: | --- |\n| 1,5 | x, y |"
    assert csv_to_markdown("a\tb\nx\ty\n", delimiter="\t") == "| a | b |\n| --- | --- |\n| x | y |"


def test_delimiters_and_texts_that_are_refused():
    """A delimiter is one character and neither a quote nor a line end, and a text has a header."""
    assert csv_to_markdown("a", ";") == "| a |\n| --- |"
    for delimiter in ("", ";;", '"', "\n", "\r"):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_markdown("a\n1\n", delimiter)
    for text in ("", "\n\n"):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_markdown(text)


def test_rows_and_quotes_that_are_refused():
    """A row is as long as the header, and a quote is closed where its field ends."""
    for text in ("a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n"1,2\n', 'a,b\n"1"x,2\n'):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_markdown(text)
