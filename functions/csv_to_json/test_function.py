"""What csv_to_json promises."""

import pytest
from function import csv_to_json


def test_an_object_for_each_row():
    """Rows become objects by the names in the header, in order."""
    found = csv_to_json("b,a\n1,2\n3,4\n")
    assert found == [{"b": "1", "a": "2"}, {"b": "3", "a": "4"}]
    assert list(found[0]) == ["b", "a"]


def test_values_stay_text():
    """Zeros, spaces, words and empty fields are kept as written."""
    assert csv_to_json("a,b,c\n007, x ,\n") == [{"a": "007", "b": " x ", "c": ""}]


def test_quoted_fields():
    """A quoted field holds delimiters, doubled quotes and line ends as they are."""
    assert csv_to_json('a,b\n"x,y","say ""hi""\r\nthere"\n') == [{"a": "x,y", "b": 'say "hi"\r\nthere'}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str):
    """Lines may end as on any system, and the last one not at all."""
    assert csv_to_json(f"a{end}1{end}2") == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_other_delimiters(delimiter: str):
    """Any one character may stand between fields; the comma is then an ordinary one."""
    assert csv_to_json(f"a{delimiter}b\n1,5{delimiter}2\n", delimiter) == [{"a": "1,5", "b": "2"}]


def test_blank_lines_are_passed_over():
    """Empty lines before the header, between rows and at the end add nothing."""
    assert csv_to_json("\n\na,b\n\n1,2\n\n") == [{"a": "1", "b": "2"}]


def test_an_empty_quoted_field_is_a_row():
    """A line with nothing but an empty quoted field is no blank line."""
    assert csv_to_json('a\n""\n') == [{"a": ""}]


def test_byte_order_mark():
    """A byte order mark is no part of the first name."""
    assert csv_to_json("\ufeffa\n1\n") == [{"a": "1"}]


def test_only_a_header():
    """A header without rows gives an empty list."""
    assert csv_to_json("a,b\n") == []
    assert csv_to_json("a,b\n1,2") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("text", ["", "\n\r\n"])
def test_no_header(text: str):
    """A text without a row is an error."""
    with pytest.raises(ValueError, match=r"^text has no header row$"):
        csv_to_json(text)


@pytest.mark.parametrize(("row", "fields"), [("1", 1), ("1,2,3", 3)])
def test_rows_that_do_not_fit(row: str, fields: int):
    """A row with too few or too many fields is an error that names its line."""
    with pytest.raises(ValueError, match=f"^line 3 has {fields} fields, but the header has 2$"):
        csv_to_json(f"a,b\n1,2\n{row}\n")


def test_names_in_the_header():
    """Each column needs a name, and one of its own; names with other case are others."""
    with pytest.raises(ValueError, match=r"^column 2 of the header has no name$"):
        csv_to_json("a, ,b\n")
    with pytest.raises(ValueError, match=r"^the header names column 'b' more than once$"):
        csv_to_json("a,b,b\n")
    assert csv_to_json("a,A\n1,2\n") == [{"a": "1", "A": "2"}]


@pytest.mark.parametrize("cell", ['"open', '"closed" early'])
def test_broken_quotes(cell: str):
    """A quote left open, or followed by text, is an error that names the line."""
    with pytest.raises(ValueError, match=r"^line 2 is not CSV: "):
        csv_to_json(f"a\n{cell}\n")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r"])
def test_impossible_delimiters(delimiter: str):
    """A delimiter is one character and neither a quote nor a line end."""
    with pytest.raises(ValueError, match=r"^delimiter must be one character and no quote or line end, not "):
        csv_to_json("a\n", delimiter)
