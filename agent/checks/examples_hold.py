"""Check: the calls that people were promised give the promised results.

The results cross the sandbox's border and are compared here, where the candidate cannot reach.
"""

import json
from collections.abc import Mapping
from typing import Any

from agent.arguments import bind
from agent.checks.trial import Trial
from agent.equality import same_json
from agent.errors import BadArguments
from agent.types import CheckResult
from registry import Example
from sandbox import Call, CallResult, FailureKind

NAME = "examples"


def check(trial: Trial) -> CheckResult:
    """Passed where every example holds: the person's first, then the candidate's own."""
    stated = trial.task.examples
    own = tuple(example for example in trial.function.manifest.examples if example not in stated)
    every = (*stated, *own)
    findings = tuple(finding for example in every if (finding := fault_of(trial, example)))
    return CheckResult(
        check=NAME,
        passed=not findings,
        summary=f"{len(every) - len(findings)}/{len(every)} examples" if every else "",
        findings=findings,
        evidence={"stated": len(stated), "own": len(own), "held": len(every) - len(findings)},
    )


def fault_of(trial: Trial, example: Example) -> str:
    """How the candidate breaks the example; empty where it holds."""
    call_text = f"{trial.function.name}({brief(example.arguments)})"
    try:
        arguments = bind(trial.function.manifest, example.arguments)
    except BadArguments as error:
        return f"example {call_text}: {error}"
    result = called(trial, arguments)
    if example.raises:
        gave = brief(result.value)
        return "" if raised(result) else f"example {call_text} must fail, not give {gave}"
    if result.failure is not None:
        return f"example {call_text} must give {brief(example.output)}, but {result.failure.message}"
    if not same_json(result.value, example.output):
        return f"example {call_text} must give {brief(example.output)}, not {brief(result.value)}"
    return ""


def refuted(trial: Trial) -> bool:
    """True where a call breaks one of the person's examples by itself.

    One that needs the answer of a server or a model refutes nothing: nobody knows here what it would be. The functions
    that it calls are there.
    """
    return any(fault_of(trial, example) and not reached(trial, example) for example in trial.task.examples)


def reached(trial: Trial, example: Example) -> bool:
    """True where the call asks the host for something beyond other functions' values."""
    try:
        arguments = bind(trial.function.manifest, example.arguments)
    except BadArguments:
        return False
    return any(ask.get("kind") != "function" for ask in called(trial, arguments).asked)


def called(trial: Trial, arguments: Mapping[str, Any]) -> CallResult:
    """What one call of the function gives."""
    call = Call(source=trial.function.source, function=trial.function.name, arguments=arguments)
    return trial.sandbox.call(call, trial.limits)


def raised(result: CallResult) -> bool:
    """True where the function itself refused: a time-out or a crash is no answer."""
    return result.failure is not None and result.failure.kind is FailureKind.EXCEPTION


def brief(value: Any) -> str:
    """The value's JSON, cut to what a finding can carry."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"
