"""Makes functions: specify, write tests, have candidates written, decide between them, promote."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from agent.arguments import fits
from agent.brief import brief_from
from agent.checks import agreement, mutation
from agent.clock import StepClock
from agent.composition import named_callees
from agent.errors import BadTask, BudgetExceeded, ModelError, NoFunctionFits, NotPromoted
from agent.evidence.jury import Decision, Ruling
from agent.evidence.standing import Scale
from agent.making.admission import Admission
from agent.making.budget import Budget, Spending
from agent.making.candidates import Candidates, Work, function_of
from agent.making.doubts import asked_of, example_of, record_of, undecided
from agent.making.proof import disputed, hopeless, proven
from agent.making.specifier import Specifier
from agent.packages import Shelf
from agent.questions import Ask, Said
from agent.routing import asking
from agent.source.suites import tests_in
from agent.types import Attempt, Event, Listener, Task
from agent.validator import evidence_of
from registry import QuestionRecord, Registry, Version

MOST_QUESTIONS = 3
"""Put to a person at once for one function; a task that needs more should be said anew."""
IN_DOUBT = Scale(floor=float("inf"))
"""No evidence is enough: what is left is a question."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """The version for a task, and what it took."""

    version: Version
    attempts: tuple[Attempt, ...]
    spending: Spending
    is_twin: bool = False
    """True where a function that was in production does the same: then `version` is that one, and nothing is new."""


@dataclass(frozen=True, kw_only=True)
class Forge:
    """Turns a task into a version, by way of models, evidence and, where that leaves a doubt, a person."""

    registry: Registry
    specifier: Specifier
    candidates: Candidates
    admission: Admission
    shelf: Shelf
    budget: Budget
    ask: Ask
    """Puts a question to whoever attends."""
    listener: Listener

    def make(self, task: Task, clock: StepClock, replaces: Version | None = None) -> Made:
        """A new function for the task, or a new version of one that does what the task adds and keeps its promises.

        Where a function in production turns out to do the same as the new one, it is that one.
        Raises `NoFunctionFits` where no model answers, `NotPromoted`, `Undecided`, `BadTask` for packages.
        """
        task = self._with_packages(task, replaces)
        task_id, spending = task.id or asking.current().task or uuid.uuid4().hex, Spending(budget=self.budget)
        taken = {listing.name: listing.description for listing in self.registry.list()}
        with clock.step("specify"), modelless(task_id, spending):
            brief = self.specifier.prepare(task, replaces, taken, task_id, spending)
        work = Work(brief=brief, spending=spending)
        with clock.step("generate"), modelless(task_id, spending):
            self.candidates.propose(work)
        return self._settled(work, clock)

    def answer(self, question: QuestionRecord, said: Said, clock: StepClock) -> Made:
        """The version that a person's answer decides for, from what was kept with the question. No model is asked.

        Raises `NotPromoted`; `Undecided` where the answer leads to another question.
        """
        kept = question.state
        replaces = self.registry.get(*kept["brief"]["replaces"]) if kept["brief"]["replaces"] else None
        called = named_callees(self.registry, kept["brief"]["specification"].get("functions", ()))
        brief = brief_from(kept["brief"], replaces, called).answered(example_of(dict(question.arguments), said))
        work = Work(brief=brief, spending=Spending(budget=Budget(requests=0)))
        with clock.step("validate"):
            work.slots = [
                replace(
                    self.candidates.attempt(brief, row["source"], row["model"], number),
                    server=row.get("server", ""),
                    prompt=row.get("prompt", kept.get("prompts", "")),  # as an older release kept them
                )
                for number, row in enumerate(kept["candidates"], 1)
            ]
        return self._settled(work, clock)

    def _settled(self, work: Work, clock: StepClock) -> Made:
        """Decide, ask, or have mended what can be; until there is a version, or no way on.

        Each turn mends (a bounded number of times), asks (likewise), or takes one candidate out of the running.
        """
        asked = 0
        while True:
            with clock.step("validate"):
                places, decision = self._compared(work)
            leader = places[decision.chosen] if decision.chosen is not None else None
            clean = leader is not None and work.slots[leader].verdict.passed
            if clean and decision.ruling is Ruling.ASK and asked < MOST_QUESTIONS and self._answered(work, decision):
                asked += 1
                continue
            if clean and decision.ruling is Ruling.PROMOTE and (made := self._promoted(work, places, decision, clock)):
                return made
            with clock.step("generate"), modelless(work.brief.task_id, work.spending):
                mended = self._mended(work, leader)
            if mended:
                continue
            if not clean and decision.ruling is Ruling.PROMOTE and disputed(work, places, decision):
                places, decision = self._decided(work, IN_DOUBT)
            if leader is None or decision.ruling is Ruling.REFUSE or hopeless(work.slots[leader]):
                raise refused(work, decision)
            if decision.ruling is Ruling.ASK:
                if clean or asked == MOST_QUESTIONS or not self._answered(work, decision):
                    raise self._undecided(work, places, decision)
                asked += 1
                continue
            if not clean and (made := self._promoted(work, places, decision, clock)):
                return made
            work.slots[leader] = replace(work.slots[leader], function=None)

    def _compared(self, work: Work) -> tuple[list[int], Decision]:
        """The places of the candidates that were compared, and what was decided between them, which is told."""
        places, decision = self._decided(work)
        if not places:
            return places, decision
        leader, evidence = decision.chosen or 0, decision.evidence
        standing = evidence["candidates"][leader]
        self._tell(
            "candidates.compared",
            ruling=decision.ruling.value,
            agree=len(standing["alike"]),
            of=len(places),
            points=standing["points"],
            floor=evidence["floor"],
            inputs=evidence["inputs"],
            summary=agreement.summary_of(decision, leader),
        )
        return places, decision

    def _decided(self, work: Work, scale: Scale | None = None) -> tuple[list[int], Decision]:
        """The places of the candidates that can be compared, and the decision between them."""
        places = work.compared()
        if not places:
            return [], Decision(ruling=Ruling.REFUSE)
        first = work.slots[places[0]]
        trial = self.candidates.trial(work.brief, function_of(first), first.model).moved(work.only)
        return places, agreement.compare(trial, work.candidates(places), scale)

    def _promoted(self, work: Work, places: Sequence[int], decision: Decision, clock: StepClock) -> Made | None:
        """The version that the chosen candidate became; None where it fails the last checks, which it then carries."""
        place = places[decision.chosen or 0]
        with clock.step("validate"):
            attempt = work.slots[place] = proven(self.candidates, work, places, decision)
        if not attempt.verdict.passed:
            self.candidates.tell_tried(place, attempt)
            return None
        told = work.brief.as_json()
        evidence = evidence_of(attempt.verdict, provenance_of(work, attempt)) | {
            "specification": told["specification"],
            "answers": told["answers"],
            "rivals": [asdict(each) for each in work.candidates([other for other in places if other != place])],
        }
        with clock.step("promote"):
            version = self.admission.let_in(
                work.brief, function_of(attempt), attempt.verdict, evidence, number=place + 1, model=attempt.model
            )
        tried, is_twin = tuple(work.tried or work.slots), version.name != work.brief.specification.name
        return Made(version=version, attempts=tried, spending=work.spending, is_twin=is_twin)

    def _mended(self, work: Work, leader: int | None) -> bool:
        """True where somebody tried again: the author of tests that are too weak, or those whose code did not pass."""
        verdict = work.slots[leader].verdict if leader is not None else None
        weak = verdict is not None and not verdict.passed and verdict.results[-1].check == mutation.NAME
        if not weak or verdict is None:
            return self.candidates.mend(work)
        if work.strengthened:  # no coder can mend tests
            return False
        work.strengthened = True
        stronger = self.specifier.strengthened(work.brief, verdict.results[-1].summary, work.spending)
        if stronger is None:
            return False
        self.candidates.judge_again(work, stronger)
        return True

    def _answered(self, work: Work, decision: Decision) -> bool:
        """True where somebody answered the decision's question; the answer is pinned, and all are judged by it."""
        if decision.question is None:
            return False
        asked = asked_of(work.brief, decision.question)
        said = self.ask(asked)
        if said is None or (not said.raises and not fits(said.value, asked.gives)):
            return False
        self.candidates.judge_again(work, work.brief.answered(example_of(dict(asked.arguments), said)))
        return True

    def _undecided(self, work: Work, places: Sequence[int], decision: Decision) -> NotPromoted:
        """The end, with the question kept."""
        if decision.question is None:
            return refused(work, decision)
        asked = asked_of(work.brief, decision.question)
        number = self.admission.operations.ask(record_of(work, asked, places))
        self._tell("question.kept", id=number, function=asked.function, arguments=dict(asked.arguments))
        return undecided(asked, number, work.brief.task_id, decision.findings)

    def _with_packages(self, task: Task, replaces: Version | None) -> Task:
        """The task with the lock for its packages and those of the version before. Says at once what is wrong."""
        old = replaces.function if replaces else None
        wanted = tuple(dict.fromkeys((*(old.manifest.requirements if old else ()), *task.requirements)))
        found = self.shelf.locked(wanted, keeping=old.lock if old else "")
        if found.fault:
            raise BadTask(
                f"These packages cannot be had: {found.fault}",
                advice="Name another, or leave it out: say in words what it is for, and let the function do without.",
            )
        return replace(task, requirements=wanted, lock=found.lock)

    def _tell(self, action: str, **facts: object) -> None:
        self.listener(Event(action=action, facts=facts))


@contextmanager
def modelless(task_id: str, spending: Spending) -> Iterator[None]:
    """Have a model's absence be what it is to a task: no function fits, and none can be made.

    That a budget is used up is for people to know as it is.
    """
    try:
        yield
    except BudgetExceeded:
        raise
    except ModelError as error:
        raise NoFunctionFits(
            f"No function fits, and no model could make one: {error}",
            advice=error.advice,
            kept=f"{spending.requests} replies: kowal attempts {task_id}" if spending.requests else "",
        ) from error


def refused(work: Work, decision: Decision) -> NotPromoted:
    """The end of a task for which no candidate passed."""
    brief, tried = work.brief, work.tried or work.slots
    failed = [attempt for attempt in work.slots if not attempt.verdict.passed]
    findings = [finding for attempt in failed for finding in attempt.verdict.findings] or list(decision.findings)
    used_up = work.spending.exhausted if work.spending.requests else ""
    over = f" within the budget of {used_up}" if used_up else ""
    said = failed[-1].verdict.summary if failed else "none has enough evidence on its side"
    return NotPromoted(
        f"{len(tried)} candidates were made and none passed the gate{over}; the last: {said}",
        kept=f"All attempts with their findings: kowal attempts {brief.task_id}",
        task_id=brief.task_id,
        findings=findings,
    )


def provenance_of(work: Work, attempt: Attempt) -> dict[str, Any]:
    """Where a version comes from, for `evidence.json`."""
    brief = work.brief
    provenance = {
        "task": brief.task.text,
        "task_id": brief.task_id,
        "model": attempt.model,
        "server": attempt.server,
        "authors": dict(brief.authors),
        "prompts": attempt.prompt,
        "attempts": len(work.tried or work.slots),
        "refused": [other.verdict.summary for other in work.tried if not other.verdict.passed],
    }
    if brief.replaces is None:
        return provenance
    unsaid = set(tests_in(brief.replaces.function.tests)) - set(tests_in(brief.kept_tests))
    return provenance | {
        "replaces": f"{brief.replaces.name} {brief.replaces.version}",
        "tests_left_out": sorted(unsaid),
    }
