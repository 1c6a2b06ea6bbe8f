"""Check: the candidate has the very signature that was specified."""

from agent.arguments import type_name
from agent.checks.trial import Trial
from agent.source.signature import Signature
from agent.types import CheckResult

NAME = "specification"


def check(trial: Trial) -> CheckResult:
    """Passed where names, types and defaults are those of the specification, or there is none."""
    if trial.specification is None:
        return CheckResult(check=NAME, passed=True, summary="")
    wanted, found = trial.specification.interface, trial.signature
    if wanted.shape == found.shape and wanted.is_async == found.is_async:
        return CheckResult(check=NAME, passed=True, summary="")
    finding = f"the signature is {shown(found)}, but {trial.specification.shown} is specified"
    return CheckResult(check=NAME, passed=False, summary=finding, findings=(finding,))


def shown(signature: Signature) -> str:
    """The signature in words."""
    properties = signature.input_schema["properties"]
    given = ", ".join(f"{name}: {type_name(schema)}" for name, schema in properties.items())
    return f"{'async ' if signature.is_async else ''}{signature.name}({given}) -> {type_name(signature.output_schema)}"
