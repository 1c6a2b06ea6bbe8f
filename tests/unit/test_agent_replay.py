"""What a replay of recorded calls says, with answers that are told, not run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.evidence.replay import Changed, Replay, replay
from registry import Function, Manifest, Status, Version
from sandbox import Answer, Calls, Failure, FailureKind, Limits

SCHEMA = {
    "type": "object",
    "properties": {"x": {"type": "integer"}},
    "required": ["x"],
    "additionalProperties": False,
}
Rule = Callable[[int], Any]


@dataclass(frozen=True, kw_only=True)
class Once:
    """A recorded call."""

    arguments: dict[str, Any]


class Told:
    """A sandbox in which a source is the name of a rule."""

    def __init__(self, **rules: Rule) -> None:
        self.rules, self.starts = rules, 0

    def call_many(self, calls: Calls, limits: Limits | None = None) -> tuple[Answer, ...]:
        """What the rule says to each number, up to the first at which it stops."""
        self.starts += 1
        found: list[Answer] = []
        for _, text in calls.calls:
            try:
                value = self.rules[calls.source](int(text.strip("(),{}'x: ")))
            except StopIteration:
                break
            except TimeoutError:
                found.append(Answer(failure=Failure(kind=FailureKind.TIMEOUT, message="too many steps")))
            except ValueError as error:
                text = f"ValueError: {error}"
                found.append(Answer(failure=Failure(kind=FailureKind.EXCEPTION, message=text, exception="ValueError")))
            else:
                found.append(Answer(value=value))
        return tuple(found)


def function(source: str, schema: dict[str, Any] = SCHEMA) -> Function:
    """A function whose source is a rule's name."""
    return Function(manifest=Manifest(name="f", description="", input_schema=schema), source=source, tests="")


def replayed(old: Rule, new: Rule, *numbers: int, schema: dict[str, Any] = SCHEMA) -> Replay:
    """The replay of calls with these numbers."""
    sandbox = Told(old=old, new=new)
    version = Version(function=function("old"), commit="c", status=Status.PRODUCTION)
    calls = [Once(arguments={"x": number}) for number in numbers]
    found = replay(version, function("new", schema), calls, (sandbox, sandbox))  # type: ignore[arg-type]
    assert sandbox.starts == 2
    return found


def failing(kind: type[Exception], text: str = "") -> Rule:
    """A rule that raises on 2 and otherwise gives the number."""

    def rule(number: int) -> int:
        if number == 2:
            raise kind(text)
        return number

    return rule


def test_answers_that_stay_are_no_difference() -> None:
    """The same value is the same however the number is written, and so is an error of the same class."""
    assert replayed(lambda x: x, lambda x: float(x), 1, 2) == Replay(calls=2, differences=())
    assert replayed(failing(ValueError, "a"), failing(ValueError, "b"), 1, 2).differences == ()


def test_another_value_is_a_difference() -> None:
    """It is told with the arguments and both values, in the order of the calls."""
    found = replayed(lambda x: x, lambda x: x * x, 1, 2, 3)
    assert found.calls == 3
    assert found.differences == (
        Changed(arguments={"x": 2}, before=2, after=4),
        Changed(arguments={"x": 3}, before=3, after=9),
    )


def test_an_error_is_a_difference() -> None:
    """A call that now fails, or no longer does, is told with the error's words."""
    error = {"error": "ValueError: no"}
    assert replayed(lambda x: x, failing(ValueError, "no"), 2).differences[0].after == error
    assert replayed(failing(ValueError, "no"), lambda x: x, 2).differences[0].before == error


def test_a_call_that_no_longer_ends_is_a_difference() -> None:
    """What the old version answered and the new one does not end is told."""
    assert replayed(lambda x: x, failing(TimeoutError), 2).differences[0].after == {"error": "too many steps"}


def test_what_could_not_be_compared_is_counted() -> None:
    """Calls that the old version does not end, and calls that were not made any more, are neither same nor changed."""
    assert replayed(failing(TimeoutError), lambda x: x, 1, 2) == Replay(calls=1, differences=(), missed=1)
    assert replayed(lambda x: x, failing(StopIteration), 1, 2, 3) == Replay(calls=1, differences=(), missed=2)


def test_a_call_that_the_new_signature_does_not_take_is_a_difference() -> None:
    """A parameter that was renamed or narrowed breaks callers, and the words say how."""
    narrowed = SCHEMA | {"properties": {"x": {"type": "integer", "minimum": 2}}}
    found = replayed(lambda x: x, lambda x: x, 1, 2, schema=narrowed)
    assert found.calls == 2
    assert [difference.arguments for difference in found.differences] == [{"x": 1}]
    assert "`x`" in found.differences[0].after["error"]


def test_nothing_recorded_is_nothing_compared() -> None:
    """Zero calls are said to be zero."""
    assert replayed(lambda x: x, lambda x: 2) == Replay(calls=0, differences=())
