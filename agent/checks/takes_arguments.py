"""Check: the candidate takes the arguments its caller already holds."""

from agent.arguments import bind
from agent.checks.trial import Trial
from agent.errors import BadArguments
from agent.types import CheckResult

NAME = "arguments"


def check(trial: Trial) -> CheckResult:
    """Passed where the caller's arguments fit the schema. Missing ones are the caller's to add."""
    try:
        bind(trial.function.manifest, trial.task.arguments, trial.task.positional)
    except BadArguments as error:
        if not error.facts.get("missing"):
            return CheckResult(
                check=NAME, passed=False, summary=str(error), findings=(f"the caller's call fails: {error}",)
            )
    return CheckResult(check=NAME, passed=True, summary="")
