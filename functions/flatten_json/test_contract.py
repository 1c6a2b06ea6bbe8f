"""What `flatten_json` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import flatten_json


def test_names_are_joined_by_dots():
    """Objects within objects give names with dots between them."""
    assert flatten_json({"a": {"b": {"c": 1}}, "d": {"e": 2}}) == {"a.b.c": 1, "d.e": 2}


def test_places_in_lists_stand_in_brackets():
    """Items of a list are counted from 0, in lists within lists too."""
    assert flatten_json({"a": ["x", "y"]}) == {"a[0]": "x", "a[1]": "y"}
    assert flatten_json({"a": [[1, 2], [3]]}) == {"a[0][0]": 1, "a[0][1]": 2, "a[1][0]": 3}


def test_objects_in_lists():
    """Behind a place in a list a name follows with a dot."""
    assert flatten_json({"a": [{"b": 1}, {"b": {"c": [2]}}]}) == {"a[0].b": 1, "a[1].b.c[0]": 2}


def test_what_is_flat_stays():
    """An object of one level is its own result, with values of every kind."""
    value = {"t": "x", "i": 1, "d": 1.5, "b": False, "n": None, "e": ""}
    assert flatten_json(value) == {"t": "x", "i": 1, "d": 1.5, "b": False, "n": None, "e": ""}
    assert [type(item) for item in flatten_json({"a": True, "b": 1, "c": 1.0}).values()] == [bool, int, float]


def test_the_order_stays():
    """The keys come as the values stand."""
    assert list(flatten_json({"z": {"y": 1, "b": 2}, "a": [3], "m": 4})) == ["z.y", "z.b", "a[0]", "m"]


def test_nothing():
    """An empty object has no values."""
    assert flatten_json({}) == {}


def test_empty_objects_and_lists_inside():
    """An empty object or list inside leaves its key, with null."""
    assert flatten_json({"a": {}, "b": [], "c": {"d": []}}) == {"a": None, "b": None, "c.d": None}
    assert flatten_json({"a": [[], {}]}) == {"a[0]": None, "a[1]": None}


def test_names_with_dots_and_brackets():
    """A name with a dot or a bracket stands in brackets and single quotes, without a dot before it."""
    assert flatten_json({"a.b": 1}) == {"['a.b']": 1}
    assert flatten_json({"x": {"a.b": {"c": 1}}}) == {"x['a.b'].c": 1}
    assert flatten_json({"a[0]": 1, "b]": 2, "[": 3}) == {"['a[0]']": 1, "['b]']": 2, "['[']": 3}


def test_empty_names():
    """An empty name stands in brackets and quotes."""
    assert flatten_json({"": 1}) == {"['']": 1}
    assert flatten_json({"a": {"": [2]}, "": {"b": 3}}) == {"a[''][0]": 2, "[''].b": 3}


def test_quotes_and_backslashes_within_brackets():
    """Where a name stands in quotes, its single quotes and backslashes get a backslash before them."""
    assert flatten_json({"a.'b": 1}) == {"['a.\\'b']": 1}
    assert flatten_json({"a.\\": 1}) == {"['a.\\\\']": 1}
    assert flatten_json({"it's": 1, "a\\b": 2, "a b-c": 3}) == {"it's": 1, "a\\b": 2, "a b-c": 3}


def test_different_places_have_different_keys():
    """Names that look like ways do not meet the ways themselves."""
    value = {"a": {"b": 1, "0": 2}, "a.b": 3, "b": [4], "b[0]": 5, "['b'][0]": 6, "['a.b']": 7}
    assert sorted(flatten_json(value).values()) == [1, 2, 3, 4, 5, 6, 7]


def test_values_that_are_refused():
    """Numbers that JSON does not have are refused, wherever they stand."""
    for bad in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match=r"\S"):
            flatten_json({"a": {"b": [1, bad]}})


def test_arguments_stay_as_they_are():
    """The object that was given is not changed."""
    value = {"a": {"b": []}, "c": [1]}
    assert flatten_json(value) == {"a.b": None, "c[0]": 1}
    assert value == {"a": {"b": []}, "c": [1]}
