"""Finds the function in production that does what a candidate does, so that nothing is registered twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.arguments import takes
from agent.checks import examples_hold, green
from agent.checks.trial import Trial
from agent.evidence.behaviour import behaviour
from agent.evidence.likeness import Input, Likeness, compared, inputs_of, paired, renamed, stand_in
from agent.sandboxes import Sandboxes
from agent.source.signature import UnreadableSignature, read_signature
from agent.types import Task
from registry import Function, Manifest, Operations, Registry, Status, Version
from registry.terms import normalised
from sandbox import Answer, Limits, Sandbox, SandboxError

MOST_COMPARED = 5
"""Functions that a candidate is compared with: those of its types that share words with it first."""


@dataclass(frozen=True, kw_only=True)
class Near:
    """A function in production that does the same as a candidate, or nearly."""

    version: Version
    likeness: Likeness
    fails: tuple[str, ...] = ()
    """What else tells them apart, in words: an example, a test, what people said."""

    @property
    def is_twin(self) -> bool:
        """True where nothing tells them apart."""
        return self.likeness.is_same and not self.fails

    @property
    def counts(self) -> dict[str, int]:
        """On how many inputs of how many they agree."""
        return {"agree": self.likeness.agree, "of": len(self.likeness.pairs)}

    def as_json(self) -> dict[str, Any]:
        """For the evidence of the candidate."""
        named = {"name": self.version.name, "version": self.version.version}
        return {**named, **self.counts, "differs": self.likeness.differences(), "fails": list(self.fails)}


@dataclass(frozen=True, kw_only=True)
class Twins:
    """Compares candidates with functions in production that take and give the same types.

    What asks its host for something, needs packages or is a coroutine is left out: nobody knows here what a server
    would answer, and what such a function does is more than the value that it gives.
    """

    registry: Registry
    operations: Operations
    sandboxes: Sandboxes
    limits: Limits

    def nearest(self, function: Function, evidence: Mapping[str, Any], task: Task) -> Near | None:
        """The function in production that does the same, else the one that does so most nearly; None where none does.

        `task` is what the candidate is for: what does not take its arguments is no twin. Neither is one of two of which
        one breaks an example or a test of the other. A function that cannot be run now is passed over.
        """
        rivals = self._rivals(function)
        if not rivals:
            return None
        made = Version(function=function, commit="", status=Status.TESTING, evidence=evidence)
        mine = Side(function=function, sandbox=self.sandboxes.for_run(made), limits=self.limits)
        inputs = inputs_of(function)
        answers, found = mine.answers(inputs), list[Near]()
        for rival in rivals:
            try:
                near = self._compared(mine, inputs, answers, rival, task)
            except SandboxError:
                continue
            if near is not None and near.is_twin:
                return near
            found += [near] if near else []
        return max(found, key=lambda near: near.likeness.agree / len(near.likeness.pairs), default=None)

    def _rivals(self, function: Function) -> list[Version]:
        """What the candidate is compared with."""
        names = self.registry.alike(function.manifest, MOST_COMPARED) if is_plain(function) else ()
        found = (self.registry.find(name) for name in names)
        return [version for version in found if version is not None and is_plain(version.function)]

    def _compared(
        self, mine: "Side", inputs: tuple[Input, ...], answers: tuple[Answer | None, ...], rival: Version, task: Task
    ) -> Near | None:
        """How the two compare; None where they are not near each other.

        First on the candidate's inputs, and where that leaves hope on the other's. Raises `SandboxError`.
        """
        names = paired(mine.function.manifest, rival.function.manifest)
        if names is None:
            return None
        function = stand_in(mine.function, rival.function, names)
        other = Side(function=function, sandbox=self.sandboxes.for_run(rival), limits=self.limits)
        pairs = compared(inputs, answers, other.answers(inputs))
        if Likeness(pairs=pairs).is_hopeless:
            return None
        known = {given.arguments.text for given in inputs}
        theirs = (renamed(given, names) for given in inputs_of(rival.function))
        more = tuple(given for given in theirs if given.arguments.text not in known)
        likeness = Likeness(pairs=(*pairs, *compared(more, mine.answers(more), other.answers(more))))
        if not likeness.is_same:
            return Near(version=rival, likeness=likeness) if likeness.is_near else None
        mirrored = {there: here for here, there in names.items()}
        back = {there: mirrored[there] for there in rival.function.manifest.parameters}
        reverse = replace(mine, function=stand_in(rival.function, mine.function, back))
        described = Task(text=rival.function.manifest.description)
        fails = self._unfit(rival, names, task) or broken(other, task) or broken(reverse, described)
        return Near(version=rival, likeness=likeness, fails=fails)

    def _unfit(self, rival: Version, names: Mapping[str, str], task: Task) -> tuple[str, ...]:
        """Why the function cannot serve the task, though it gives the same: what people said, or their arguments."""
        words = normalised(task.text)
        if any(lesson.text == words and not lesson.meant for lesson in self.operations.lessons(rival.name)):
            return (f"somebody said that these words do not mean `{rival.name}`",)
        if not serves(rival.function.manifest, names, task):
            return (f"`{rival.name}` does not take the arguments that came with the task",)
        return ()


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two, where it runs."""

    function: Function
    sandbox: Sandbox
    limits: Limits

    def answers(self, inputs: tuple[Input, ...]) -> tuple[Answer | None, ...]:
        """What it gives, in one sandbox start."""
        calls = [given.arguments for given in inputs]
        return behaviour(self.sandbox, self.function.source, self.function.name, calls, (), self.limits).answers


def broken(side: Side, task: Task) -> tuple[str, ...]:
    """What one function breaks of the examples and tests of the other, in whose place it stands."""
    trial = Trial(function=side.function, sandbox=side.sandbox, task=task, limits=side.limits)
    said = (*examples_hold.check(trial).findings, *green.check(trial).findings)
    return tuple(f"of what `{side.function.name}` promises: {finding}" for finding in said)


def is_plain(function: Function) -> bool:
    """True for a function that asks nothing of its host, needs no packages and is no coroutine."""
    if function.manifest.grants or function.manifest.requirements:
        return False
    try:
        return not read_signature(function.source).is_async
    except UnreadableSignature:
        return False


def serves(manifest: Manifest, names: Mapping[str, str], task: Task) -> bool:
    """True where the function takes the task's arguments, each for what the candidate takes it for."""
    by_name = all(names.get(name) == name for name in task.arguments)
    by_place = not task.positional or tuple(names.values()) == manifest.parameters
    return by_name and by_place and takes(manifest, task)
