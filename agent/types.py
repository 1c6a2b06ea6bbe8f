"""The values that pass between the agent's parts: the task, the evidence, the outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agent.ports import NO_CONSTRAINTS, Constraints
from registry import Example, Function, Version


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a person asked."""

    text: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Values by parameter name."""
    positional: tuple[Any, ...] = ()
    """Values in the order of the parameters."""
    examples: tuple[Example, ...] = ()
    """Calls whose results the person states. They outrank every test a model wrote."""
    requirements: tuple[str, ...] = ()
    """Packages (PEP 508) the function may use; once it is specified, all that it has."""
    lock: str = ""
    """What exactly is installed for them, the text of `requirements.lock`; empty until the index was asked."""
    wishes: tuple[str, ...] = ()
    """Further sentences about what the function must do."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Input files by plain name, for a function that was granted `files in`."""
    constraints: Constraints = NO_CONSTRAINTS
    """What it demands of the models that are asked for it."""
    may_create: bool = True
    """Whether a function may be made for it; without, it gets what there is."""
    id: str = ""
    """Its name on the queue, where it is on one: what is made for it twice, after a crash, is one function."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What one check of the gate found."""

    check: str
    passed: bool
    summary: str
    """One line for people, for example `9 tests, all pass`."""
    findings: tuple[str, ...] = ()
    """What is wrong, each in words that help to mend it."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What was counted; JSON values."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The evidence for or against a candidate: the checks in their order, up to the first that failed."""

    results: tuple[CheckResult, ...]
    environments: tuple[Mapping[str, str], ...] = ()
    """The sandboxes that say the same: back end, engine, Python, pytest of each. All checks ran in the first."""
    only: str = ""
    """Why a faster sandbox could not run it, in the words of the finding; empty where none had to be left out."""

    @property
    def passed(self) -> bool:
        """True where every check passed, and there was one."""
        return bool(self.results) and all(result.passed for result in self.results)

    @property
    def validated_on(self) -> tuple[str, ...]:
        """The names of those back ends."""
        return tuple(environment["backend"] for environment in self.environments)

    @property
    def findings(self) -> tuple[str, ...]:
        """All findings, in the order of the checks."""
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def summary(self) -> str:
        """One line: what was shown, or the check that failed and why."""
        failed = next((result for result in self.results if not result.passed), None)
        if failed is None:
            return "; ".join(result.summary for result in self.results if result.summary)
        return f"{failed.check}: {failed.summary}"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One candidate, or one reply that held none, and what came of it."""

    number: int
    """From 1."""
    model: str
    """`provider/model`."""
    function: Function | None
    """None where the reply could not be read."""
    verdict: Verdict
    tokens: int = 0
    cost_eur: float | None = 0.0
    """None where nobody knows the price."""
    seconds: float = 0.0
    server: str = ""
    """The model server's name; empty where it is not known."""
    prompt: str = ""
    """The prompts that asked for it, with their versions."""


class Origin(StrEnum):
    """Where the function that answered came from."""

    MATCHED = "matched"
    """It was registered already."""
    GENERATED = "generated"
    """It was made for this task."""
    NAMED = "named"
    """The caller named it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a task: the answer, and how it came about."""

    task: str
    function: str
    version: str
    """`X.Y.Z`; for a candidate that waits to be merged the first twelve digits of its digest."""
    commit: str
    origin: Origin
    status: str
    """Where the version stands in the registry."""
    value: Any = None
    """The function's result; None where it was not run."""
    ran: bool = False
    output: str = ""
    """What the function printed."""
    chance: float | None = None
    """That the function that ran is the one that was meant, 0 to 1; None where nothing was matched."""
    match: Mapping[str, Any] = field(default_factory=dict)
    """What matching decided, from what, and why: `decision`, `chance`, `reason`, `options`."""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    """The verdict, as `evidence.json` keeps it."""
    attempts: tuple[Attempt, ...] = ()
    model: str = ""
    """`provider/model` that wrote the function or chose it; empty where none was asked."""
    requests: int = 0
    """How many requests to models it took."""
    tokens: int = 0
    cost_eur: float = 0.0
    """As far as it is known."""
    unpriced: int = 0
    """Requests of which nobody knows what they cost: they are not in `cost_eur`."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall-clock time of each step."""
    run_id: int | None = None
    reached: tuple[str, ...] = ()
    """What the function asked of its host and got, each once: `GET https://api.example.org/v1/forecast`."""
    artefacts: Mapping[str, bytes] = field(default_factory=dict)
    """The files that the function left, by plain name."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened on the way of a task, for whoever shows progress."""

    action: str
    """A dotted key, for example `match.found`."""
    facts: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A listener for those who want none."""
    del event


def version_facts(version: Version) -> dict[str, Any]:
    """What events say of a version."""
    return {
        "name": version.name,
        "version": version.label,
        "commit": version.commit,
        "status": version.status.value,
    }
