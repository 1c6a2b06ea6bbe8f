"""Which tests follow from a specification alone, and that they tell a right function from a wrong one."""

import sys
import types
from typing import Any

import pytest

from agent.evidence.specified_tests import specified_tests
from agent.source import suites
from agent.specification import Specification

RIGHT = "def clamp(value, low=0):\n    if low > 99:\n        raise OverflowError('low')\n    return max(value, low)\n"
EXAMPLES = [
    {"in": {"value": 5}, "out": 5},
    {"in": {"value": -5, "low": 1}, "out": 1},
    {"in": {"value": 1, "low": 100}, "raises": True},
]


def specified(**changed: Any) -> Specification:
    """The specification of a function that clamps numbers, with changes."""
    fields: dict[str, Any] = {
        "name": "clamp",
        "description": "Clamp a number.",
        "signature": "def clamp(value: int, low: int = 0) -> int",
        "bad_input": [{"when": "low is above 99", "raises": "OverflowError"}],
        "examples": EXAMPLES,
        "properties": [{"name": "Not below low", "holds": "result >= low"},
                       {"name": "idempotent", "holds": "clamp(result, low=low) == result"}],
    }  # fmt: skip
    return Specification.model_validate(fields | changed)


def failing(suite: str, source: str) -> list[str]:
    """The tests of a suite that a function does not pass."""
    function = types.ModuleType("function")
    exec(source, function.__dict__)
    scope: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "function", function)
        exec(suite, scope)
    return [name for name in suites.tests_in(suite) if not passes(scope[name])]


def passes(test: Any) -> bool:
    """True where the test raises nothing."""
    try:
        test()
    except (AssertionError, LookupError, OverflowError, TypeError, pytest.fail.Exception):
        return False
    return True


def test_each_example_and_each_property_is_a_test():
    """A right function passes them all, and each has a name of its own."""
    suite = specified_tests(specified())
    assert suites.tests_in(suite) == (
        *(f"test_specified_example_{number}" for number in (1, 2, 3)),
        "test_property_1_not_below_low",
        "test_property_2_idempotent",
    )
    assert failing(suite, RIGHT) == []


@pytest.mark.parametrize(
    ("old", "new", "caught"),
    [
        ("max(value, low)", "value", {"example_2", "property_1"}),
        ("max(value, low)", "max(value, low) + 1", {"example_1", "example_2", "property_2"}),
        ("OverflowError", "KeyError", {"example_3"}),
        ("> 99", "> 100", {"example_3"}),
    ],
)
def test_a_wrong_function_fails_them(old, new, caught):
    """Values, errors and what must always hold are each minded by a test."""
    found = failing(specified_tests(specified()), RIGHT.replace(old, new))
    assert caught <= {"_".join(name.split("_")[-2:] if "example" in name else name.split("_")[1:3]) for name in found}


@pytest.mark.parametrize(
    "signature",
    [
        "def clamp(value: date, low: int = 0) -> int",
        "def clamp(value: int, low: int = 0) -> tuple[int, ...]",
        "def clamp(value: int, low: datetime.date | None = None) -> int",
        "def clamp(value: set[int], low: int = 0) -> int",
        "def clamp(value: 'date', low: int = 0) -> int",
    ],
)
def test_what_has_no_plain_json_form_is_left_to_the_gate(signature):
    """An example's JSON is not what such a function takes or gives: no test says so, the suite only imports."""
    suite = specified_tests(specified(signature=signature))
    assert suites.tests_in(suite) == ()
    assert suite.strip() == "from function import clamp"


@pytest.mark.parametrize(
    ("output", "good", "bad"),
    [
        (0.3, 0.1 + 0.2, 0.31),
        (True, True, 1),
        (None, None, False),
        ([1, "a"], [1, "a"], (1, "a")),
        ({"a": None}, {"a": None}, {}),
    ],
)
def test_an_examples_value_is_meant_as_a_person_would(output, good, bad):
    """The last digits of a float do not matter; truths, None and lists are nothing else."""
    made = specified(signature="def clamp(value: int) -> Any", examples=[{"in": {"value": 1}, "out": output}])
    suite = specified_tests(made.model_copy(update={"properties": ()}))
    assert failing(suite, f"def clamp(value):\n    return {good!r}\n") == []
    assert failing(suite, f"def clamp(value):\n    return {bad!r}\n") == ["test_specified_example_1"]


def test_an_example_that_the_signature_cannot_take_is_no_test():
    """A call that never gets as far as the function promises nothing of it."""
    examples = [*EXAMPLES, {"in": {"value": "x"}, "raises": True}]
    assert suites.tests_in(specified_tests(specified(examples=examples, properties=[]))) == (
        "test_specified_example_1", "test_specified_example_2", "test_specified_example_3",
    )  # fmt: skip


def test_properties_of_the_same_name_are_two_tests():
    """No promise is lost because another is called alike, or has no name."""
    named = [{"name": name, "holds": holds} for name, holds in (("x!", "result >= low"), ("x?", "result >= value"),
                                                                ("", "result == result"))]  # fmt: skip
    suite = specified_tests(specified(properties=named, examples=EXAMPLES[:1]))
    assert suites.tests_in(suite)[1:] == ("test_property_1_x", "test_property_2_x", "test_property_3_property")


@pytest.mark.parametrize(
    "holds",
    ["all(low <= one for one in [result])", "max([result], key=lambda one: -one) == result",
     "(one := result) == one", "math.isfinite(result)"],
)  # fmt: skip
def test_a_property_may_bind_names_of_its_own(holds):
    """Comprehensions, lambdas and `math` are within what an expression may use."""
    suite = specified_tests(specified(properties=[{"name": "it", "holds": holds}]))
    assert "test_property_1_it" in suites.tests_in(suite)
    assert failing(suite, RIGHT) == []


@pytest.mark.parametrize("holds", ["result == expected", "numpy.all(result)", "old_result <= result"])
def test_a_property_of_unknown_things_is_no_test(holds):
    """What could only fail for want of a name would condemn every candidate."""
    assert "property" not in specified_tests(specified(properties=[{"name": "it", "holds": holds}]))


@pytest.mark.parametrize("name", ["given", "result"])
def test_a_parameter_named_like_a_part_of_the_test_makes_no_property_test(name):
    """The test's own names never hide an argument."""
    made = specified(
        signature=f"def clamp({name}: int) -> int",
        examples=[{"in": {name: 1}, "out": 1}],
        properties=[{"name": "positive", "holds": "result >= 0"}],
    )
    assert suites.tests_in(specified_tests(made)) == ("test_specified_example_1",)


def test_a_property_is_tried_on_more_than_the_examples():
    """Drawn inputs find what the examples do not: here all but small numbers are wrong."""
    wrong = "def clamp(value, low=0):\n    return max(value, low) if (value, low) in ((5, 0), (-5, 1)) else -1000\n"
    suite = specified_tests(specified(examples=EXAMPLES[:2]))
    assert failing(suite, wrong) == ["test_property_1_not_below_low", "test_property_2_idempotent"]


def test_without_an_example_there_is_nothing_to_draw_from():
    """A property alone gives no test: nobody knows what a usual call looks like."""
    assert suites.tests_in(specified_tests(specified(examples=[]))) == ()


def test_the_same_specification_gives_the_same_tests():
    """Nothing in the suite is left to chance."""
    assert specified_tests(specified()) == specified_tests(specified())


def test_the_tests_of_a_coroutine_await_it():
    """Examples and properties of an `async def` are tests that wait; for one with a host nothing is drawn."""
    text = specified_tests(
        specified(
            signature="async def clamp(value: int, low: int = 0) -> int",
            properties=[{"name": "Not below low", "holds": "result >= low"}],
            host=[{"ask": {"http": "GET https://a.example/limits"}, "reply": {"json": {"low": 0}}}],
        )
    )
    assert "async def test_specified_example_1():\n    assert (await clamp(value=5)) == 5" in text
    assert "async def test_property_1_not_below_low():" in text
    assert "result = await clamp(**given)" in text
    assert "for given in [{'low': 0, 'value': 5}, {'low': 1, 'value': -5}]:" in text
