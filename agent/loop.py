"""The way of a task: match, or else make; then run and report."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from agent.brief import script_of
from agent.checks import examples_hold
from agent.checks.trial import Trial
from agent.clock import StepClock
from agent.composition import callees_of
from agent.errors import BadArguments, BadTask, KowalError, NoFunctionFits, NotGranted, RunFailed, Unclear
from agent.making.doubts import interface_of, refuse_misfit, said_of
from agent.making.following import Following
from agent.making.forge import Forge, Made
from agent.matching.decision import Decision, Match, Which, nobody_knows
from agent.matching.matcher import Matcher
from agent.questions import Said
from agent.routing.asking import Asking, asking
from agent.runner import Answer, Runner
from agent.steps import AS_THEY_COME, NOTHING_KNOWN, Known, Steps
from agent.types import Event, Origin, Outcome, Task, version_facts
from registry import Function, Registry, Status, Version
from sandbox import Sandbox, Surroundings

MOST_TASK_CHARS = 10_000
"""A wish is a few sentences; data belongs in arguments."""
LAST_STEP_S = 5.0
"""So long closing waits for what is under way in the background and has no sandbox any more."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The function that is meant, and what it gave where that was clear enough to run it."""

    match: Match
    answer: Answer | None = None


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Does tasks. Made by `agent.wiring.build_agent`; safe to use from several threads."""

    registry: Registry
    matcher: Matcher
    forge: Forge
    runner: Runner
    following: Following
    which: Which = nobody_knows
    """Asks a person which function is meant."""
    actor: Callable[[], str] = lambda: ""
    """For whom this thread works."""

    def execute(self, task: Task, steps: Steps = AS_THEY_COME, known: Known = NOTHING_KNOWN) -> Outcome:
        """Do the task with a function that is there, or with one made for it.

        Raises `BadTask`, `BadArguments`, `NoFunctionFits`, `NotPromoted`, `RunFailed`, or an error of the
        registry or the sandbox.
        """
        refuse_unreadable(task)
        with self._asking_for(task):
            return self._execute(task, steps, known)

    def _execute(self, task: Task, steps: Steps, known: Known) -> Outcome:
        task, clock = replace(task, arguments={**task.arguments, **known.arguments}), StepClock()
        task = replace(task, files={}) if known.files_are_among_them else task
        if known.approved is not None:
            name, version = known.approved
            return steps.step("run", Outcome, lambda: self.run(name, task, version=version))
        if known.question is not None:
            made = self._made(steps, task, clock, known)
            return outcome(
                task, made.version, origin_of(made), clock, made=made, answer=self._first(steps, task, made, clock)
            )
        found = steps.together("found", Found, lambda: self._found(steps, task, clock))
        match, answer = found.match, found.answer
        if match.decision is Decision.ASK:
            match = self._settled(match, known)
        learn = self.matcher.operations.learn
        if match.chosen is None:
            made = self._made(steps, task, clock, known)
            answer = self._first(steps, task, made, clock)
            if not (task.examples or task.wishes or made.is_twin):  # else the words alone mean something wider
                learn(task.text, made.version.name, "made for these words")
            return outcome(task, made.version, origin_of(made), clock, match=match, made=made, answer=answer)
        answer = answer or self._served(steps, task, match, match.chosen, clock)
        if match.taught_by:
            learn(task.text, match.chosen.name, match.taught_by)
        return outcome(task, answer.version, Origin.MATCHED, clock, match=match, answer=answer)

    def create(self, task: Task, steps: Steps = AS_THEY_COME, known: Known = NOTHING_KNOWN) -> Outcome:
        """Make the function the task asks for and keep it, without running it. Raises as `execute` does."""
        refuse_unreadable(task)
        clock = StepClock()
        self.freshen()
        with self._asking_for(task):
            made = self._made(steps, task, clock, known)
        return outcome(task, made.version, origin_of(made), clock, made=made)

    def run(self, name: str, task: Task, *, version: str | None = None) -> Outcome:
        """Run a function by its name: the version that is named, or else the one that serves.

        Raises `UnknownFunction`, `UnknownVersion`, `BadArguments`, `RunFailed` (for a quarantined version, too).
        """
        clock = StepClock()
        self.freshen()
        found = self.registry.get(name, version)
        if found.status is Status.QUARANTINED:
            advice = f"`kowal functions history {name}` says why. Name another version, or enhance the function."
            raise RunFailed(f"`{name}` {found.version} is quarantined: it is kept from running", advice=advice)
        run = self.runner.run if version else self.runner.serve
        with self._asking_for(task):
            answer = run(task, found, clock, Origin.NAMED, None)
        return outcome(task, answer.version, Origin.NAMED, clock, answer=answer)

    def enhance(self, name: str, wish: Task, steps: Steps = AS_THEY_COME, known: Known = NOTHING_KNOWN) -> Outcome:
        """Make a new version that does what the wish adds; what the old one promised still holds."""
        refuse_unreadable(wish)
        clock = StepClock()
        self.freshen()
        with self._asking_for(wish):
            made = self._made(steps, wish, clock, known, replaces=name)
        return outcome(wish, made.version, Origin.GENERATED, clock, made=made)

    def follow(self, name: str, task: Task, *, by: str, steps: Steps = AS_THEY_COME) -> Outcome:
        """Prove anew what calls the function, of which another version serves since `by` said so."""
        clock = StepClock()
        self.freshen()
        followed = steps.step("follow", list[Any], lambda: [each.as_json() for each in self.following.now(name, by=by)])
        return replace(
            outcome(task, self.registry.find(name) or self.registry.newest(name), Origin.NAMED, clock), value=followed
        )

    def answer(self, question_id: int, said: Said, *, by: str) -> Outcome:
        """The version that a person's answer to a kept question decides for, promoted and not run.

        Raises `UnknownQuestion`, `AlreadyAnswered`, `BadTask` for a value that the function never gives, `NotPromoted`
        where the answer leaves no candidate, `Undecided` where it leads to another question.
        """
        clock, operations = StepClock(), self.matcher.operations
        question = operations.question(question_id)
        if question.answer is None:
            refuse_misfit(said, interface_of(question).output_schema)
        if question.answer is None or question.outcome:
            answer = {"raises": True} if said.raises else {"out": said.value}
            question = operations.answer_question(question_id, answer, by)
        # Else whoever answered was stopped before anything came of it: this goes on from that answer.
        made = self._answered(question_id, clock)
        return outcome(Task(text=question.task), made.version, origin_of(made), clock, made=made)

    def admit(
        self,
        function: Function,
        *,
        source: str,
        suites: Sequence[str] = (),
        explain: bool = False,
        as_itself: bool = False,
    ) -> Version:
        """Let a function in that came from elsewhere, through the same gate; `explain` asks all of its checks.

        Where one in production does the same, it is that one, unless `as_itself`. Raises `NotPromoted`.
        """
        admit = self.forge.admission.admit
        return admit(function, source=source, suites=suites, explain=explain, as_itself=as_itself)

    def preview(self, task: Task) -> Match:
        """Which function would run, or none; nothing is run and no model is asked to choose."""
        refuse_unreadable(task)
        self.freshen()
        return self.matcher.match(task, ask_model=False)

    def freshen(self) -> None:
        """Bring a shared registry up to date where it is due; where that fails, tell it and go on with what is here."""
        if reason := self.registry.refresh():
            self.runner.listener(Event(action="registry.stale", facts={"reason": reason}))

    def close(self) -> None:
        """Stop what goes on in the background, and release files and processes. Idempotent."""
        self.following.close()
        self.runner.sandboxes.close()
        self.following.settle(LAST_STEP_S)
        self.matcher.router.close()
        self.matcher.operations.close()
        self.matcher.vectors.kept.close()
        self.registry.close()

    def _asking_for(self, task: Task) -> AbstractContextManager[None]:
        """What is asked of models in the block is asked for the task, as it demands, and counts for it."""
        return asking(Asking(task=task.id or uuid.uuid4().hex, by=self.actor(), constraints=task.constraints))

    def _match(self, task: Task) -> Match:
        """The matcher's choice, unless it breaks an example that the person gave."""
        match = self.matcher.match(task)
        if match.chosen is None or not task.examples:
            return match
        trial = Trial(function=match.chosen.function, sandbox=self._proving(match.chosen), task=task)
        if not examples_hold.refuted(trial):
            return match
        reason = f"{match.chosen.name} breaks your examples"
        return Match(decision=Decision.NONE, chance=match.chance, options=match.options, reason=reason)

    def _found(self, steps: Steps, task: Task, clock: StepClock) -> Found:
        """The matcher's choice and what it gave; nobody is asked between the two."""
        match = steps.step("match", Match, lambda: self._matched(task, clock))
        if match.decision is not Decision.RUN or match.chosen is None:
            return Found(match=match)
        return Found(match=match, answer=self._served(steps, task, match, match.chosen, clock))

    def _served(self, steps: Steps, task: Task, match: Match, chosen: Version, clock: StepClock) -> Answer:
        """What the function gave that is meant."""
        read, serve = replace(task, arguments={**match.arguments, **task.arguments}), self.runner.serve
        return steps.step("run", Answer, lambda: serve(read, chosen, clock, Origin.MATCHED, match.chance))

    def _matched(self, task: Task, clock: StepClock) -> Match:
        """The matcher's choice, which is told."""
        with clock.step("match"):
            self.freshen()
            match = self._match(task)
        self._tell_match(match, clock)
        return match

    def _made(self, steps: Steps, task: Task, clock: StepClock, known: Known, replaces: str = "") -> Made:
        """The version that is made for the task, from the start or from the answer to a question."""
        number = known.question
        if number is not None:
            return steps.step("make", Made, lambda: self._answered(number, clock))
        if not task.may_create:
            raise NoFunctionFits(
                "No function fits, and you may not have one made here",
                advice="Ask somebody who may, or say the task in other words.",
            )
        steps.making(task, replaces)
        old = steps.step("find", Version, lambda: self.registry.get(replaces)) if replaces else None
        return steps.step("make", Made, lambda: self.forge.make(task, clock, replaces=old))

    def _answered(self, number: int, clock: StepClock) -> Made:
        """The version that the answer to a kept question decides for."""
        operations = self.matcher.operations
        question = operations.question(number)
        try:
            made = self.forge.answer(question, said_of(question), clock)
        except KowalError as error:
            operations.settle_question(number, str(error))
            raise
        operations.settle_question(number, f"{made.version.name} {made.version.version}")
        return made

    def _settled(self, match: Match, known: Known) -> Match:
        """What a person says to the question which function is meant. Raises `Unclear` where nobody does."""
        said = self.which(match) if known.which is None else known.which
        if said is None:
            raise unclear(match)
        chosen = self.matcher.version(said) if said else None
        if chosen is None:
            return replace(match, decision=Decision.NONE, reason="none of those that may be meant")
        return replace(
            match, decision=Decision.RUN, chosen=chosen, reason="chosen by you", taught_by="the one who asked"
        )

    def _proving(self, version: Version) -> Sandbox:
        """Where the version runs; if it asks a host, with one that has the functions that it calls and no more."""
        callees = callees_of(self.registry, version.function)
        script = script_of(None, callees, version.function.manifest.grants)
        return self.runner.sandboxes.for_run(version, Surroundings(script=script))

    def _first(self, steps: Steps, task: Task, made: Made, clock: StepClock) -> Answer:
        """The first run of what was made, for the task that it was made for."""
        version, run = made.version, self.runner.run
        try:
            return steps.step("run", Answer, lambda: run(task, version, clock, origin_of(made), None))
        except (BadArguments, NotGranted) as error:
            became = "does this already" if made.is_twin else "was made and kept"
            error.kept = f"`{version.name}` {version.label} {became}; run it by its name."
            raise

    def _tell_match(self, match: Match, clock: StepClock) -> None:
        facts: dict[str, Any] = {"chance": match.chance, "reason": match.reason, "model": match.model}
        facts["seconds"] = clock.seconds["match"]
        if match.chosen is None:
            best = match.options[0].name if match.options else ""
            action = "match.unclear" if match.decision is Decision.ASK else "match.none"
            event = Event(action=action, facts=facts | {"best": best})
        else:
            event = Event(action="match.found", facts=facts | version_facts(match.chosen))
        self.runner.listener(event)


def origin_of(made: Made) -> Origin:
    """Where the version for a task came from: it may have been there all along."""
    return Origin.MATCHED if made.is_twin else Origin.GENERATED


def outcome(
    task: Task,
    version: Version,
    origin: Origin,
    clock: StepClock,
    *,
    match: Match | None = None,
    made: Made | None = None,
    answer: Answer | None = None,
) -> Outcome:
    """What is reported of a task."""
    attempts = made.attempts if made else ()
    chosen_by = match.model if match else ""
    return Outcome(
        task=task.text,
        function=version.name,
        version=version.label,
        commit=version.commit,
        origin=origin,
        status=version.status.value,
        value=answer.result.value if answer else None,
        ran=answer is not None,
        output=answer.result.output if answer else "",
        chance=match.chance if match else None,
        match=match.as_json() if match else {},
        verdict=version.evidence.get("verdict", {}),
        attempts=attempts,
        model=version.evidence.get("provenance", {}).get("model", "") if made else chosen_by,
        requests=made.spending.requests if made else 0,
        tokens=made.spending.tokens if made else 0,
        cost_eur=made.spending.cost_eur if made else 0.0,
        unpriced=made.spending.unpriced if made else 0,
        seconds=dict(clock.seconds),
        run_id=answer.run_id if answer else None,
        reached=answer.reached if answer else (),
        artefacts=answer.result.artefacts if answer else {},
    )


def unclear(match: Match) -> Unclear:
    """The end of a task that may mean one of several functions, or none."""
    names = [option.name for option in match.asked]
    one = f"kowal functions run {names[0]}"
    return Unclear(
        f"Did you mean {' or '.join(f'`{name}`' for name in names)}? {match.reason[:1].upper()}{match.reason[1:]}",
        advice=f"Run the one you mean by its name (`{one}`), or say the task in other words.",
        **match.as_json(),
    )


def refuse_unreadable(task: Task) -> None:
    """Raise `BadTask` for a text that is no wish."""
    if not task.text.strip():
        raise BadTask("The task is empty")
    if len(task.text) > MOST_TASK_CHARS:
        raise BadTask(
            f"The task is {len(task.text):,} characters long; a wish may have {MOST_TASK_CHARS:,}",
            advice="Say the wish in a few sentences and give the data as an argument: -a text=@FILE",
        )
    try:
        task.text.encode()
    except UnicodeEncodeError as error:
        raise BadTask("The task is not Unicode text: it holds lone surrogates") from error
