"""What `csv_to_json` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import csv_to_json


def test_one_object_a_row():
    """The header names the keys, and each row below it becomes an object."""
    assert csv_to_json("a,b\n1,2\n3,4\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert csv_to_json("name\nAnna\n") == [{"name": "Anna"}]


def test_keys_in_the_order_of_the_columns():
    """The keys stand as the columns do, not by the alphabet."""
    assert list(csv_to_json("zeta,alpha,mid\n1,2,3\n")[0].items()) == [("zeta", "1"), ("alpha", "2"), ("mid", "3")]


def test_a_header_alone():
    """Without rows there are no objects."""
    assert csv_to_json("a,b\n") == []
    assert csv_to_json("a,b") == []


def test_values_stay_as_they_were_written():
    """Numbers, truths, spaces and leading zeros stay texts, and an empty field is an empty text."""
    assert csv_to_json("a,b,c,d,e\n007, x ,1.50,true,\n") == [
        {"a": "007", "b": " x ", "c": "1.50", "d": "true", "e": ""}
    ]


def test_quoted_fields():
    """Quotes may hold delimiters, line ends and doubled quotes, in the header too."""
    assert csv_to_json('a,b\n"x,y","1\n2"\n') == [{"a": "x,y", "b": "1\n2"}]
    assert csv_to_json('a\n"say ""hi"""\n') == [{"a": 'say "hi"'}]
    assert csv_to_json('"a,b",c\n1,2\n') == [{"a,b": "1", "c": "2"}]
    assert csv_to_json('a,b\n"",""\n') == [{"a": "", "b": ""}]


def test_line_ends_of_each_kind():
    """CR LF, LF and CR end a row, and the last one needs none."""
    expected = [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert csv_to_json("a,b\r\n1,2\r\n3,4\r\n") == expected
    assert csv_to_json("a,b\r1,2\r3,4\r") == expected
    assert csv_to_json("a,b\n1,2\n3,4") == expected


def test_line_ends_within_quotes_stay():
    """A line end inside a field is part of the value, whatever its kind."""
    assert csv_to_json('a,b\r\n"1\r\n2",3\r\n') == [{"a": "1\r\n2", "b": "3"}]


def test_blank_lines_are_passed_over():
    """Blank lines before the header, between the rows and at the end are no rows."""
    assert csv_to_json("\n\na,b\n\n1,2\n\n\n3,4\n\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_byte_order_mark():
    """A byte order mark is no part of the first name."""
    assert csv_to_json("\ufeffa,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert csv_to_json('\ufeff"a",b\n1,2\n') == [{"a": "1", "b": "2"}]


def test_other_delimiters():
    """A semicolon or a tab may stand between fields; then a comma is an ordinary character."""
    assert csv_to_json("a;b\n1,5;2\n", ";") == [{"a": "1,5", "b": "2"}]
    assert csv_to_json("a\tb\n1\t\n", delimiter="\t") == [{"a": "1", "b": ""}]
    assert csv_to_json("a|b\n1|2\n", "|") == [{"a": "1", "b": "2"}]


def test_delimiters_that_are_refused():
    """A delimiter is one character, and neither a quote nor a line end."""
    assert csv_to_json("a\n1\n", ";") == [{"a": "1"}]
    for delimiter in ("", ",,", '"', "\n", "\r"):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_json("a\n1\n", delimiter)


def test_no_header():
    """A text without a row that names the columns is refused."""
    for text in ("", "\n", "\r\n\r\n", "\ufeff"):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_json(text)


def test_headers_that_are_refused():
    """Each column has a name, and no two have the same."""
    assert csv_to_json("a,A\n1,2\n") == [{"a": "1", "A": "2"}]
    for text in ("a,\n1,2\n", ",a\n1,2\n", "a,,b\n1,2,3\n", "a,b,a\n1,2,3\n"):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_json(text)


def test_rows_of_another_length():
    """A row has as many fields as the header, no fewer and no more."""
    assert csv_to_json("a,b\n,\n") == [{"a": "", "b": ""}]
    for text in ("a,b\n1\n", "a,b\n1,2,3\n", "a,b\n1,2\n3\n", "a,b\n1,2,\n"):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_json(text)


def test_broken_quotes():
    """A quote that is left open, or followed by other text, is refused."""
    for text in ('a,b\n"1,2\n', 'a,b\n1,"2\n', 'a,b\n"1"x,2\n', 'a,b\n"1" ,2\n', '"a,b\n1,2\n'):
        with pytest.raises(ValueError, match=r"\S"):
            csv_to_json(text)
