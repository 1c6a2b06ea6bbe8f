"""What every sandbox back end owes for many calls in one start."""

import time
from typing import Any

import pytest

from sandbox import Answer, Calls, FailureKind, Limits, Sandbox

SOURCE = """
import datetime
def f(x, y=1):
    if x == 'raise':
        raise KeyError('x')
    if x == 'loop':
        while True:
            pass
    if x == 'recurse':
        return f(x)
    if x == 'hang':
        return sum(range(10**13))
    if x == 'exit':
        import os
        os._exit(3)
    if x == 'fill':
        return 'a' * 10**10
    if isinstance(x, list):
        x.append(1)
    return x
def year(day: datetime.date):
    return day.year
"""


def literal(*positional: Any, **named: Any) -> str:
    """Arguments as the sandbox reads them."""
    return repr((positional, named))


def ask(box: Sandbox, *arguments: Any, limits: Limits | None = None, **more: Any) -> tuple[Answer, ...]:
    """`f` called with one argument after another."""
    calls = tuple(("f", literal(argument)) for argument in arguments)
    return box.call_many(Calls(source=SOURCE, calls=calls, **more), limits)


def kinds(answers: tuple[Answer, ...]) -> list[Any]:
    """The failure of each answer, or its value."""
    return [answer.failure.kind if answer.failure else answer.value for answer in answers]


def test_each_call_has_its_answer_in_order(box: Sandbox) -> None:
    """Values come back as JSON, in the order of the calls."""
    assert kinds(ask(box, 1, "ż", None, [2], {"a": 1.5})) == [1, "ż", None, [2, 1], {"a": 1.5}]


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ((1, 2), "tuple"),
        ([(1,), [2]], "list[list|tuple]"),
        ({1, 2}, "set"),
        ({"a": ()}, "dict[tuple]"),
        (3, ""),
        ([], "list"),
    ],
)
def test_the_shape_tells_containers_apart(box: Sandbox, value: Any, shape: str) -> None:
    """What JSON writes alike is told apart by its shape."""
    source = f"def f():\n    return {value!r}\n"
    (answer,) = box.call_many(Calls(source=source, calls=(("f", literal()),)))
    assert answer.shape == shape


def test_literals_keep_their_type_and_names_are_converted(box: Sandbox) -> None:
    """What is given by place arrives as the Python literal it is; what is given by name as its hint says."""
    calls = (("f", literal((1, {2}))), ("year", literal(day="2024-02-29")))
    answers = box.call_many(Calls(source=SOURCE, calls=calls))
    assert [(answer.value, answer.shape) for answer in answers] == [([1, [2]], "tuple[set]"), (2024, "")]


def test_a_changed_argument_is_told(box: Sandbox) -> None:
    """A call that changes what it was given says so, and only that one."""
    assert [answer.changed for answer in ask(box, [1], "a", (1,))] == [True, False, False]


def test_an_exception_is_one_answer(box: Sandbox) -> None:
    """A call that raises has a failure with the class's name; the calls after it are made."""
    first, second = ask(box, "raise", 2)
    assert first.failure is not None
    assert (first.failure.kind, first.failure.exception, second.value) == (FailureKind.EXCEPTION, "KeyError", 2)


def test_steps_stop_a_loop_and_nothing_else(box: Sandbox) -> None:
    """A call that needs too many steps is a time-out by itself, the same on a fast and a slow machine."""
    assert kinds(ask(box, 1, "loop", 2, steps_a_call=50_000)) == [1, FailureKind.TIMEOUT, 2]


def test_used_up_steps_end_the_list(box: Sandbox) -> None:
    """Calls for which no steps are left are not made: the answers are fewer."""
    assert kinds(ask(box, 1, "loop", "loop", 2, steps_a_call=50_000, steps=60_000)) == [
        1,
        FailureKind.TIMEOUT,
        FailureKind.TIMEOUT,
    ]


def test_endless_recursion_is_an_exception(box: Sandbox) -> None:
    """It ends by Python's own limit, as in a single call."""
    assert kinds(ask(box, "recurse", 1))[1] == 1


@pytest.mark.parametrize("bad", ["exit", "fill"])
def test_a_call_that_takes_the_sandbox_down_is_found_out(box: Sandbox, bad: str) -> None:
    """The others are answered as if it were not there."""
    answers = ask(box, 1, 2, bad, 3, 4)
    assert kinds(answers)[:2] + kinds(answers)[3:] == [1, 2, 3, 4]
    assert answers[2].failure is not None


@pytest.mark.alone
def test_a_hang_in_c_code_keeps_what_came_before(box: Sandbox) -> None:
    """The clock stops what steps cannot count; the limit is that of all calls together."""
    started = time.monotonic()
    answers = ask(box, 1, 2, "hang", 3, limits=Limits(wall_clock_s=3.0))
    assert kinds(answers)[:2] == [1, 2]
    assert time.monotonic() - started < 3.0 + 30.0


def test_a_source_that_does_not_load_fails_every_call(box: Sandbox) -> None:
    """Each answer carries the same failure, with the class's name."""
    answers = box.call_many(Calls(source="def f(:\n", calls=(("f", literal()), ("f", literal()))))
    assert [answer.failure.exception for answer in answers if answer.failure] == ["SyntaxError"] * 2


def test_a_result_that_is_no_json_is_one_answer(box: Sandbox) -> None:
    """A generator, NaN and a huge result are failures of their call alone."""
    source = "def f(x):\n    return [iter([1]), float('nan'), 'a' * 300_000, 1][x]\n"
    answers = box.call_many(Calls(source=source, calls=tuple(("f", literal(number)) for number in range(4))))
    assert kinds(answers) == [
        FailureKind.RESULT_NOT_JSON,
        FailureKind.RESULT_NOT_JSON,
        FailureKind.RESULT_TOO_LARGE,
        1,
    ]


def test_an_async_function_is_run_to_its_end(box: Sandbox) -> None:
    """A coroutine's value is what it returns."""
    source = "async def g():\n    return 2\nasync def f():\n    return await g() + 1\n"
    assert kinds(box.call_many(Calls(source=source, calls=(("f", literal()),)))) == [3]


def test_no_calls_no_answers(box: Sandbox) -> None:
    """Nothing asked, nothing started."""
    assert box.call_many(Calls(source=SOURCE, calls=())) == ()
