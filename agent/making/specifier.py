"""Settles what is to be made before any code exists: asks for a specification and for tests, and proves the tests."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from agent.brief import Brief, script_of
from agent.checks.trial import Trial
from agent.composition import named_callees
from agent.equality import same_json
from agent.errors import NotPromoted
from agent.evidence.behaviour import as_json
from agent.evidence.calls import by_name
from agent.evidence.specified_tests import specified_tests
from agent.evidence.statements import promise_of
from agent.generator import Generator, Proposal
from agent.journal import Journal
from agent.making.budget import Spending
from agent.making.candidates import attempt_of
from agent.making.models import Models
from agent.packages import Shelf, beyond
from agent.replies import Code
from agent.sandboxes import Sandboxes
from agent.source.signature import UnreadableSignature, parse
from agent.source.suites import every_test, is_test, joined, visible_half, without
from agent.specification import Specification, fault_of
from agent.types import CheckResult, Event, Listener, Task, Verdict
from agent.validator import SUITE_GATE, validate
from registry import Example, Function, Registry, Version
from sandbox import SandboxUnavailable
from sandbox.resolver import PackagesUnavailable

TRIES = 3
"""Requests that a specification may take, and a suite: models mend what they are told is wrong."""


@dataclass(frozen=True, kw_only=True)
class Specifier:
    """Turns a task into a brief. Every method raises `ModelError` where no model answers."""

    registry: Registry
    generator: Generator
    models: Models
    sandboxes: Sandboxes
    shelf: Shelf
    journal: Journal
    listener: Listener

    def prepare(
        self, task: Task, replaces: Version | None, taken: Mapping[str, str], task_id: str, spending: Spending
    ) -> Brief:
        """The brief, whose task has the packages that the specification adds, too, and the lock for all of them.

        Raises `NotPromoted` where no usable specification or suite came of it.
        """
        written, settled = self._specification(task, replaces, taken, task_id, spending)
        specification = with_earlier_host(value_of(written), replaces)
        more = beyond(specification.requirements, task.requirements)
        specification, task = specification.model_copy(update={"requirements": more}), settled
        suite = self._tests(task, specification, task_id, spending)
        tests = joined(value_of(suite).code, specified_tests(specification))
        total = len(every_test(parse(tests).body))
        hidden = total - len(every_test(parse(visible_half(tests)).body))
        seconds = round(suite.reply.seconds, 3)
        self._tell("tests.written", total=total, hidden=hidden, red=total, model=suite.model, seconds=seconds)
        return Brief(
            task_id=task_id,
            task=task,
            specification=specification,
            tests=tests,
            replaces=replaces,
            kept_tests=kept_tests(replaces, task) if replaces else "",
            callees=named_callees(self.registry, specification.functions),
            authors={
                "specification": written.author,
                "tests": suite.author,
            },
        )

    def strengthened(self, brief: Brief, summary: str, spending: Spending) -> Brief | None:
        """The brief with tests that notice more; None where the budget or the author does not give any."""
        if spending.exhausted:
            return None
        findings = (f"{summary}: small faults put into a right function pass unnoticed; test borders, ties, each "
                    "parameter and each kind of bad input with more exact values",)  # fmt: skip
        self._tell("model.asked", what="tests", number=1, of=1)
        model, task = self.models.tester, brief.task
        proposal = self.generator.tests(task, brief.specification, brief.tests, findings, seed=TRIES + 1, model=model)
        spending.note(proposal.reply)
        result = self._proof(task, brief.specification, proposal)
        self._keep(brief.task_id, proposal, result, spending)
        if proposal.value is None or not result.passed:
            return None
        return replace(brief, tests=joined(brief.tests, proposal.value.code))

    def _specification(
        self, task: Task, replaces: Version | None, taken: Mapping[str, str], task_id: str, spending: Spending
    ) -> tuple[Proposal[Specification], Task]:
        """The specification, and the task with the packages that it adds."""
        refused: Proposal[Specification] | None = None

        def ask(number: int) -> Proposal[Specification]:
            allowed, model = self.shelf.allowed, self.models.specify
            return self.generator.specify(task, replaces, refused, allowed, seed=number, model=model)

        for number in range(1, TRIES + 1):
            proposal = self._asked("specification", number, spending, ask)
            fault, settled = proposal.fault or self._unfit(value_of(proposal), task, replaces, taken), task
            if not fault:
                fault, settled = self._with_packages(value_of(proposal), task)
            summary = fault or value_of(proposal).shown
            result = CheckResult(check="specification", passed=not fault, summary=summary, findings=found(fault))
            self._keep(task_id, proposal, result, spending)
            if not fault:
                made, seconds = value_of(proposal), round(proposal.reply.seconds, 3)
                facts = {"signature": made.shown, "model": proposal.model, "seconds": seconds}
                self._tell("task.specified", name=made.name, packages=list(settled.requirements), **facts)
                return proposal, settled
            refused = Proposal(reply=proposal.reply, purpose=proposal.purpose, value=None, fault=fault)
        raise unsettled("specification", refused.fault if refused else "", task_id)

    def _unfit(self, made: Specification, task: Task, replaces: Version | None, taken: Mapping[str, str]) -> str:
        """Why the specification will not do; empty where it will."""
        absent = next((name for name in made.functions if self.registry.find(name) is None), "")
        if absent:
            return f"there is no function `{absent}` in production to call: do without"
        if replaces is None:
            others = {name: says for name, says in taken.items() if name != made.name or not self._is_ours(name, task)}
            return fault_of(made, task, others)
        if made.name != replaces.name:
            return f"the name must stay `{replaces.name}`"
        fault = fault_of(made, task, {})
        lost = (
            set(replaces.function.manifest.parameters) - set(made.interface.input_schema["properties"])
            if not fault
            else set()
        )
        return fault or (f"the parameters {', '.join(sorted(lost))} are gone: they must stay" if lost else "")

    def _is_ours(self, name: str, task: Task) -> bool:
        """True where the function of that name was made for this very task, before a crash."""
        made_for = self.registry.get(name).evidence.get("provenance", {}).get("task_id")
        return bool(task.id) and made_for == task.id

    def _with_packages(self, made: Specification, task: Task) -> tuple[str, Task]:
        """Why the specification cannot have the packages that it adds; and the task with the lock for all of them.

        Raises `SandboxUnavailable` where no sandbox works without them either.
        """
        more = beyond(made.requirements, task.requirements)
        if not more:
            return "", task
        wanted = replace(task, requirements=(*task.requirements, *more))
        try:
            found = self.shelf.locked(wanted.requirements, keeping=task.lock)
            if found.fault:
                return f"requirements: {found.fault}", task
            wanted = replace(wanted, lock=found.lock)
            self.sandboxes.for_proof(stand_in(made, wanted))
        except PackagesUnavailable as error:
            # Nobody but the model asked for them: a function that does without serves the person, an error does not.
            self._tell("progress", line=str(error))
            return "requirements: packages cannot be fetched now: do without", task
        except SandboxUnavailable as error:
            self.sandboxes.for_proof(stand_in(made, task))
            return f"requirements: {error}: do without", task
        return "", wanted

    def _tests(self, task: Task, specification: Specification, task_id: str, spending: Spending) -> Proposal[Code]:
        refused, findings = "", tuple[str, ...]()

        def ask(number: int) -> Proposal[Code]:
            model = self.models.tester
            return self.generator.tests(task, specification, refused, findings, seed=number, model=model)

        for number in range(1, TRIES + 1):
            proposal = self._asked("tests", number, spending, ask)
            result = self._proof(task, specification, proposal)
            self._keep(task_id, proposal, result, spending)
            if result.passed:
                return proposal
            refused, findings = proposal.value.code if proposal.value else "", result.findings
        raise unsettled("suite of tests", findings[0] if findings else "", task_id)

    def _proof(self, task: Task, specification: Specification, proposal: Proposal[Code]) -> CheckResult:
        """Whether the suite can tell a right function from a stand-in: no candidate is needed to know."""
        if proposal.value is None:
            return CheckResult(check="tests", passed=False, summary=proposal.fault, findings=(proposal.fault,))
        function = stand_in(specification, task, proposal.value.code)
        script = script_of(specification, named_callees(self.registry, specification.functions))
        trial = Trial(
            function=function,
            sandbox=self.sandboxes.for_proof(function, script),
            second=self.sandboxes.second(function, script),
            task=task,
            specification=specification,
        )
        verdict = validate(trial, SUITE_GATE)
        return CheckResult(check="tests", passed=verdict.passed, summary=verdict.summary, findings=verdict.findings)

    def _asked[T](self, what: str, number: int, spending: Spending, ask: Callable[[int], Proposal[T]]) -> Proposal[T]:
        if used_up := spending.exhausted:
            raise NotPromoted(f"The budget of {used_up} was used up before there was a {what}")
        self._tell("model.asked", what=what, number=number, of=TRIES)
        proposal = ask(number)
        spending.note(proposal.reply)
        return proposal

    def _keep[T](self, task_id: str, proposal: Proposal[T], result: CheckResult, spending: Spending) -> None:
        """Write the reply down, and tell where it was refused."""
        attempt = attempt_of(proposal, spending.requests, Verdict(results=(result,)))
        self.journal.keep_attempt(task_id, attempt, proposal)
        if not result.passed:
            facts = {"number": attempt.number, "model": attempt.model, "findings": list(result.findings)}
            self._tell("request.refused", what=result.check, **facts)

    def _tell(self, action: str, **facts: object) -> None:
        self.listener(Event(action=action, facts=facts))


def stand_in(specification: Specification, task: Task, tests: str = "") -> Function:
    """The function before anybody has written it."""
    manifest = specification.manifest(task)
    return Function(manifest=manifest, source=specification.stub, tests=tests, lock=task.lock)


def with_earlier_host(made: Specification, replaces: Version | None) -> Specification:
    """The specification whose host also says what the version before was told: the tests of that one count on it."""
    kept = replaces.evidence.get("specification") if replaces else None
    earlier = Specification.model_validate(kept).host if kept else ()
    return made.model_copy(update={"host": (*made.host, *(each for each in earlier if each not in made.host))})


def value_of[T](proposal: Proposal[T]) -> T:
    """What a proposal without fault holds."""
    if proposal.value is None:
        raise ValueError(proposal.fault)
    return proposal.value


def found(fault: str) -> tuple[str, ...]:
    """The fault as findings."""
    return (fault,) if fault else ()


def unsettled(what: str, fault: str, task_id: str) -> NotPromoted:
    """No usable specification, or suite, came of all tries."""
    return NotPromoted(
        f"No model wrote a usable {what} in {TRIES} tries; the last: {fault}",
        kept=f"All replies with their findings: kowal attempts {task_id}",
        task_id=task_id,
        findings=[fault],
    )


def kept_tests(replaces: Version, task: Task) -> str:
    """The tests of the version before, without those that a person's new example contradicts: the wish has changed."""
    tests, manifest = replaces.function.tests, replaces.function.manifest
    try:
        unsaid = {getattr(node, "name", "") for node in parse(tests).body if is_test(node)
                  and any(contradicts(inner, replaces.name, manifest.parameters, example)
                          for inner in ast.walk(node) for example in task.examples)}  # fmt: skip
    except (UnreadableSignature, RecursionError):
        return tests
    return without(tests, unsaid)


def contradicts(node: ast.AST, name: str, parameters: tuple[str, ...], example: Example) -> bool:
    """True for an assertion that promises something else of the example's call."""
    promise = promise_of(node, name) if isinstance(node, ast.stmt) else None
    if promise is None or by_name(promise.arguments, parameters) != example.arguments:
        return False
    return promise.raises != example.raises or not same_json(as_json(promise.value), example.output)
