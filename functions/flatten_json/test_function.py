"""What flatten_json promises."""

import pytest
from function import flatten_json


def test_a_flat_object_stays():
    """Values of every simple kind stay as they are, in their order."""
    value = {"b": True, "a": 1, "x": 0.5, "t": "text", "none": None, "f": False}
    found = flatten_json(value)
    assert found == value
    assert [(key, type(inner)) for key, inner in found.items()] == [(key, type(value[key])) for key in value]


def test_names_are_joined_by_dots():
    """Each level adds a dot and its name."""
    assert flatten_json({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}


def test_places_in_lists():
    """Places in a list count from 0 and stand in brackets, without a dot before them."""
    assert flatten_json({"a": ["x", {"b": "y"}, ["z"]]}) == {"a[0]": "x", "a[1].b": "y", "a[2][0]": "z"}


def test_order():
    """Keys come in the order in which the values stand, the deep ones too."""
    found = flatten_json({"c": {"z": 1, "y": [2, 3]}, "a": 4, "b": {"x": 5}})
    assert list(found.items()) == [("c.z", 1), ("c.y[0]", 2), ("c.y[1]", 3), ("a", 4), ("b.x", 5)]


def test_long_lists():
    """Places have as many digits as they need."""
    assert list(flatten_json({"a": list(range(12))}).items())[-2:] == [("a[10]", 10), ("a[11]", 11)]


def test_empty_containers():
    """An empty object or list inside gives its key with null."""
    assert flatten_json({"a": {}, "b": [], "c": [[], {}]}) == {"a": None, "b": None, "c[0]": None, "c[1]": None}


def test_nothing():
    """An empty object stays empty, and one with null does not."""
    assert flatten_json({}) == {}
    assert flatten_json({"a": None}) == {"a": None}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a.b", "['a.b']"),
        ("a[0]", "['a[0]']"),
        ("[", "['[']"),
        ("]", "[']']"),
        ("", "['']"),
        (".'", r"['.\'']"),
        (".\\", r"['.\\']"),
    ],
)
def test_names_that_could_be_misread(name: str, key: str):
    """An empty name, or one with a dot or bracket, stands in brackets and quotes, at any level."""
    assert flatten_json({name: 1}) == {key: 1}
    assert flatten_json({"x": {name: {"y": 1}}}) == {f"x{key}.y": 1}


@pytest.mark.parametrize("name", ["first-name", "it's", "a b", "back\\slash", "Łódź", "0", "$"])
def test_other_names_stay(name: str):
    """All other names stand as they are."""
    assert flatten_json({name: {name: 1}}) == {f"{name}.{name}": 1}


def test_different_places_have_different_keys():
    """What looks alike when joined stays apart."""
    assert len(flatten_json({"a": {"b": 1, "c": [2]}, "a.b": 3, "a.c[0]": 4, "a.c": {"[0]": 5}})) == 5


def test_texts_are_not_taken_apart():
    """Empty texts, zeros and texts that look like JSON are values."""
    assert flatten_json({"a": ["", 0, "[1]", 0.0]}) == {"a[0]": "", "a[1]": 0, "a[2]": "[1]", "a[3]": 0.0}


def test_depth_has_no_limit():
    """Hundreds of levels are no trouble."""
    value: dict[str, object] = {"x": 7}
    for _ in range(300):
        value = {"x": value}
    assert flatten_json(value) == {".".join("x" * 301): 7}


def test_the_argument_stays():
    """What is given is not changed."""
    value = {"a": [1, {"b": []}]}
    assert flatten_json(value) == {"a[0]": 1, "a[1].b": None}
    assert value == {"a": [1, {"b": []}]}


def test_values_that_json_does_not_have():
    """A value of another kind is an error that names its place."""
    with pytest.raises(ValueError, match=r"^a\[1\] holds a set, which JSON does not have$"):
        flatten_json({"a": [1, {2}]})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_have(number: float):
    """What is no number or has no end is an error that names its place; large numbers are none."""
    with pytest.raises(ValueError, match=rf"^a\.b is {number}, which JSON does not have$"):
        flatten_json({"a": {"b": number}})
    assert flatten_json({"a": {"b": 1e308}}) == {"a.b": 1e308}
