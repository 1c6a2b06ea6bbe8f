"""What `json_to_csv` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import json_to_csv


def test_header_and_rows():
    """The keys are the header, and every line, the last too, ends with CR LF."""
    assert json_to_csv([{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]) == "a,b\r\n1,2\r\n3,4\r\n"


def test_columns_in_the_order_of_appearance():
    """The columns are the keys of all objects, in the order in which they first appear."""
    assert json_to_csv([{"z": "1", "a": "2"}]) == "z,a\r\n1,2\r\n"
    assert json_to_csv([{"b": "1"}, {"c": "2", "b": "3"}, {"a": "4"}]) == "b,c,a\r\n1,,\r\n3,2,\r\n,,4\r\n"


def test_missing_and_null():
    """A key that is missing and null give an empty field, as an empty text does."""
    assert json_to_csv([{"a": None, "b": "x"}, {"b": "y"}, {"a": "", "b": "z"}]) == "a,b\r\n,x\r\n,y\r\n,z\r\n"


def test_truths_and_numbers():
    """True, false and numbers are written as in JSON."""
    rows = [{"t": True, "f": False, "i": -7, "z": 0, "d": 1.5, "e": 2.0}]
    assert json_to_csv(rows) == "t,f,i,z,d,e\r\ntrue,false,-7,0,1.5,2.0\r\n"
    assert json_to_csv([{"n": 123456789012345678901234567890}]) == "n\r\n123456789012345678901234567890\r\n"


def test_texts_stay_as_they_are():
    """Spaces, apostrophes, leading zeros and letters of any script need no quotes."""
    assert json_to_csv([{"a": " x ", "b": "it's", "c": "007", "d": "Łódź"}]) == "a,b,c,d\r\n x ,it's,007,Łódź\r\n"
    assert json_to_csv([{"a": "true", "b": "null"}]) == "a,b\r\ntrue,null\r\n"


def test_fields_that_need_quotes():
    """A field with the delimiter, a quote or a line end is quoted, and its quotes are doubled."""
    assert json_to_csv([{"a": "x,y", "b": "z"}]) == 'a,b\r\n"x,y",z\r\n'
    assert json_to_csv([{"a": 'say "hi"', "b": "z"}]) == 'a,b\r\n"say ""hi""",z\r\n'
    assert json_to_csv([{"a": "1\n2", "b": "z"}]) == 'a,b\r\n"1\n2",z\r\n'
    assert json_to_csv([{"a": "1\r2", "b": "3\r\n4"}]) == 'a,b\r\n"1\r2","3\r\n4"\r\n'


def test_keys_that_need_quotes():
    """The header follows the same rule."""
    assert json_to_csv([{"a,b": "1", 'c"': "2"}]) == '"a,b","c"""\r\n1,2\r\n'


def test_a_line_of_one_empty_field():
    """An empty field that is all its line has is quoted, so that the line is not blank."""
    assert json_to_csv([{"a": ""}, {"a": None}, {"a": "x"}]) == 'a\r\n""\r\n""\r\nx\r\n'
    assert json_to_csv([{"a": "x"}, {}]) == 'a\r\nx\r\n""\r\n'
    assert json_to_csv([{"": "x"}]) == '""\r\nx\r\n'


def test_other_delimiters():
    """With another delimiter a comma needs no quotes, and that delimiter does."""
    assert json_to_csv([{"a": "1,5", "b": "x;y"}], ";") == 'a;b\r\n1,5;"x;y"\r\n'
    assert json_to_csv([{"a": 1.5, "b": None}], delimiter="\t") == "a\tb\r\n1.5\t\r\n"
    assert json_to_csv([{"a": 1.5, "b": "x"}], ".") == 'a.b\r\n"1.5".x\r\n'


def test_nothing():
    """Without an object that has a key there is no text."""
    assert json_to_csv([]) == ""
    assert json_to_csv([{}, {}]) == ""


def test_delimiters_that_are_refused():
    """A delimiter is one character, and neither a quote nor a line end, even for no rows."""
    for delimiter in ("", ";;", '"', "\n", "\r"):
        with pytest.raises(ValueError, match=r"\S"):
            json_to_csv([{"a": "1"}], delimiter)
        with pytest.raises(ValueError, match=r"\S"):
            json_to_csv([], delimiter)


def test_values_that_are_refused():
    """Lists, objects and numbers that JSON does not have are refused."""
    for value in ([], ["x"], {}, {"x": 1}, float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match=r"\S"):
            json_to_csv([{"a": "1"}, {"a": value}])


def test_rows_stay_as_they_are():
    """The objects are not changed."""
    rows = [{"a": None}, {"b": "x"}]
    assert json_to_csv(rows) == "a,b\r\n,\r\n,x\r\n"
    assert rows == [{"a": None}, {"b": "x"}]
