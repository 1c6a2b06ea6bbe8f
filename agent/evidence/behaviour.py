"""What candidates do: runs them on the same inputs and compares the answers."""

import ast
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from agent.equality import same_json
from agent.evidence.statements import Arguments, Promise, Statement
from sandbox import Answer, Calls, FailureKind, Limits, Sandbox

AT_ONCE = 2
"""Sandboxes that run side by side."""
STEPS_A_CALL, STEPS = 300_000, 3_000_000
"""Loop turns and calls that a candidate may take for one input and for all: two or three seconds."""
RAISED = "!"
"""The token of a call that failed or did not end."""
SIGNIFICANT_DIGITS = 9
NOT_THE_FUNCTIONS_FAULT = ("NameError", "ImportError", "ModuleNotFoundError", "SyntaxError", "UnboundLocalError")
"""What a broken test raises by itself: such a test says nothing of the function."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What one candidate did on each of the inputs, in their order."""

    answers: tuple[Answer | None, ...]
    """None where the steps or the time were used up before."""
    tokens: tuple[str | None, ...]
    """Equal texts for equal answers, `!` for a failure, None where there is no answer."""
    statements: tuple[bool | None, ...] = ()
    """Whether each statement of the suites held; None where it says nothing."""
    fault: str = ""
    """Why it did nothing at all: the source does not load."""


def observe(
    sandbox: Sandbox,
    sources: Sequence[str],
    name: str,
    inputs: Sequence[Arguments],
    statements: Sequence[Statement],
    limits: Limits,
) -> list[Behaviour]:
    """What each source's function does on all inputs and statements: one sandbox start each for either."""
    here = [copy_context() for _ in sources]  # what is cancelled ends in these threads, too
    with ThreadPoolExecutor(AT_ONCE) as workers:
        seen = [
            workers.submit(context.run, behaviour, sandbox, source, name, inputs, statements, limits)
            for context, source in zip(here, sources, strict=True)
        ]
        return [each.result() for each in seen]


def behaviour(
    sandbox: Sandbox,
    source: str,
    name: str,
    inputs: Sequence[Arguments],
    statements: Sequence[Statement],
    limits: Limits,
) -> Behaviour:
    """What one source's function does."""
    texts = tuple((name, arguments.literal) for arguments in inputs)
    calls = Calls(source=source, calls=texts, steps_a_call=STEPS_A_CALL, steps=STEPS)
    given = sandbox.call_many(calls, limits)
    answers = (*given, *(None for _ in range(len(inputs) - len(given))))
    fault = load_fault(given)
    held = statements_held(sandbox, source, statements, limits) if statements and not fault else ()
    return Behaviour(answers=answers, tokens=tuple(map(token, answers)), statements=held, fault=fault)


def load_fault(answers: Sequence[Answer]) -> str:
    """The common failure of all calls, where the source failed before any of them."""
    failures = {answer.failure for answer in answers}
    first = next(iter(failures), None)
    if len(failures) != 1 or first is None or any(answer.shape for answer in answers):
        return ""
    before_the_call = "<module>" in first.traceback or first.exception in ("SyntaxError", "IndentationError")
    missing = first.exception == "AttributeError" and "module 'function'" in first.message
    return first.message if before_the_call or missing else ""


def statements_held(
    sandbox: Sandbox, source: str, statements: Sequence[Statement], limits: Limits
) -> tuple[bool | None, ...]:
    """Whether each statement holds, run in the module of the source."""
    bodies = [as_function(f"_statement_{number}", statement.code) for number, statement in enumerate(statements)]
    calls = tuple((f"_statement_{number}", "((), {})") for number in range(len(statements)))
    given = sandbox.call_many(Calls(source="\n\n\n".join([source, *bodies]), calls=calls), limits)
    answers = (*given, *(None for _ in range(len(statements) - len(given))))
    return tuple(map(statement_held, answers))


def as_function(name: str, code: str) -> str:
    """The code as the body of a function, so that it fails by itself; a coroutine's where something is awaited."""
    waits = any(isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in ast.walk(ast.parse(code)))
    indented = "\n".join(f"    {line}" for line in code.splitlines())
    return f"{'async ' if waits else ''}def {name}():\n{indented}\n"


def statement_held(answer: Answer | None) -> bool | None:
    """True where the statement ran through, False where it failed, None where it is broken itself."""
    if answer is None or answer.failure is None:
        return None if answer is None else True
    if answer.failure.exception in NOT_THE_FUNCTIONS_FAULT or answer.failure.kind is FailureKind.RESULT_NOT_JSON:
        return None
    return False


# --- comparing


def token(answer: Answer | None) -> str | None:
    """The answer as a text that is equal for equal answers: floats to nine digits, containers by their kind."""
    if answer is None:
        return None
    if answer.failure is not None:
        return RAISED
    return f"{answer.shape} {json.dumps(rounded(answer.value), sort_keys=True)}"


def rounded(value: Any) -> Any:
    """The JSON value with floats cut to nine digits, and whole ones as integers."""
    if isinstance(value, float):
        short = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def keeps(answer: Answer | None, promise: Promise) -> bool:
    """True where the answer is what was promised, the kinds of its containers included."""
    if answer is None:
        return False
    if answer.failure is not None:  # that it did not end is no refusal
        return promise.raises and answer.failure.kind is FailureKind.EXCEPTION
    if promise.raises:
        return False
    return same_json(answer.value, as_json(promise.value)) and same_shape(answer.shape, promise)


def same_shape(shape: str, promise: Promise) -> bool:
    """True where lists are lists and tuples tuples; examples by name are JSON, which knows lists only."""
    return bool(promise.arguments.named) or shape == shape_of(promise.value, 0)


def shape_of(value: Any, depth: int) -> str:
    """The kinds of containers in a value, as the sandbox tells them."""
    if isinstance(value, list | tuple | set | frozenset | dict) and depth < 4:
        items = value.values() if isinstance(value, dict) else value
        inner = sorted({shape_of(item, depth + 1) for item in items} - {""})
        return f"{type(value).__name__}[{'|'.join(inner)}]" if inner else type(value).__name__
    return "" if isinstance(value, str | int | float | bool | type(None)) else type(value).__name__


def as_json(value: Any) -> Any:
    """The Python literal as it looks after crossing the sandbox's border; None where it cannot."""
    try:
        return json.loads(json.dumps(value, default=sorted))
    except (TypeError, ValueError):
        return None


def agree(one: Behaviour, other: Behaviour) -> bool:
    """True where the two never give different values. One may raise where the other answers.

    Tasks seldom say what odd input gives; where a test or a person does, that is judged by itself.
    """
    pairs = zip(one.tokens, other.tokens, strict=True)
    return all(left == right or None in (left, right) or RAISED in (left, right) for left, right in pairs)


def support(mine: Behaviour, others: Sequence[Behaviour]) -> float:
    """How far the others' answers bear the candidate's out, 0 to 1, beyond what chance would do.

    An answer is borne out where any other candidate gives it too. What chance would do follows from how often each of
    the others gives that answer anyway, as in Cohen's kappa: with two possible answers, agreeing says little.
    """
    counts = [Counter(other.tokens) for other in others]
    beyond, room = 0.0, 0.0
    for place, answer in enumerate(mine.tokens):
        if answer is None or answer == RAISED:
            continue
        missed, hit = 1.0, False
        for other, count in zip(others, counts, strict=True):
            here = other.tokens[place] == answer
            hit = hit or here
            missed *= 1 - (count[answer] - here) / max(1, len(mine.tokens) - 1)
        beyond += hit - (1 - missed)
        room += missed
    return max(0.0, beyond / room) if room > 1e-9 else 0.0


def usual(mine: Behaviour) -> dict[str, float]:
    """For each answer that the candidate gives, the share of the other inputs to which it gives it too."""
    counts = Counter(answer for answer in mine.tokens if answer is not None and answer != RAISED)
    others = max(1, counts.total() - 1)
    return {answer: (count - 1) / others for answer, count in counts.items()}


def breaks_off(answer: Answer | None) -> bool:
    """True for a call that did not end, or failed otherwise than by refusing bad input with a `ValueError`."""
    return answer is None or (answer.failure is not None and answer.failure.exception != "ValueError")
