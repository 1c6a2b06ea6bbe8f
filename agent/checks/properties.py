"""Check: what must hold of every function holds on many inputs, whatever the function is for.

It raises nothing but what bad input gets, answers the same again, whatever was called before and however its sets
are ordered, leaves its arguments alone, and returns what it declares.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent.arguments import fits, type_name
from agent.checks.examples_hold import brief
from agent.checks.trial import TEST_LIMITS, Trial
from agent.evidence.behaviour import STEPS, load_fault, token
from agent.evidence.fitting import Fitting, fitting
from agent.evidence.statements import Arguments
from agent.fault import BAD_VALUES, derived, last_word
from agent.source.set_order import turned
from agent.source.signature import UnreadableSignature, parse
from agent.types import CheckResult
from registry import Example
from sandbox import Answer, Call, Calls, Failure, FailureKind

NAME = "properties"
STEPS_A_CALL = 1_000_000
MOST_FINDINGS = 6
SETTLED = (FailureKind.EXCEPTION, FailureKind.MEMORY, FailureKind.CRASH, FailureKind.RESULT_NOT_JSON)
"""What a call ends with by itself. A limit that all calls share says nothing of one of them."""
UNSAID = frozenset({"HostError", "Refused"})
"""What a scripted host gives where nobody has said what it answers: that says nothing of the function."""
TOO_WIDE = frozenset({"Exception", "BaseException"})


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What one call gave."""

    arguments: Arguments
    answer: Answer
    judged: bool
    """True where an error counts: the input is one that the function must take."""


def check(trial: Trial) -> CheckResult:
    """Passed where every property holds on every input that ended, and at least one did."""
    function = trial.function
    inputs = fitting(function, trial.by_author, said(trial), trial.task.text)
    if not inputs.all:
        return refused("nothing could be tried: no call in the tests or the examples fits the input schema")
    seen = observed(trial, inputs)
    ended = [one for one in seen if not is_timeout(one.answer)]
    if fault := load_fault([one.answer for one in ended]):
        return refused(f"it does not load: {fault}")
    order = turned(function.source)
    findings = (
        *raising(trial, ended),
        *endless(trial, seen),
        *changing(trial, ended),
        *misfitting(trial, ended),
        *fickle(trial, ended),
        *(unordered(trial, ended, order) if order else ()),
    )[:MOST_FINDINGS]
    if not ended and not findings:
        return refused(f"no call came to its end within {STEPS_A_CALL:,} steps")
    return CheckResult(
        check=NAME,
        passed=not findings,
        summary=findings[0] if findings else f"properties hold on {len(ended)} inputs",
        findings=findings,
        evidence={
            "inputs": len(ended),
            "stopped": len(seen) - len(ended),
            "raised": sum(one.answer.failure is not None for one in ended),
            "well_typed": inputs.well_typed,
            "sets_turned": bool(order),
        },
    )


def refused(finding: str) -> CheckResult:
    """The check's answer where nothing could be observed."""
    return CheckResult(check=NAME, passed=False, summary=finding, findings=(finding,), evidence={"inputs": 0})


def said(trial: Trial) -> tuple[Example, ...]:
    """The calls whose results people stated."""
    return (*trial.task.examples, *trial.answers, *trial.function.manifest.examples)


def answers(trial: Trial, source: str, inputs: Sequence[Arguments]) -> tuple[Answer, ...]:
    """What the source's function gives, all in one sandbox start; fewer where the steps were used up.

    Steps bound the work, so that a slow machine comes to the same verdict; the clock only stops what hangs.
    """
    given = tuple((trial.function.name, one.literal) for one in inputs)
    calls = Calls(source=source, calls=given, steps_a_call=STEPS_A_CALL, steps=STEPS)
    return trial.sandbox.call_many(calls, replace(trial.limits, wall_clock_s=TEST_LIMITS.wall_clock_s))


def observed(trial: Trial, inputs: Fitting) -> list[Observed]:
    """What the function gives to the inputs."""
    found = answers(trial, trial.function.source, inputs.all)
    return [Observed(arguments=arguments, answer=answer, judged=inputs.well_typed or arguments in inputs.given)
            for arguments, answer in zip(inputs.all, found, strict=False)]  # fmt: skip


def shown(trial: Trial, one: Observed) -> str:
    """The call as a person would write it."""
    text = one.arguments.text
    return f"{trial.function.name}({text if len(text) <= 200 else f'{text[:200]}…'})"


# --- errors


def raising(trial: Trial, seen: Sequence[Observed]) -> Iterator[str]:
    """Errors that no input of the right type may get, the shortest call for each."""
    allowed = allowed_errors(trial)
    must_fail = {Arguments(named=tuple(example.arguments.items())).text
                 for example in said(trial) if example.raises}  # fmt: skip
    found: dict[str, str] = {}
    for one in sorted(seen, key=lambda one: len(one.arguments.text)):
        failure = one.answer.failure
        if failure is None or not one.judged or not own(failure) or one.arguments.text in must_fail:
            continue
        named = {failure.exception, last_word(failure.exception)}
        if failure.kind is not FailureKind.EXCEPTION or allowed.isdisjoint(named):
            found.setdefault(failure.exception or failure.kind, f"{shown(trial, one)} fails: {failure.message}")
    hint = "on arguments of the declared types. Give a result, or raise ValueError where the value is bad"
    yield from (f"{fault} ({hint})" for fault in found.values())


def own(failure: Failure) -> bool:
    """True where the function failed, not the conversion of its arguments before it was called."""
    if failure.kind is FailureKind.EXCEPTION:
        return '"function.py"' in failure.traceback
    return failure.kind in SETTLED


def allowed_errors(trial: Trial) -> frozenset[str]:
    """Names of the exceptions that bad input may get: bad values, what the specification and the tests name.

    A class that the source derives from one of them, and a built-in one below, is one of them.
    """
    specified = trial.specification.errors if trial.specification else frozenset[str]()
    named = {*specified, *(name for suite in trial.by_author for name in expected_in(suite))} - TOO_WIDE
    found = {*BAD_VALUES, *UNSAID, *named, *map(last_word, named)}
    found |= {name for name, kind in vars(builtins).items() if isinstance(kind, type)
              and issubclass(kind, Exception) and any(base.__name__ in found for base in kind.__mro__)}  # fmt: skip
    return frozenset(found) | derived(trial.function.source, frozenset(found))


def expected_in(suite: str) -> Iterator[str]:
    """The exceptions that a suite expects somewhere: `pytest.raises(KeyError)`."""
    try:
        tree = parse(suite)
    except UnreadableSignature:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("raises") and node.args:
            expected = node.args[0].elts if isinstance(node.args[0], ast.Tuple) else [node.args[0]]
            yield from map(ast.unparse, expected)


def endless(trial: Trial, seen: Sequence[Observed]) -> Iterator[str]:
    """A call that does not end within the time limit of one call; the shortest that took too many steps is tried."""
    slow = [one for one in seen if one.judged and is_timeout(one.answer)]
    if not slow:
        return
    one = min(slow, key=lambda one: len(one.arguments.text))
    call = Call(source=trial.function.source, function=trial.function.name, arguments=dict(one.arguments.named))
    failure = trial.sandbox.call(call, trial.limits).failure
    if failure is not None and failure.kind is FailureKind.TIMEOUT:
        yield f"{shown(trial, one)} does not end within {trial.limits.wall_clock_s:g} s"


def is_timeout(answer: Answer) -> bool:
    """True where the call was stopped."""
    return answer.failure is not None and answer.failure.kind is FailureKind.TIMEOUT


# --- results


def changing(trial: Trial, seen: Sequence[Observed]) -> Iterator[str]:
    """A call that changes what it was given."""
    one = next((one for one in seen if one.answer.changed), None)
    if one is not None:
        yield f"{shown(trial, one)} changes its own arguments: work on a copy"


def misfitting(trial: Trial, seen: Sequence[Observed]) -> Iterator[str]:
    """A result that is not of the declared type."""
    schema = trial.function.manifest.output_schema
    one = next((one for one in seen if one.answer.failure is None and not fits(one.answer.value, schema)), None)
    if one is not None:
        value = brief(one.answer.value)
        yield f"{shown(trial, one)} gives {value}, but the declared result is {type_name(schema)}"


def fickle(trial: Trial, seen: Sequence[Observed]) -> Iterator[str]:
    """Another answer in a second run, in which the calls come in reverse order."""
    for one, again in repeated(trial, trial.function.source, seen):
        if not is_timeout(again) and token(again) != token(one.answer):
            yield f"{shown(trial, one)} gives {told(one.answer)}, and {told(again)} when asked again in another order"
            return


def unordered(trial: Trial, seen: Sequence[Observed], source: str) -> Iterator[str]:
    """Another answer where sets of texts iterate the other way round. What only the rewriting breaks does not count."""
    for one, again in repeated(trial, source, seen):
        if one.answer.failure is None and again.failure is None and token(again) != token(one.answer):
            yield (
                f"{shown(trial, one)} gives {told(one.answer)} or {told(again)}, by the order in which a set is "
                "iterated: that differs from run to run; sort it, or keep the order of the input"
            )
            return


def repeated(trial: Trial, source: str, seen: Sequence[Observed]) -> Iterator[tuple[Observed, Answer]]:
    """Each call with what the source gives to it when all are made in reverse order."""
    backwards = list(reversed(seen))
    yield from zip(backwards, answers(trial, source, [one.arguments for one in backwards]), strict=False)


def told(answer: Answer) -> str:
    """The answer in words."""
    return brief(answer.value) if answer.failure is None else f"the error {answer.failure.message}"
