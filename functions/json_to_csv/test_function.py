"""What json_to_csv promises."""

import pytest
from function import json_to_csv


def test_a_line_for_each_object():
    """The keys are the header, each object is a line, and every line ends with CR LF."""
    assert json_to_csv([{"a": "x", "b": "y"}, {"a": "z", "b": "w"}]) == "a,b\r\nx,y\r\nz,w\r\n"


def test_columns_in_order_of_appearance():
    """Columns are the keys of all objects, each once, in the order in which they first appear."""
    assert json_to_csv([{"b": 1}, {"a": 2, "b": 3}, {"c": 4}]) == "b,a,c\r\n1,,\r\n3,2,\r\n,,4\r\n"


def test_null_and_missing_are_empty():
    """Null, an empty text and a missing key give an empty field."""
    assert json_to_csv([{"a": None, "b": "", "c": 1}, {"c": 2}]) == "a,b,c\r\n,,1\r\n,,2\r\n"


def test_booleans_and_numbers_as_in_json():
    """True and false are small, and numbers keep their digits."""
    row = {"t": True, "f": False, "zero": 0, "n": -12, "x": 0.1, "whole": 2.0, "big": 1e30, "long": 10**20}
    assert json_to_csv([row]).split("\r\n")[1] == "true,false,0,-12,0.1,2.0,1e+30,100000000000000000000"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("x\ny", '"x\ny"'),
        ("x\ry", '"x\ry"'),
        ("a;b", "a;b"),
        (" a ", " a "),
        ("007", "007"),
        ("it's", "it's"),
        ("Łódź", "Łódź"),
    ],
)
def test_quotes_only_where_needed(value: str, field: str):
    """Delimiters, quotes and line ends make a field quoted; nothing else does."""
    assert json_to_csv([{"k": value, "l": 1}]) == f"k,l\r\n{field},1\r\n"


def test_keys_are_quoted_too():
    """A name in the header is quoted like any field."""
    assert json_to_csv([{"a,b": 1, 'c"': 2}]) == '"a,b","c"""\r\n1,2\r\n'


def test_another_delimiter():
    """With a semicolon the comma needs no quotes, and the semicolon does."""
    assert json_to_csv([{"a": "1,5", "b": "x;y"}], ";") == 'a;b\r\n1,5;"x;y"\r\n'
    assert json_to_csv([{"a": 1, "b": 2}], "\t") == "a\tb\r\n1\t2\r\n"


def test_an_empty_field_alone_in_its_line():
    """A line with one empty field is quoted, because it would be a blank line."""
    assert json_to_csv([{"a": None}, {"a": "x"}, {}]) == 'a\r\n""\r\nx\r\n""\r\n'


def test_nothing_to_write():
    """Without a key there is no text; an object without keys beside others is a line of empty fields."""
    assert json_to_csv([]) == ""
    assert json_to_csv([{}, {}]) == ""
    assert json_to_csv([{}, {"a": 1, "b": 2}]) == "a,b\r\n,\r\n1,2\r\n"


def test_nested_values_are_refused():
    """A list or an object as a value is an error that names the place."""
    with pytest.raises(ValueError, match=r"^'b' of row 2 is neither text nor number, boolean or null$"):
        json_to_csv([{"a": 1}, {"b": [1]}])
    with pytest.raises(ValueError, match=r"^'a' of row 1 is neither text nor number, boolean or null$"):
        json_to_csv([{"a": {}}])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_have(value: float):
    """What is no number or has no end is refused."""
    with pytest.raises(ValueError, match=r"^'a' of row 1 is not a number that JSON has: "):
        json_to_csv([{"a": value}])


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r"])
def test_impossible_delimiters(delimiter: str):
    """A delimiter is one character and neither a quote nor a line end."""
    with pytest.raises(ValueError, match=r"^delimiter must be one character and no quote or line end, not "):
        json_to_csv([{"a": 1}], delimiter)
