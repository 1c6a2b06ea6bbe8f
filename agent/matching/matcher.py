"""Which registered function does what was asked, or none: abstaining is a result.

A wrong match runs the wrong code with somebody's arguments, so it must be likely enough for the operator, or chosen
by a model or a person.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agent.arguments import takes
from agent.errors import ModelError
from agent.matching.chance import chances
from agent.matching.decision import Decision, Match, Option
from agent.matching.evidence import Measured, measured
from agent.matching.lessons import Learned, Lessons, excluded, leanings, recalled, taught
from agent.matching.wish import Wish, wish_of
from agent.ports import Message, ModelRequest, Purpose
from agent.prompting import as_data, fill
from agent.replies import read_reply
from agent.router import Router
from agent.types import Task
from registry import NAME_PATTERN, Found, Hit, Manifest, Operations, Registry, Version, hit_of
from registry.terms import normalised, terms, unique

RETRIEVED = 20
"""How many functions the index hands over to be looked at closely."""
OFFERED = 5
"""How many of them a model or a person chooses from."""
WORTH_ASKING = 0.35
"""Below this chance a function is not offered."""
MEANT = 0.5
"""From this chance by its words alone, a function that cannot take the arguments is what the caller meant."""
WORTH_A_MODEL = 0.02
"""Below this the best is not even shown to a model."""


class Chosen(BaseModel):
    """A model's choice among the candidates, with the arguments that it read."""

    model_config = ConfigDict(extra="ignore")

    function: str | None
    arguments: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """Looks functions up by their words and their arguments, and asks a model only where that is unclear."""

    registry: Registry
    lessons: Lessons
    router: Router
    accepted_error: float
    """The chance of being wrong at which a function is still run without asking."""

    @property
    def operations(self) -> Operations:
        """Where lessons are kept."""
        return self.lessons.operations

    def match(self, task: Task, *, ask_model: bool = True) -> Match:
        """The function that does the task; else those that may, or none."""
        known = self.lessons.current()
        for name, reason in (
            (known.meant.get(normalised(task.text), ""), "these words were confirmed before"),
            (normalised(task.text).replace(" ", "_"), "it is called by its name"),
        ):
            if (version := self._taking(name, task)) is not None:
                return Match(decision=Decision.RUN, chosen=version, chance=1.0, reason=reason)
        wish = wish_of(task)
        fit, unfit = self._retrieved(task, wish, known)
        ranked = ranking(wish, fit, known)
        best, second = (*(chance for _, chance in ranked[:2]), 0.0, 0.0)[:2]
        options = tuple(option_of(row, chance) for row, chance in ranked)
        if best >= 1 - self.accepted_error and (chosen := self.version(ranked[0][0].hit.name)) is not None:
            reason = f"its words fit{' and it takes your arguments' if wish.given else ''}"
            return Match(decision=Decision.RUN, chosen=chosen, chance=best, options=options, reason=reason)
        if misfit := self._misfit(task, unfit, known, best):
            return misfit
        if ask_model and best >= WORTH_A_MODEL:
            return self._asked(task, options)
        return undecided(options, best, second)

    def _taking(self, name: str, task: Task) -> Version | None:
        """The function of that name, where there is one that takes the arguments given."""
        version = self.version(name) if re.fullmatch(NAME_PATTERN, name) else None
        return version if version is not None and takes(version.function.manifest, task) else None

    def version(self, name: str) -> Version | None:
        """What serves under the name, in production or on trial."""
        return self.registry.find(name) or self.registry.on_trial(name)

    def _retrieved(self, task: Task, wish: Wish, known: Learned) -> tuple[Found, Found]:
        """What the index found: the functions that take the arguments given, and those that do not."""
        found = self.registry.search(searched_terms(wish), RETRIEVED, wish.given)
        hits = {hit.name: hit for hit in found.hits}
        on_trial = [each for each in self.registry.canaries() if each.name not in hits]
        names = (name for name in recalled(known, wish) if name not in hits)
        others = [version for version in map(self.version, names) if version is not None]
        hits |= {version.name: hit_of(version) for version in (*on_trial, *others)}
        for name in excluded(known, task.text):
            hits.pop(name, None)
        known_hits = [taught(known, hit) for hit in hits.values()]
        fit = tuple(hit for hit in known_hits if self._takes(hit, task))
        unfit = tuple(hit for hit in known_hits if hit not in fit)
        return replace(found, hits=fit), replace(found, hits=unfit)

    def _takes(self, hit: Hit, task: Task) -> bool:
        """True where all arguments given can be bound without a loss."""
        if not task.arguments and not task.positional:
            return True
        if not set(task.arguments) <= set(hit.profile.takes):
            return False
        version = self.version(hit.name)
        return version is not None and takes(version.function.manifest, task)

    def _misfit(self, task: Task, unfit: Found, known: Learned, best: float) -> Match | None:
        """The function whose words fit and whose parameters do not, where nothing else may be meant.

        Better an error that names the argument than a second function for the same wish.
        """
        if best >= WORTH_ASKING or not unfit.hits:
            return None
        ranked = ranking(wish_of(Task(text=task.text)), unfit, known)
        row, chance = ranked[0]
        version = self.version(row.hit.name) if chance >= MEANT else None
        if version is None:
            return None
        options = tuple(option_of(row, chance) for row, chance in ranked)
        reason = "its words fit, its parameters do not"
        return Match(decision=Decision.RUN, chosen=version, chance=chance, options=options, reason=reason)

    def _asked(self, task: Task, options: tuple[Option, ...]) -> Match:
        """A model's choice among the best. Its answer is checked: only an offered name counts."""
        offered = [each for each in options[:OFFERED] if each.chance >= WORTH_A_MODEL / OFFERED]
        versions = [version for version in map(self.version, (each.name for each in offered)) if version is not None]
        best, second = (*(each.chance for each in options[:2]), 0.0, 0.0)[:2]
        try:
            reply = self.router.complete(choice_request(task, versions))
        except ModelError as error:
            return undecided(options, best, second, f"; no model could be asked: {error}")
        said = read_reply(reply.text, Chosen)
        by_name = {version.name: version for version in versions}
        chosen = by_name.get(said.function or "") if isinstance(said, Chosen) else None
        model = f"{reply.provider}/{reply.model}"
        if chosen is None:
            reason = f"{model} chose none of them"
            return Match(decision=Decision.NONE, chance=best, options=options, reason=reason, model=model)
        return Match(
            decision=Decision.RUN,
            chosen=chosen,
            chance=next(each.chance for each in offered if each.name == chosen.name),
            options=options,
            reason=f"chosen by {model}",
            model=model,
            taught_by=model,
            arguments=said.arguments if isinstance(said, Chosen) else {},
        )


def searched_terms(wish: Wish) -> list[str]:
    """What the index is asked for: the terms of the wish, and of the arguments' names."""
    return unique([*wish.weights, *(term for name in wish.given for term in terms(name))])


def ranking(wish: Wish, found: Found, known: Learned) -> list[tuple[Measured, float]]:
    """The hits with their chances, likeliest first."""
    rows = measured(wish, found, found.hits)
    worth = chances([row.figures for row in rows], given=wish.telling, leanings=leanings(known, found.hits))
    return sorted(zip(rows, worth, strict=True), key=lambda pair: -pair[1])


def option_of(row: Measured, chance: float) -> Option:
    """The row, in words."""
    figures, hit = row.figures, row.hit
    said = [f"{figures['said']:.0%} of what you said", f"{figures['name_meant']:.0%} of its name"]
    if figures["filled"]:
        lacking = int(figures["lacking"])
        said.append("takes all you gave" if not lacking else f"{lacking} argument{'s' if lacking > 1 else ''} missing")
    return Option(name=hit.name, version=hit.version, description=hit.description, chance=chance, why=", ".join(said))


def undecided(options: tuple[Option, ...], best: float, second: float, more: str = "") -> Match:
    """A question where some are worth it, else none."""
    asked = tuple(each for each in options[:OFFERED] if each.chance >= WORTH_ASKING)
    if not asked:
        return Match(decision=Decision.NONE, chance=best, options=options, reason=f"none fits well enough{more}")
    close = len(asked) > 1 and best - second < second
    reason = f"{'several fit about as well' if close else 'it is not sure enough'}{more}"
    return Match(decision=Decision.ASK, chance=best, options=options, asked=asked, reason=reason)


def choice_request(task: Task, versions: Sequence[Version]) -> ModelRequest:
    """The request that asks for one of the functions or none, and for its arguments."""
    manifests = [version.function.manifest for version in versions]
    lines = [f"- {item.name}: {item.description}\n  {parameters_text(item)}" for item in manifests]
    system = fill("match", functions="\n".join(lines), given=given_names(task.arguments))
    schema: Mapping[str, Any] = Chosen.model_json_schema()
    said = fill("task", task=as_data(task.text), details="")
    messages = (Message(role="system", content=system), Message(role="user", content=said))
    return ModelRequest(messages=messages, purpose=Purpose.MATCH, task=task.text, schema=schema, temperature=0.0)


def parameters_text(manifest: Manifest) -> str:
    """What the function takes, in short."""
    return json.dumps(manifest.input_schema.get("properties", {}), ensure_ascii=False)


def given_names(arguments: Collection[str]) -> str:
    """The arguments that are there already, by name; no value of theirs goes to a model."""
    return f"The caller gives: {', '.join(arguments)}." if arguments else "The caller gives no arguments."
