"""Reading evidence out of suites and texts, and drawing inputs from it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.evidence.inputs import draw, typed_inputs, vocabulary_of
from agent.evidence.statements import Arguments, Promise, calls_of, examples_in, statements_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(-100, 100) | st.text("ab 1/", max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBSERVED = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4).map(
    lambda rows: [Arguments(positional=row) for row in rows]
)


def promised(suite: str) -> list[tuple[str, Any]]:
    """Arguments and value of each plain promise on `f`."""
    promises = [statement.promise for statement in statements_of(suite, "f") if statement.promise]
    return [(promise.arguments.text, promise.value) for promise in promises]


@pytest.mark.parametrize(
    ("line", "promise"),
    [
        ("assert f(1, 2) == 3, 'words'", ("1, 2", 3)),
        ("assert 3 == f(1, b=2)", ("1, b=2", 3)),
        ("assert f([]) is None", ("[]", None)),
        ("assert not f('')", ("''", False)),
        ("assert f('x')", ("'x'", True)),
        ("def test_it():\n    assert f(1) == (1, [2])", ("1", (1, [2]))),
        ("class TestIt:\n    def test_a(self):\n        self.assertEqual(f(1), 2)", ("1", 2)),
        ("def f(n):\n    assert f(1) == 2", ("1", 2)),
    ],
)
def test_a_plain_assertion_is_a_promise(line: str, promise: tuple[str, Any]) -> None:
    """A call with literals and a literal result is read from plain, pytest and unittest style alike."""
    assert promised(line) == [promise]


def test_a_suites_own_copy_of_the_function_is_left_out() -> None:
    """What a suite defines or imports under the function's name never stands in for the candidate."""
    suite = "from function import f\ndef f(x):\n    return 1\nE = 0.1\nassert abs(f(2) - 1) < E\nassert f(2) == 1\n"
    codes = [statement.code for statement in statements_of(suite, "f")]
    assert codes == ["E = 0.1\nassert abs(f(2) - 1) < E", "assert f(2) == 1"]


def test_tests_of_other_functions_and_repeated_ones_do_not_count() -> None:
    """Only assertions that use the function count, each once, and one that pytest must fill does not."""
    suite = (
        "assert g(1) == 1\nassert f(1) == 1\nassert f(1) == 1\n"
        "def test_a(tmp_path):\n    assert f(2) == 2\n"
        "def test_b():\n    x = f(3)\n    assert x == 3\n"
    )
    assert [statement.code for statement in statements_of(suite, "f")] == [
        "assert f(1) == 1",
        "x = f(3)\nassert x == 3",
    ]


def test_calls_are_collected_wherever_they_stand() -> None:
    """Every literal call is an input that the suite's author thought of, also one that no promise is tied to."""
    suite = "def test_a():\n    assert len(f([1])) == f(2)\n    f(x)\n"
    assert {arguments.text for arguments in calls_of(suite, "f")} == {"[1]", "2"}


def test_a_suite_that_is_not_python_is_no_evidence() -> None:
    """Broken or absurdly nested text gives nothing and raises nothing."""
    assert statements_of("assert f(", "f") == () == statements_of("(" * 500, "f") == calls_of("def", "f")


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (">>> f(1)\n2\n", "1", 2),
        (">>> f([])\n\n", "[]", None),
        (">>> f('a') == 'b'\n", "'a'", "b"),
        (">>> f('a') == 'b'\nTrue\n", "'a'", "b"),
        ("f(1, 2) ➞ False \n# because", "1, 2", False),
        ("for f([1,\n  2]) == [(0, 1)], say", "[1, 2]", [(0, 1)]),
        ('f("14.5") should\n return 15 and', "'14.5'", 15),
        ("f('(') => \"x, y\" (two)", "'('", "x, y"),
        ("  Input: arr = [1, 2], k = 1\n  Output: [2]\n", "[1, 2], 1", [2]),
        ('For num = "AB" the output should be 1.\n', "'AB'", 1),
    ],
)
def test_a_tasks_own_examples_are_found(text: str, arguments: str, value: Any) -> None:
    """Doctests, arrows, equal signs and `Input`/`Output` lines in a text are examples."""
    found = [(promise.arguments.text, promise.value) for promise in examples_in(text, "f")]
    assert found == [(arguments, value)]


def test_prose_is_no_example() -> None:
    """A call without a literal result behind it, and a recurrence in letters, promise nothing."""
    assert examples_in("f(n) == f(n-1) + 1. Use f(1) wisely. f(2) == x\n>>> f(3) > 1\n", "f") == ()


@settings(max_examples=60, deadline=None)
@given(observed=OBSERVED, seed=st.integers(0, 5))
def test_drawing_is_repeatable_and_new(observed: list[Arguments], seed: int) -> None:
    """The same observed calls and seed give the same inputs; each is new, once, and built like the observed ones."""
    drawn = draw(observed, (1, "ab"), near=12, edge=6, seed=seed)
    assert drawn == draw(observed, (1, "ab"), near=12, edge=6, seed=seed)
    texts = [arguments.text for arguments in (*drawn.near, *drawn.edge)]
    assert len(set(texts)) == len(texts)
    assert not {arguments.text for arguments in observed} & set(texts)
    assert all(len(arguments.positional) == 2 for arguments in drawn.near)


@settings(max_examples=60, deadline=None)
@given(numbers=st.lists(st.integers(1, 500), min_size=1, max_size=5, unique=True))
def test_near_inputs_keep_to_what_was_observed(numbers: list[int]) -> None:
    """Where only positive whole numbers were seen, none of the near inputs is negative or of another type."""
    observed = [Arguments(positional=(number, [number])) for number in numbers]
    for arguments in draw(observed, (7,), near=30, edge=0, seed=1).near:
        first, second = arguments.positional
        assert type(first) is int
        assert first >= 1
        assert second
        assert all(type(item) is int and item >= 1 for item in second)


def test_edge_inputs_hold_the_empty_ones() -> None:
    """The borders contain nothing, one, and a negative number."""
    observed = [Arguments(positional=([1, 2, 3], "abc"))]
    drawn = draw(observed, (), near=0, edge=60, seed=1).edge
    lists, texts = {repr(arguments.positional[0]) for arguments in drawn}, {item.positional[1] for item in drawn}
    assert "[]" in lists
    assert "" in texts
    assert any("-" in text for text in lists)


def test_named_arguments_keep_their_names() -> None:
    """Calls by name are changed in their values only."""
    observed = [Arguments(named=(("text", "a b"), ("most", 2)))]
    assert {tuple(name for name, _ in item.named) for item in draw(observed, (), near=9, edge=3, seed=1).near} == {
        ("text", "most")
    }


def test_without_an_observed_call_nothing_is_drawn() -> None:
    """There is nothing to be like."""
    assert draw([], (1,), near=5, edge=5, seed=1).near == ()


@pytest.mark.parametrize(
    ("hints", "values"),
    [
        ("a: int, b: str", (2, "one two")),
        ("a: list[float]", ([2.5, 3.5],)),
        ("a: dict[str, bool] | None", ({"a": True, "b": True},)),
        ("a: tuple[int, str]", ((2, "one two"),)),
        ("a: Literal['x', 'y']", ("x",)),
    ],
)
def test_types_alone_give_inputs(hints: str, values: tuple[Any, ...]) -> None:
    """Where nobody gave an example, the first source whose types can be read gives small, middle and larger values."""
    found = typed_inputs(["def", f"def f({hints}) -> int:\n    return 1\n"], "f")
    assert len(found) == 3
    assert found[1].positional == values


def test_untyped_sources_give_no_inputs() -> None:
    """An unknown type is not guessed."""
    assert typed_inputs(["def f(a: Thing):\n    return 1\n", "x = 1\n"], "f") == ()


def test_the_vocabulary_is_what_text_and_sources_speak_of() -> None:
    """Quoted words, numbers and the constants of the sources, each once; broken sources add nothing."""
    words = vocabulary_of("ends in 'txt', 3 times or 2.5", ["def f():\n    return 'dll', 41\n", "def"])
    assert words == ("txt", 3, 2.5, "dll", 41)


def test_a_promise_says_which_call_it_is_about() -> None:
    """The text is how one would write the call; the literal is what the sandbox reads."""
    promise = Promise(arguments=Arguments(positional=(1,), named=(("b", [2]),)), value=3)
    assert (promise.arguments.text, promise.arguments.literal) == ("1, b=[2]", "((1,), {'b': [2]})")
