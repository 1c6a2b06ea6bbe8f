"""The inputs on which properties are tried: all fit the schema, none is huge, the same each time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.arguments import fits
from agent.evidence.fitting import MOST, SMALL_NUMBER, Fitting, fitting, is_closed, numbers_in
from agent.source.signature import read_signature
from registry import Example, Function, Manifest

TYPES = st.recursive(
    st.sampled_from(("int", "float", "str", "bool", "date", "datetime", "Decimal", "Literal['up', 'down']")),
    lambda inner: st.one_of(
        inner.map(lambda name: f"list[{name}]"),
        inner.map(lambda name: f"dict[str, {name}]"),
        inner.map(lambda name: f"{name} | None"),
        st.tuples(inner, inner).map(lambda names: f"tuple[{names[0]}, {names[1]}]"),
    ),
    max_leaves=4,
)


def function(parameters: str, tests: str = "") -> Function:
    """A function with these parameters."""
    source = f'def f({parameters}) -> int:\n    """Do it."""\n    return 1\n'
    manifest = Manifest(name="f", description="Do it.", input_schema=read_signature(source).input_schema)
    return Function(manifest=manifest, source=source, tests=tests)


def inputs(parameters: str, tests: str = "", examples: tuple[Example, ...] = ()) -> Fitting:
    """The inputs for it."""
    made = function(parameters, tests)
    return fitting(made, (tests,), examples, "do it")


def named(found: tuple[Any, ...]) -> list[dict[str, Any]]:
    """The arguments of the calls."""
    return [dict(one.named) for one in found]


@settings(max_examples=40)
@given(TYPES, TYPES)
def test_whatever_the_types_there_are_inputs_and_all_fit(first: str, second: str) -> None:
    """Types alone are enough for some inputs; each fits the schema, and none is there twice."""
    parameters = f"a: {first}, b: {second} = None"
    found = inputs(parameters)
    schema = function(parameters).manifest.input_schema
    assert found.well_typed
    assert 0 < len(found.all) <= MOST
    assert all(fits(arguments, schema) for arguments in named(found.all))
    assert len({one.text for one in found.all}) == len(found.all)
    assert found == inputs(parameters)


def test_calls_in_tests_and_examples_are_taken_by_name() -> None:
    """Calls by place become calls by name, tuples and sets lists; what does not fit is left out."""
    tests = "assert f((1, 2), 'x') == 1\nassert f(b='y', a=[]) == 1\nassert f('no', 3) == 1\nassert f([1], 'z', 3)\n"
    found = inputs("a: list[int], b: str", tests, (Example(arguments={"a": [9], "b": "e"}, output=1),))
    assert named(found.given) == [{"a": [9], "b": "e"}, {"a": [1, 2], "b": "x"}, {"b": "y", "a": []}]


def test_nothing_huge_is_drawn() -> None:
    """Numbers are no larger than a hundred or than the largest that somebody thought of."""
    assert max(map(abs, numbers_in(named(inputs("n: int", "f(7)").all)))) <= SMALL_NUMBER
    drawn = named(inputs("n: int", "f(1000)").drawn)
    assert SMALL_NUMBER < max(map(abs, numbers_in(drawn))) <= 1000


@pytest.mark.parametrize("parameters", ["a: list", "a: dict", "a: Any", "a: int, b: list[list]", "a: dict[str, Any]"])
def test_loose_types_are_told(parameters: str) -> None:
    """Under a bare `list` only what somebody called it with is surely meant."""
    assert not inputs(parameters).well_typed
    assert inputs(parameters).all == ()


def test_a_function_without_parameters_has_one_input() -> None:
    """There is only one way to call it."""
    assert named(inputs("").all) == [{}]


def test_closed_schemas() -> None:
    """A schema is closed where each part says what it is."""
    assert is_closed({"type": "array", "items": {"type": "integer"}})
    assert is_closed({"enum": [1, "a"]})
    assert not is_closed({"type": "array", "items": {}})
    assert not is_closed({"anyOf": [{"type": "integer"}, {"type": "object"}]})
