"""Which arguments fit a function, which are converted, and what is said of the others."""

import datetime
import decimal
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.arguments import bind, type_name
from agent.errors import BadArguments
from registry import Manifest

INTEGER, NUMBER, BOOLEAN, STRING = ({"type": kind} for kind in ("integer", "number", "boolean", "string"))
ARRAY, OBJECT, NULL = ({"type": kind} for kind in ("array", "object", "null"))
INTEGERS = {"type": "array", "items": INTEGER}
DATE, DATETIME, TIME = ({"type": "string", "format": name} for name in ("date", "date-time", "time"))
MAYBE = {"anyOf": [INTEGER, NULL]}
SCHEMAS = [INTEGER, NUMBER, BOOLEAN, STRING, ARRAY, OBJECT, NULL, INTEGERS, DATE, MAYBE, {}, {"enum": ["a", 1]}]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["5", "5.0", "true", "[1]"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def manifest(required: dict[str, dict], optional: dict[str, dict] | None = None) -> Manifest:
    """A function `f` with these parameters."""
    properties = required | (optional or {})
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Manifest(name="f", description="Does it.", input_schema=schema)


def bound(value: object, schema: dict) -> object:
    """What the one argument becomes."""
    return bind(manifest({"x": schema}), {"x": value})["x"]


@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        ("5", INTEGER, 5),
        (" -5 ", INTEGER, -5),
        ("+7", INTEGER, 7),
        (5.0, INTEGER, 5),
        ("5", NUMBER, 5),
        ("5.5", NUMBER, 5.5),
        ("1e3", NUMBER, 1000.0),
        (".5", NUMBER, 0.5),
        ("true", BOOLEAN, True),
        ("False", BOOLEAN, False),
        ("[1,2]", ARRAY, [1, 2]),
        ('["1", 2.0]', INTEGERS, [1, 2]),
        (["1", "2"], INTEGERS, [1, 2]),
        ((1, 2), INTEGERS, [1, 2]),
        ({3}, INTEGERS, [3]),
        ('{"a": 1}', OBJECT, {"a": 1}),
        ({1: "a"}, OBJECT, {"1": "a"}),
        ("null", NULL, None),
        ("null", MAYBE, None),
        ("5", MAYBE, 5),
        (None, MAYBE, None),
        ("5", STRING, "5"),
        ("5", {"anyOf": [INTEGER, STRING]}, "5"),
        ("5", {}, "5"),
        ("", STRING, ""),
        ("2", {"enum": [1, 2], "type": "integer"}, 2),
        (datetime.date(2026, 2, 3), DATE, "2026-02-03"),
        ("2026-02-03", DATE, "2026-02-03"),
        (datetime.datetime(2026, 2, 3, 4, 5), DATETIME, "2026-02-03T04:05:00"),
        ("2026-02-03T04:05:00Z", DATETIME, "2026-02-03T04:05:00Z"),
        (datetime.time(10, 30), TIME, "10:30:00"),
        (decimal.Decimal("1.10"), {"type": ["number", "string"]}, "1.10"),
        (10**30, INTEGER, 10**30),
        pytest.param("9" * 4000, INTEGER, int("9" * 4000), id="4000 digits"),
    ],
)
def test_what_loses_nothing_is_converted(value, schema, wanted):
    """A value that says exactly what the schema wants becomes it, and one that fits already is left alone."""
    result = bound(value, schema)
    assert result == wanted
    assert type(result) is type(wanted)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("5.5", INTEGER),
        ("5.0", INTEGER),
        ("5_000", INTEGER),
        ("five", INTEGER),
        ("", INTEGER),
        (5.5, INTEGER),
        (True, INTEGER),
        (None, INTEGER),
        ("1e999", NUMBER),
        ("nan", NUMBER),
        ("inf", NUMBER),
        (True, NUMBER),
        (1, BOOLEAN),
        ("1", BOOLEAN),
        ("yes", BOOLEAN),
        (5, STRING),
        (None, STRING),
        ("[1,", ARRAY),
        ("[NaN]", ARRAY),
        ("[1e999]", ARRAY),
        ('["\\ud800"]', ARRAY),
        pytest.param("[" * 100_000, ARRAY, id="brackets"),
        ("{}", ARRAY),
        ([1, "x"], INTEGERS),
        ("none", NULL),
        ("2026-02-30", DATE),
        ("03.02.2026", DATE),
        (datetime.datetime(2026, 2, 3), DATE),
        ("noon", TIME),
        ("c", {"enum": ["a", "b"], "type": "string"}),
        (math.nan, NUMBER),
        (math.inf, NUMBER),
        ([-math.inf], ARRAY),
        (b"bytes", STRING),
        (object(), {}),
        ("\ud800", STRING),
        ({"\ud800": 1}, OBJECT),
        pytest.param(10**5000, INTEGER, id="5000 digits"),
    ],
)
def test_what_would_lose_something_is_refused_by_name(value, schema):
    """Nothing is rounded, guessed or cut: the error names the argument and says what to do."""
    with pytest.raises(BadArguments, match="`x`") as caught:
        bound(value, schema)
    assert caught.value.facts["argument"] == "x"
    assert caught.value.exit_code == 2
    assert caught.value.advice
    assert len(str(caught.value)) < 400


def test_nesting_without_end_is_refused():
    """A value too deep to be written is bad input, not a crash."""
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    circle: list = []
    circle.append(circle)
    for value in (deep, circle):
        with pytest.raises(BadArguments, match="nested too deep"):
            bound(value, ARRAY)


def test_unknown_and_missing_arguments_are_named():
    """The error for an unknown argument lists the known; that for missing ones names each with its type."""
    function = manifest({"text": STRING, "count": INTEGER}, {"sep": STRING})
    with pytest.raises(BadArguments, match="takes no argument `txt`; it takes text, count, sep"):
        bind(function, {"txt": "a"})
    with pytest.raises(BadArguments, match=r"needs `text` \(string\), `count` \(integer\)") as caught:
        bind(function, {})
    assert caught.value.facts["missing"] == ["text", "count"]
    assert "-a text=" in caught.value.advice
    with pytest.raises(BadArguments, match="takes no argument `x`; it takes no arguments"):
        bind(manifest({}), {"x": 1})


def test_positional_values_take_the_parameters_in_order():
    """Values by place and by name are one call; a value given twice, or one too many, is refused."""
    function = manifest({"a": INTEGER, "b": STRING}, {"c": INTEGER})
    assert bind(function, {"c": 3}, ("1", "x")) == {"a": 1, "b": "x", "c": 3}
    assert bind(function, {}, (1, "x")) == {"a": 1, "b": "x"}
    with pytest.raises(BadArguments, match="`a` twice"):
        bind(function, {"a": 1}, (1,))
    with pytest.raises(BadArguments, match="takes 3 arguments, 4 were given"):
        bind(function, {}, (1, "x", 3, 4))


def test_the_place_inside_a_nested_value_is_named():
    """For a list or an object the error leads to the entry that is wrong."""
    rows = {"type": "array", "items": {"type": "object", "additionalProperties": INTEGER}}
    with pytest.raises(BadArguments, match=r"`x`\[1\]\['b'\]"):
        bound([{"a": 1}, {"b": "z"}], rows)


def test_a_long_value_is_not_repeated_whole():
    """An error stays readable where the value is a megabyte."""
    with pytest.raises(BadArguments) as caught:
        bound("x" * 1_000_000, INTEGER)
    assert len(str(caught.value)) < 400


def test_the_callers_values_are_not_changed():
    """Conversion makes new values."""
    given_value = {"x": ["1", "2"]}
    bind(manifest({"x": INTEGERS}), given_value)
    assert given_value == {"x": ["1", "2"]}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (INTEGER, "integer"),
        (MAYBE, "integer or null"),
        ({"enum": ["a", 1]}, 'one of "a", 1'),
        (DATE, "date (text)"),
        ({"type": ["number", "string"]}, "number or string"),
        ({}, "any value"),
    ],
)
def test_types_are_named_in_words(schema, words):
    """People read a type, not a schema."""
    assert type_name(schema) == words


@given(JSON_VALUES, st.sampled_from(SCHEMAS))
def test_binding_is_idempotent_and_gives_json(value, schema):
    """What is bound is JSON, and binding it again changes nothing; all else is `BadArguments`."""
    try:
        once = bind(manifest({"x": schema}), {"x": value})
    except BadArguments:
        return
    json.dumps(once, allow_nan=False).encode()
    twice = bind(manifest({"x": schema}), once)
    assert twice == once
    assert json.dumps(twice) == json.dumps(once)
