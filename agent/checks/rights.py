"""Check: the function lists what it was seen to reach, and nothing that it was not.

Least privilege by observation: the list that a person signs is what the tests and the examples made it ask of a
scripted host. What it asks later beyond that is refused.
"""

from agent.arguments import bind
from agent.checks.trial import Trial
from agent.composition import called_in
from agent.errors import BadArguments, BadGrant
from agent.rights.grants import Grant, parse
from agent.rights.observed import observed
from agent.types import CheckResult
from sandbox import Call

NAME = "rights"
MODULE = "kowal_host"


def check(trial: Trial) -> CheckResult:
    """Passed where the manifest's grants are what was reached."""
    listed = trial.function.manifest.grants
    if not listed and MODULE not in trial.function.source:
        return CheckResult(check=NAME, passed=True, summary="")
    reached = reached_by(trial)
    try:
        granted, needed = [parse(line) for line in listed], [parse(line) for line in reached]
    except BadGrant as error:
        return CheckResult(check=NAME, passed=False, summary=str(error), findings=(str(error),))
    findings = (
        *(f"it asks for `{need}`, which its grants do not list" for need in needed if not covered(need, granted)),
        *(f"it lists `{grant}`, which no test and no example makes it use: leave it out, or test what it is for"
          for grant in granted if not any(covered(need, [grant]) for need in needed)),
    )  # fmt: skip
    return CheckResult(
        check=NAME,
        passed=not findings,
        summary=f"reaches {', '.join(reached)}" if reached else "reaches nothing",
        findings=findings,
        evidence={"reached": list(reached)},
    )


def covered(need: Grant, granted: list[Grant]) -> bool:
    """True where one of the grants allows what is needed."""
    return any(grant.covers(need) for grant in granted)


def reached_by(trial: Trial) -> tuple[str, ...]:
    """The grants for all that the suite and the examples made it ask."""
    function = trial.function
    asks = list(trial.run_suite(function.source).asked)
    for example in (*trial.task.examples, *function.manifest.examples):
        try:
            arguments = bind(function.manifest, example.arguments)
        except BadArguments:
            continue
        call = Call(source=function.source, function=function.name, arguments=arguments)
        asks += trial.sandbox.call(call, trial.limits).asked
    return observed(asks, trial.callees or dict(called_in(function.manifest.grants)))
