"""Check: the candidate takes the arguments its caller already holds."""

from agent.arguments import bind, without_values
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
            fault = without_values(error)  # findings are told to models
            return CheckResult(check=NAME, passed=False, summary=fault, findings=(f"the caller's call fails: {fault}",))
    return CheckResult(check=NAME, passed=True, summary="")
