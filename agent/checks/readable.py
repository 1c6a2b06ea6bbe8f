"""Check: the source parses and has one public function, typed, documented, and named as promised."""

from agent.checks.trial import Trial
from agent.signature import UnreadableSignature
from agent.types import CheckResult

NAME = "readable"


def check(trial: Trial) -> CheckResult:
    """Passed where the signature can be offered to callers and the tests are Python."""
    try:
        signature = trial.signature
        compile_only(trial.function.tests)
    except UnreadableSignature as error:
        return CheckResult(check=NAME, passed=False, summary=str(error), findings=(f"function.py: {error}",))
    except SyntaxError as error:
        finding = f"test_function.py: line {error.lineno}: {error.msg}"
        return CheckResult(check=NAME, passed=False, summary=finding, findings=(finding,))
    if signature.name != trial.function.name:
        finding = f"the function is called `{signature.name}`, but was announced as `{trial.function.name}`"
        return CheckResult(check=NAME, passed=False, summary=finding, findings=(finding,))
    if signature.output_schema == {"type": "null"}:
        finding = "the function returns None: a function is kept for its result"
        return CheckResult(check=NAME, passed=False, summary=finding, findings=(finding,))
    return CheckResult(check=NAME, passed=True, summary="one typed function")


def compile_only(source: str) -> None:
    """Raise `SyntaxError` where the source is not Python. Nothing is run."""
    import ast

    try:
        ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from error
