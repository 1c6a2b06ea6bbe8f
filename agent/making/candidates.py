"""Asks for candidates, judges each by itself, and has those mended that did not pass."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agent.brief import Brief
from agent.checks import rights
from agent.checks.trial import Trial
from agent.evidence.standing import Candidate
from agent.generator import Generator, Proposal
from agent.journal import Journal
from agent.making.budget import Spending
from agent.making.models import Models
from agent.replies import Code
from agent.sandboxes import Sandboxes
from agent.source.signature import UnreadableSignature, parse
from agent.types import Attempt, CheckResult, Event, Listener, Verdict
from agent.validator import ENTRY, READING, validate
from registry import Function
from sandbox import Limits

MEND_ROUNDS = 2
"""How often candidates are sent back with their findings before stronger models are asked."""


@dataclass(kw_only=True)
class Work:
    """How far the making of one function has come. Not shared between threads."""

    brief: Brief
    spending: Spending
    slots: list[Attempt] = field(default_factory=list)
    """The candidates as they stand, each in the place where it was first asked for."""
    tried: list[Attempt] = field(default_factory=list)
    """Every candidate there has been, in order."""
    mended: int = 0
    escalated: bool = False
    strengthened: bool = False
    """True once the tests were found too weak and written again."""

    def candidates(self, places: Sequence[int]) -> list[Candidate]:
        """The candidates in these places, as they are compared."""
        chosen = [self.slots[place] for place in places]
        return [Candidate(source=function_of(attempt).source, model=attempt.model) for attempt in chosen]

    @property
    def only(self) -> str:
        """Why not all candidates can be compared in the fastest sandbox; empty where they can."""
        return next((attempt.verdict.only for attempt in self.slots if attempt.verdict.only), "")

    def compared(self) -> list[int]:
        """The places of the candidates that can be compared: those that can be read, each behaviour's text once."""
        seen: dict[str, int] = {}
        for place, attempt in enumerate(self.slots):
            if attempt.function is not None and not fell_at_reading(attempt.verdict):
                seen.setdefault(normal(attempt.function.source), place)
        return list(seen.values())


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Fills and mends the slots of a work. What asks raises `ModelError` where no model answers."""

    generator: Generator
    models: Models
    sandboxes: Sandboxes
    journal: Journal
    count: int
    """How many independent candidates a function takes."""
    limits: Limits
    listener: Listener

    def propose(self, work: Work) -> None:
        """One candidate a slot, as far as the budget goes."""
        for place in range(self.count):
            self._fill(work, place, "candidate", self.models.coder(place))

    def mend(self, work: Work) -> bool:
        """Another try for those that did not pass, by stronger models in the end; False where that is not to be had."""
        failed = [place for place, attempt in enumerate(work.slots) if not attempt.verdict.passed]
        if work.spending.exhausted:
            return False
        if failed and work.mended < MEND_ROUNDS:
            work.mended += 1
            for place in failed:
                self._repair(work, place)
            return True
        if self.models.stronger and not work.escalated:
            work.escalated = True
            for place in failed or range(len(work.slots)):
                self._fill(work, place, "stronger", self.models.stronger_coder(place))
            return True
        return False

    def judge_again(self, work: Work, brief: Brief) -> None:
        """Have all candidates stand by what is known now."""
        work.brief = brief
        for place, old in enumerate(work.slots):
            if old.function is not None:
                made = self.attempt(brief, old.function.source, old.model, old.number)
                work.slots[place] = replace(old, function=made.function, verdict=made.verdict)

    def attempt(self, brief: Brief, source: str, model: str, number: int) -> Attempt:
        """A module that was written before, judged."""
        function, verdict = self.judged(brief, source, model)
        return Attempt(number=number, model=model, function=function, verdict=verdict)

    def judged(self, brief: Brief, source: str, model: str) -> tuple[Function, Verdict]:
        """The function that a module makes of the brief, and what it is worth by itself."""
        function = self.function(brief, source, model)
        verdict = self.judge(brief, function, model)
        if not verdict.only or brief.script is None:
            return function, verdict
        function = self.function(brief, source, model, only=verdict.only)  # what it reaches was cut short before
        return function, self.judge(brief, function, model)

    def function(self, brief: Brief, source: str, model: str, *, only: str = "") -> Function:
        """The function that a module makes of the brief, with the grants for what it was seen to reach.

        `only` says why it is to be seen in the second sandbox.
        """
        function = brief.function(source)
        if brief.script is None:
            return function
        reached = rights.reached_by(self.trial(brief, function, model).moved(only))
        return replace(function, manifest=function.manifest.model_copy(update={"grants": reached}))

    def judge(self, brief: Brief, function: Function, model: str) -> Verdict:
        """What the candidate is worth by itself."""
        return validate(self.trial(brief, function, model), ENTRY)

    def trial(self, brief: Brief, function: Function, model: str, rivals: tuple[Candidate, ...] = ()) -> Trial:
        """The candidate before the gate."""
        return Trial(
            function=function,
            sandbox=self.sandboxes.for_proof(function, brief.script),
            second=self.sandboxes.second(function, brief.script),
            task=brief.task,
            earlier_tests=brief.kept_tests,
            limits=self.limits,
            specification=brief.specification,
            model=model,
            rivals=rivals,
            answers=brief.answers,
            callees={callee.name: callee.version for callee in brief.callees},
        )

    def _repair(self, work: Work, place: int) -> None:
        failed = work.slots[place]
        model = self.models.coder(place)
        self._ask(work, place, "repair", lambda seed: self.generator.repair(work.brief, failed, seed=seed, model=model))

    def _fill(self, work: Work, place: int, what: str, model: str) -> None:
        self._ask(work, place, what, lambda seed: self.generator.code(work.brief, seed=seed, model=model))

    def _ask(self, work: Work, place: int, what: str, ask: Callable[[int], Proposal[Code]]) -> None:
        """One request, its reply judged and put into the slot; nothing where the budget is used up."""
        if work.spending.exhausted:
            return
        self._tell("model.asked", what=what, number=place + 1, of=self.count)
        proposal = ask(place + 1 + self.count * (work.mended + work.escalated))
        work.spending.note(proposal.reply)
        attempt = self._judged(work, proposal)
        work.tried.append(attempt)
        work.slots[place : place + 1] = [attempt]
        self.journal.keep_attempt(work.brief.task_id, attempt, proposal)
        self.tell_tried(place, attempt)

    def _judged(self, work: Work, proposal: Proposal[Code]) -> Attempt:
        if proposal.value is None:
            result = CheckResult(check="reply", passed=False, summary=proposal.fault, findings=(proposal.fault,))
            return attempt_of(proposal, work.spending.requests, Verdict(results=(result,)))
        function, verdict = self.judged(work.brief, proposal.value.code, proposal.model)
        return attempt_of(proposal, work.spending.requests, verdict, function)

    def tell_tried(self, place: int, attempt: Attempt) -> None:
        """Say what became of the candidate in that place."""
        verdict = attempt.verdict
        self._tell(
            "candidate.tried" if verdict.passed else "candidate.refused",
            name=attempt.function.name if attempt.function else "",
            number=place + 1,
            of=self.count,
            model=attempt.model,
            passed=verdict.passed,
            why=verdict.summary,
            findings=list(verdict.findings),
            seconds=attempt.seconds,
        )

    def _tell(self, action: str, **facts: object) -> None:
        self.listener(Event(action=action, facts=facts))


def attempt_of[T](proposal: Proposal[T], number: int, verdict: Verdict, function: Function | None = None) -> Attempt:
    """A reply with what came of it, for the record."""
    reply = proposal.reply
    return Attempt(
        number=number,
        model=proposal.model,
        function=function,
        verdict=verdict,
        tokens=reply.usage.tokens_in + reply.usage.tokens_out,
        cost_eur=reply.usage.cost_eur,
        seconds=round(reply.seconds, 3),
        server=reply.server,
        prompt=proposal.prompt,
    )


def function_of(attempt: Attempt) -> Function:
    """The attempt's function, where it is known to have one."""
    if attempt.function is None:
        raise ValueError("an attempt without a function cannot be chosen")
    return attempt.function


def fell_at_reading(verdict: Verdict) -> bool:
    """True where the candidate could not even be compared with others."""
    return not verdict.passed and len(verdict.results) <= len(READING)


def normal(source: str) -> str:
    """The source without comments and layout: candidates that differ in nothing else are one."""
    try:
        return ast.unparse(parse(source))
    except UnreadableSignature:
        return source
