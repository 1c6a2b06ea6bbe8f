"""Check: the source parses and has one public function, typed, documented, and named as promised."""

from agent.checks.trial import Trial
from agent.source.signature import UnreadableSignature, parse
from agent.types import CheckResult

NAME = "readable"


def check(trial: Trial) -> CheckResult:
    """Passed where the signature can be offered to callers and the tests are Python."""
    finding = fault_of(trial)
    if finding:
        return CheckResult(check=NAME, passed=False, summary=finding, findings=(finding,))
    return CheckResult(check=NAME, passed=True, summary="")


def fault_of(trial: Trial) -> str:
    """Why the function cannot be offered; empty where it can."""
    try:
        signature = trial.signature
    except UnreadableSignature as error:
        return f"function.py: {error}"
    try:
        parse(trial.function.tests)
    except UnreadableSignature as error:
        return f"test_function.py: {error}"
    if signature.name != trial.function.name:
        return f"the function is called `{signature.name}`, but was announced as `{trial.function.name}`"
    announced, taken = trial.function.manifest.parameters, tuple(signature.input_schema["properties"])
    if announced != taken:
        return f"the function takes {listed(taken)}, but was announced with {listed(announced)}"
    if signature.output_schema == {"type": "null"}:
        return "the function returns None: a function is kept for its result"
    return ""


def listed(names: tuple[str, ...]) -> str:
    """Parameter names for a sentence."""
    return ", ".join(f"`{name}`" for name in names) or "no arguments"
