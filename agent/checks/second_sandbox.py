"""Check: another sandbox gives the same, where there is one that can run the function.

What differs depends on the place where it runs: the word size, the seed of `hash`, what the system offers. A function
that needs what one of the two cannot give is proven in the other one alone, and the verdict says so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.checks.properties import answers, is_timeout, said, told
from agent.checks.trial import Trial, describe, last_lines, short
from agent.equality import same_json
from agent.evidence.fitting import fitting
from agent.evidence.statements import Arguments
from agent.types import CheckResult
from sandbox import Answer, FailureKind, Sandbox, SandboxError, TestReport

NAME = "second sandbox"
MOST_FINDINGS = 6
MACHINE = (FailureKind.TIMEOUT, FailureKind.MEMORY)
"""How fast the machine is and what the guest itself takes is not the function's doing."""
OUT_OF_REACH = re.compile(
    r"can't start new thread|lacks multiprocessing|does not support processes|not supported in sandbox"
    r"|No module named|there is no module|module '[\w.]+' has no attribute|`[\w.]+` has no `\w+`|No time zone found"
)
"""What Python says where the guest lacks threads, processes, sockets, time zones, or a part of the library."""
HINT = "depend on no word size, seed of `hash`, platform, clock or locale"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One test or call that ends otherwise there."""

    what: str
    here: str
    there: str


def check(trial: Trial) -> CheckResult:
    """Passed where nothing differs, or another minor version of Python does it, or the other one cannot run it."""
    if trial.second is None:
        summary = f"only in {trial.sandbox.name}: {trial.only}" if trial.only else ""
        return CheckResult(check=NAME, passed=True, summary=summary)
    try:
        there = replace(trial, sandbox=trial.second)
        report, given, place = there.run_suite(trial.function.source), answered(there), trial.second.environment()
    except SandboxError as error:
        return unproven(trial.second, f"it could not be asked: {error}")
    if report.failure is not None and report.failure.kind in MACHINE:
        return unproven(trial.second, report.failure.message)
    found = (*other_outcomes(trial, report), *other_answers(trial, given))
    if lack := next((one.there for one in found if OUT_OF_REACH.search(one.there)), ""):
        return unproven(trial.second, lack)
    return judged((trial.sandbox.environment(), place), found, len(given))


def beyond(findings: Sequence[str]) -> str:
    """The first finding that says what the sandbox lacks; empty where none does."""
    return next((finding for finding in findings if OUT_OF_REACH.search(finding)), "")


def unproven(second: Sandbox, why: str) -> CheckResult:
    """The answer where the function was not shown to run there: no fault of it."""
    summary = f"not in {second.name}: {why}"
    return CheckResult(check=NAME, passed=True, summary=summary, evidence={"same": False, "why": why})


def judged(places: Sequence[Mapping[str, str]], found: Sequence[Difference], inputs: int) -> CheckResult:
    """The answer where both ran it."""
    here, there = (f"in {place['backend']} (CPython {place['python']}, {place['engine']})" for place in places)
    words = tuple(f"{one.what} {one.here} {here} and {one.there} {there}: {HINT}" for one in found[:MOST_FINDINGS])
    minors = {tuple(place["python"].split(".")[:2]) for place in places}
    by_version = bool(found) and len(minors) > 1
    summary = f"the same {there} on {inputs} inputs" if not found else f"{len(found)} differences {there}"
    return CheckResult(
        check=NAME,
        passed=not found or by_version,
        summary=summary,
        findings=() if by_version else words,
        evidence={"same": not found, "inputs": inputs, "version_differences": list(words) if by_version else []},
    )


# --- what is compared


def inputs_of(trial: Trial) -> tuple[Arguments, ...]:
    """The calls of examples and tests, and others like them."""
    return fitting(trial.function, trial.by_author, said(trial), trial.task.text).all


def answered(trial: Trial) -> tuple[Answer, ...]:
    """What the function gives to all inputs, in one sandbox start."""
    return answers(trial, trial.function.source, inputs_of(trial))


def other_outcomes(trial: Trial, there: TestReport) -> Iterator[Difference]:
    """The tests that fail there and pass here; they are run here again only where some fail."""
    if there.ok:
        return
    here = {outcome.test_id: outcome.outcome for outcome in trial.run_suite(trial.function.source).outcomes}
    bad = [outcome for outcome in there.outcomes if outcome.outcome not in ("passed", here.get(outcome.test_id))]
    for outcome in bad:
        known = here.get(outcome.test_id, "does not run")
        said_there = f"{outcome.outcome} ({last_lines(outcome.message)})"
        yield Difference(what=short(outcome.test_id), here=known, there=said_there)
    if not there.outcomes and here:
        yield Difference(what="the suite", here="runs", there=f"does not ({'; '.join(describe(there))})")


def other_answers(trial: Trial, there: Sequence[Answer]) -> Iterator[Difference]:
    """The calls that give something else there, each with both answers."""
    inputs = inputs_of(trial)
    for arguments, mine, other in zip(inputs, answered(trial), there, strict=False):
        if not alike(mine, other):
            text = arguments.text
            call = f"{trial.function.name}({text if len(text) <= 200 else f'{text[:200]}…'})"
            yield Difference(what=call, here=ending(mine), there=ending(other))


def alike(mine: Answer, other: Answer) -> bool:
    """True for the same JSON value in the same containers, and for errors of one class; a call that was cut fits all.

    What an error says, and how much room a guest has, is no difference.
    """
    if is_timeout(mine) or is_timeout(other):
        return True
    if mine.failure is None or other.failure is None:
        room = next((answer.failure.kind in MACHINE for answer in (mine, other) if answer.failure), False)
        both = mine.failure is other.failure and mine.shape == other.shape and same_json(mine.value, other.value)
        return room or both
    return (mine.failure.kind, mine.failure.exception) == (other.failure.kind, other.failure.exception)


def ending(answer: Answer) -> str:
    """How the call ends, in words."""
    kind = f" ({answer.shape})" if answer.shape else ""
    return f"gives {told(answer)}{kind}"
