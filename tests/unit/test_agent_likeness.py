"""When two functions are the same, when nearly, and what tells them apart."""

import pytest

from agent.evidence.likeness import (
    EACH,
    FEWEST_TELLING,
    LONGEST_SHOWN,
    MOST_SHOWN,
    Input,
    Likeness,
    Pair,
    compared,
    inputs_of,
    paired,
    renamed,
    spread,
    stand_in,
)
from agent.evidence.statements import Arguments
from agent.making.twins import serves
from agent.types import Task
from registry import Function, Manifest
from sandbox import Answer, Failure, FailureKind

TEXT, WHOLE, LIMIT = {"type": "string"}, {"type": "integer"}, {"type": "integer", "default": 10}


def manifest(name: str = "f", required: tuple[str, ...] = ("text",), **properties: dict) -> Manifest:
    """A manifest with these parameters."""
    schema = {"type": "object", "properties": properties or {"text": TEXT}, "required": list(required)}
    return Manifest(name=name, description="Does it.", input_schema=schema, output_schema=WHOLE)


def given(number: object) -> Arguments:
    """One input."""
    return Arguments(named=(("text", str(number)),))


def raised(kind: FailureKind = FailureKind.EXCEPTION, exception: str = "ValueError") -> Answer:
    """A call that failed."""
    return Answer(failure=Failure(kind=kind, exception=exception, message=f"{exception}: no", traceback=""))


def likeness(*rows: tuple[Answer | int, Answer | int]) -> Likeness:
    """What a comparison with these answers shows."""
    answers = [[one if isinstance(one, Answer) else Answer(value=one) for one in row] for row in rows]
    return Likeness(
        pairs=tuple(Pair(arguments=given(place), mine=one, other=two) for place, (one, two) in enumerate(answers))
    )


EQUAL = [(number, number) for number in range(20)]


def test_the_same_never_differs():
    """All equal is the same; one other value among twenty is nearly so, three are not."""
    assert (likeness(*EQUAL).is_same, likeness(*EQUAL).agree) == (True, 20)
    one = likeness(*EQUAL[1:], (0, 99))
    assert (one.is_same, one.is_near, one.agree) == (False, True, 19)
    assert not likeness(*EQUAL[3:], (0, 97), (1, 98), (2, 99)).is_near


def test_errors_of_one_class_are_the_same():
    """What an error says does not matter, its class does."""
    assert likeness(*EQUAL, (raised(), raised())).is_same
    assert not likeness(*EQUAL, (raised(), raised(exception="KeyError"))).is_same


def test_errors_alone_make_no_other_function():
    """Where the two differ in their errors only, they are near, while half of what tells something is the same."""
    few, many = [(100 + n, raised()) for n in range(19)], [(100 + n, raised()) for n in range(21)]
    assert likeness(*EQUAL, *few).is_near
    assert not likeness(*EQUAL, *few, (1, 2)).is_near
    assert not likeness(*EQUAL, *many).is_near


@pytest.mark.parametrize("usual", [(0, 0), (raised(), raised())], ids=["one value", "all fail"])
def test_the_commonest_answer_tells_nothing(usual):
    """Two tests for validity agree on nearly all inputs: that is neither the same nor near."""
    rare = [(1, 1)] * (FEWEST_TELLING - 1)
    assert not likeness(*[usual] * 90, *rare).is_same
    assert likeness(*[usual] * 90, *rare, (1, 1)).is_same
    assert not likeness(*[usual] * 90, (1, 0), (0, 1), (1, 0)).is_near
    assert not likeness(*[usual] * 90, *rare, *[(1, 0)] * 5).is_near
    assert likeness(*[usual] * 90, *rare, (1, 1), (1, 0)).is_near


def test_nothing_compared_shows_nothing():
    """Without a pair nothing is the same, and nothing divides by zero."""
    nothing = likeness()
    assert (nothing.is_same, nothing.is_near, nothing.is_hopeless, nothing.differences()) == (False, False, False, [])


def test_hopeless_is_what_no_further_input_mends():
    """More other values than a tenth of all inputs there may be; errors do not count."""
    allowed = int(0.1 * 2 * EACH)
    assert not likeness(*[(1, 2)] * allowed).is_hopeless
    assert likeness(*[(1, 2)] * (allowed + 1)).is_hopeless
    assert not likeness(*[(1, raised())] * 50).is_hopeless


def test_the_shortest_differences_are_shown():
    """A few, none that fills a page."""
    long = Pair(arguments=given("x" * LONGEST_SHOWN), mine=Answer(value=1), other=Answer(value=2))
    short = [Pair(arguments=given(n), mine=Answer(value=n), other=raised()) for n in (10, 1, 1000, 100, 10_000)]
    shown = Likeness(pairs=(long, *short)).differences()
    assert [row["this"] for row in shown] == [1, 10, 100][:MOST_SHOWN]
    assert shown[0] == {"arguments": {"text": "1"}, "this": 1, "other": {"error": "ValueError: no"}}
    assert Likeness(pairs=(long,)).differences() == []


def test_what_did_not_end_is_not_compared():
    """A call that was stopped, or not made, says nothing; nor does an error on an input that nobody may mean."""
    inputs = [Input(arguments=given(n), judged=n > 0) for n in range(4)]
    mine = [raised(exception="KeyError"), Answer(value=1), None, raised(FailureKind.TIMEOUT)]
    other = [raised(), Answer(value=1), Answer(value=1), Answer(value=1)]
    assert [pair.arguments for pair in compared(inputs, mine, other)] == [given(1)]


# --- inputs and parameters


def test_both_bring_their_share_of_inputs():
    """No more than a half of them, calls from the tests among them, always the same ones."""
    tests = "\n".join(f"def test_{n}():\n    assert f('{n} eggs') == {n}\n" for n in range(60))
    source = 'def f(text: str) -> int:\n    """Count."""\n    return 1\n'
    function = Function(manifest=manifest(), source=source, tests=f"from function import f\n{tests}")
    inputs = inputs_of(function)
    texts = [dict(one.arguments.named)["text"] for one in inputs]
    assert len(inputs) == len(set(texts)) == EACH
    assert sum(text.endswith(" eggs") and text[:-5].isdigit() for text in texts) >= 20
    assert inputs == inputs_of(function)


def test_an_even_choice():
    """From the whole length, in order, each once."""
    assert spread(range(10), 3) == (0, 3, 6)
    assert spread((1, 2), 3) == (1, 2)
    assert spread((1, 2), 0) == ()


def test_parameters_are_paired_by_name_or_by_place():
    """By name and type in any order; else by the types in their order; defaults are part of a type."""
    both = manifest(required=("text",), text=TEXT, limit=LIMIT)
    assert paired(both, manifest(limit=LIMIT, text=TEXT)) == {"text": "text", "limit": "limit"}
    assert paired(both, manifest(required=("words",), words=TEXT, most=LIMIT)) == {"text": "words", "limit": "most"}
    assert paired(both, manifest(required=("words",), most=LIMIT, words=TEXT)) is None
    assert paired(both, manifest(text=TEXT, limit={**LIMIT, "default": 5})) is None
    assert paired(both, manifest(required=("text", "limit"), text=TEXT, limit=WHOLE)) is None
    assert paired(manifest(text={**TEXT, "description": "The text."}), manifest()) == {"text": "text"}


def test_inputs_are_renamed():
    """Under the first function's names, in its order, what was left out still is."""
    theirs = Input(arguments=Arguments(named=(("b", 2), ("a", 1))), judged=True)
    assert renamed(theirs, {"x": "a", "y": "b", "z": "c"}).arguments.named == (("x", 1), ("y", 2))


def test_the_stand_in_takes_the_place_of_the_first():
    """Its name, manifest and tests, the other's code; more than a second name only where parameters differ."""
    source = 'def g(text: str) -> int:\n    """Count."""\n    return 1\n'
    mine = Function(manifest=manifest("f"), source="", tests="tests of f")
    other = Function(manifest=manifest("g"), source=source, tests="tests of g")
    plain = stand_in(mine, other, {"text": "text"})
    assert (plain.name, plain.tests, plain.source) == ("f", "tests of f", f"{source}\n\nf = g\n")
    words = Function(manifest=manifest("f", ("words",), words=TEXT), source="", tests="")
    assert "def f(" in stand_in(words, other, {"words": "text"}).source


def test_arguments_must_mean_the_same_to_both():
    """By name where the names are the same, by place where the order is, and of the right type."""
    there = manifest(required=("a", "b"), a=WHOLE, b=WHOLE)
    same, shifted = {"a": "a", "b": "b"}, {"b": "a", "c": "b"}
    assert serves(there, same, Task(text="", arguments={"a": 1}))
    assert not serves(there, same, Task(text="", arguments={"a": "one"}))
    assert not serves(there, shifted, Task(text="", arguments={"b": 1}))
    assert serves(there, shifted, Task(text="", positional=(1, 2)))
    assert not serves(there, {"b": "b", "a": "a"}, Task(text="", positional=(1, 2)))
