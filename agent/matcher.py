"""Which registered function does what was asked, or none: abstaining is a result.

A wrong match runs the wrong code with somebody's arguments, so each word of the wish must be accounted for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.errors import ModelError
from agent.ports import Message, ModelRequest, Purpose
from agent.prompting import as_data, fill
from agent.replies import read_reply
from agent.router import Router
from agent.scoring import Profile, profile_of, score
from agent.types import Task
from agent.words import unique, words
from registry import Operations, Registry, Version

RETRIEVED = 20
"""How many functions the index hands over to be looked at closely."""
MOST_PROFILES = 10_000
WORTH_ASKING = 0.3
"""Below this score a function is not even offered to a model."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A function and how well it fits, 0 to 1."""

    version: Version
    score: float


@dataclass(frozen=True, kw_only=True)
class Match:
    """The decision: a function or none, with what it was chosen from and why."""

    chosen: Version | None
    score: float
    """Of the chosen one, else of the best."""
    candidates: tuple[Scored, ...]
    reason: str
    """For people: why this one, or why none."""
    model: str = ""
    """`provider/model`, where a model chose."""


class Choice(BaseModel):
    """A model's choice among the candidates."""

    model_config = ConfigDict(extra="ignore")

    function: str | None


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """Looks functions up by their words, and asks a model only where that is unclear."""

    registry: Registry
    operations: Operations
    router: Router
    threshold: float
    """The score from which a function is run without asking."""
    margin: float
    """How far the best must be ahead of the second."""
    profiles: dict[tuple[str, str], Profile] = field(default_factory=dict)
    """What was taken apart already, by name and version."""

    def match(self, task: Task, *, ask_model: bool = True) -> Match:
        """The function that does the task, or none."""
        known = self._confirmed(task)
        if known is not None:
            return Match(chosen=known, score=1.0, candidates=(), reason="these words were confirmed before")
        candidates, unfit = self._candidates(task)
        best, second = (*(item.score for item in candidates[:2]), 0.0, 0.0)[:2]
        if unfit and unfit[0].score >= self.threshold and unfit[0].score > best:
            # Better an error that names the argument than a second function for the same wish.
            reason = "its words fit, its parameters do not"
            return Match(chosen=unfit[0].version, score=unfit[0].score, candidates=candidates, reason=reason)
        if best >= self.threshold and best - second >= self.margin:
            return Match(chosen=candidates[0].version, score=best, candidates=candidates, reason="its words fit")
        offered = [item for item in candidates if item.score >= WORTH_ASKING]
        if ask_model and offered:
            return self._ask(task, offered, candidates)
        reason = "two fit equally well" if best >= self.threshold else "none fits well enough"
        return Match(chosen=None, score=best, candidates=candidates, reason=reason)

    def _confirmed(self, task: Task) -> Version | None:
        name = self.operations.meant_by(task.text)
        version = self.registry.find(name) or self.registry.on_trial(name) if name else None
        return version if version is not None and takes(version, task) else None

    def _candidates(self, task: Task) -> tuple[tuple[Scored, ...], tuple[Scored, ...]]:
        """The functions that take the arguments given, and those that do not; each the best first."""
        wish = unique(words(task.text))
        hits = self.registry.search(wish, RETRIEVED)
        found = [version for hit in hits if (version := self.registry.find(hit.name)) is not None]
        found += [version for version in self.registry.canaries() if self.registry.find(version.name) is None]
        scored = [Scored(version=item, score=score(wish, self._profile(item))) for item in found]
        ranked = sorted(scored, key=lambda item: -item.score)
        fit = tuple(item for item in ranked if takes(item.version, task))
        return fit, tuple(item for item in ranked if item not in fit)

    def _profile(self, version: Version) -> Profile:
        key = (version.name, version.version)
        if key not in self.profiles:
            if len(self.profiles) >= MOST_PROFILES:
                self.profiles.clear()
            self.profiles[key] = profile_of(version.function.manifest)
        return self.profiles[key]

    def _ask(self, task: Task, offered: Sequence[Scored], candidates: tuple[Scored, ...]) -> Match:
        """A model's choice among the best five. Its answer is checked: only an offered name counts."""
        by_name = {item.version.name: item for item in offered[:5]}
        try:
            reply = self.router.complete(choice_request(task, [item.version for item in by_name.values()]))
        except ModelError:
            return none_of(candidates, "none fits well enough, and no model could be asked")
        choice = read_reply(reply.text, Choice)
        chosen = by_name.get(choice.function or "") if isinstance(choice, Choice) else None
        model = f"{reply.provider}/{reply.model}"
        if chosen is None:
            return none_of(candidates, f"{model} chose none of them")
        return Match(
            chosen=chosen.version,
            score=chosen.score,
            candidates=candidates,
            reason=f"chosen by {model}",
            model=model,
        )


def none_of(candidates: tuple[Scored, ...], reason: str) -> Match:
    """The decision for no function."""
    return Match(chosen=None, score=candidates[0].score, candidates=candidates, reason=reason)


def takes(version: Version, task: Task) -> bool:
    """True where the function has a parameter for every argument given."""
    parameters = version.function.manifest.parameters
    return set(task.arguments) <= set(parameters) and len(task.arguments) + len(task.positional) <= len(parameters)


def choice_request(task: Task, versions: Sequence[Version]) -> ModelRequest:
    """The request that asks for one of the functions or none."""
    manifests = [version.function.manifest for version in versions]
    lines = [f"- {item.name}({', '.join(item.parameters)}): {item.description}" for item in manifests]
    system = fill("match", functions="\n".join(lines))
    schema: Mapping[str, Any] = Choice.model_json_schema()
    said = fill("task", task=as_data(task.text), details="")
    messages = (Message(role="system", content=system), Message(role="user", content=said))
    return ModelRequest(messages=messages, purpose=Purpose.MATCH, task=task.text, schema=schema, temperature=0.0)
