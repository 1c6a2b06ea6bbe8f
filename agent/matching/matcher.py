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
from agent.matching.english import English, is_english
from agent.matching.evidence import Measured, measured
from agent.matching.lessons import Learned, Lessons, excluded, leanings, recalled, taught
from agent.matching.vectors import Vectors, nearest, texts_of
from agent.matching.wish import Wish, wish_of
from agent.ports import Message, ModelRequest, Purpose
from agent.prompting import as_data, fill
from agent.replies import read_reply
from agent.routing.router import Router
from agent.types import Task
from registry import NAME_PATTERN, Found, Hit, Manifest, Operations, Registry, Version, hit_of
from registry.terms import normalised, terms, unique

RETRIEVED = 16
"""How many functions the index hands over to be looked at closely."""
OFFERED = 5
"""How many of them a model or a person chooses from."""
WORTH_ASKING = 0.32
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
class Look:
    """What one look at the registry gave."""

    ranked: Sequence[tuple[Measured, float]]
    """The functions that take the arguments, with their chances, likeliest first."""
    unfit: Found
    """Those that do not take them."""

    @property
    def best(self) -> float:
        """The chance of the likeliest."""
        return self.ranked[0][1] if self.ranked else 0.0

    @property
    def options(self) -> tuple[Option, ...]:
        """The functions for people."""
        return tuple(option_of(row, chance) for row, chance in self.ranked)


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """Looks functions up by words, arguments and meaning, and asks a model to choose only where that is unclear."""

    registry: Registry
    lessons: Lessons
    router: Router
    vectors: Vectors
    english: English
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
        look = self._looked(task, task.text, known)
        takes_them = " and it takes your arguments" if task.arguments else ""
        if match := self._sure(look, f"its words fit{takes_them}") or self._misfit(task, look, known):
            return match
        look = self._looked_closer(task, task.text, known, look)
        if match := self._sure(look, f"its meaning fits{takes_them}"):
            return match
        line = self.english.line(task.text) if ask_model and not is_english(task.text) else ""
        if line:
            look = max(look, self._looked_in_english(task, line, known), key=lambda each: each.best)
            if match := self._sure(look, f"it fits what you said in English, {line!r}{takes_them}"):
                return match
        if ask_model and look.best >= WORTH_A_MODEL:
            return self._asked(task, look.options, line)
        return undecided(look.options)

    def _sure(self, look: Look, reason: str) -> Match | None:
        """The likeliest, where the chance that it is wrong is accepted."""
        if look.best < 1 - self.accepted_error or (chosen := self.version(look.ranked[0][0].hit.name)) is None:
            return None
        return Match(decision=Decision.RUN, chosen=chosen, chance=look.best, options=look.options, reason=reason)

    def _looked(self, task: Task, text: str, known: Learned, near: Mapping[str, float] | None = None) -> Look:
        """What the text means, in the task's own words or others; `near` has functions that are close in meaning."""
        wish = wish_of(replace(task, text=text))
        fit, unfit = self._retrieved(task, wish, known, near or {})
        return Look(ranked=ranking(wish, fit, known, near), unfit=unfit)

    def _looked_closer(self, task: Task, text: str, known: Learned, look: Look) -> Look:
        """The same with vectors, where a server makes them."""
        state = f"{self.registry.fingerprint()} {known.stamp}"
        names = [row.hit.name for row, _ in look.ranked]
        near = self.vectors.near(text, state, lambda: self._texts(known), names)
        return self._looked(task, text, known, near) if near else look

    def _texts(self, known: Learned) -> dict[str, tuple[str, ...]]:
        """What vectors are made of, by function."""
        manifests = [*(version.function.manifest for version in self.registry.canaries()), *self.registry.manifests()]
        said = {manifest.name: texts_of(manifest) for manifest in manifests}
        for learnt, name in known.meant.items():
            said[name] = (*said.get(name, ()), learnt)
        return said

    def _looked_in_english(self, task: Task, line: str, known: Learned) -> Look:
        """What the task means in English, by words and by meaning."""
        look = self._looked(task, line, known)
        return look if look.best >= 1 - self.accepted_error else self._looked_closer(task, line, known, look)

    def _taking(self, name: str, task: Task) -> Version | None:
        """The function of that name, where there is one that takes the arguments given."""
        version = self.version(name) if re.fullmatch(NAME_PATTERN, name) else None
        return version if version is not None and takes(version.function.manifest, task) else None

    def version(self, name: str) -> Version | None:
        """What serves under the name, in production or on trial."""
        return self.registry.find(name) or self.registry.on_trial(name)

    def _retrieved(self, task: Task, wish: Wish, known: Learned, near: Mapping[str, float]) -> tuple[Found, Found]:
        """What the index and the vectors found: the functions that take the arguments given, and those that do not."""
        found = self.registry.search(searched_terms(wish), RETRIEVED, wish.given)
        hits = {hit.name: hit for hit in found.hits}
        on_trial = [each for each in self.registry.canaries() if each.name not in hits]
        names = (name for name in (*recalled(known, wish), *nearest(near, RETRIEVED)) if name not in hits)
        others = [version for version in map(self.version, names) if version is not None]
        hits |= {version.name: hit_of(version) for version in (*on_trial, *others)}
        for name in excluded(known, task.text):
            hits.pop(name, None)
        fit, unfit = list[Hit](), list[Hit]()
        for hit in hits.values():
            (fit if self._takes(hit, task) else unfit).append(taught(known, hit))
        return replace(found, hits=tuple(fit)), replace(found, hits=tuple(unfit))

    def _takes(self, hit: Hit, task: Task) -> bool:
        """True where all arguments given can be bound without a loss."""
        if not task.arguments and not task.positional:
            return True
        if not set(task.arguments) <= set(hit.profile.takes):
            return False
        version = self.version(hit.name)
        return version is not None and takes(version.function.manifest, task)

    def _misfit(self, task: Task, look: Look, known: Learned) -> Match | None:
        """The function whose words fit and whose parameters do not, where nothing else may be meant.

        Better an error that names the argument than a second function for the same wish.
        """
        if look.best >= WORTH_ASKING or not look.unfit.hits:
            return None
        ranked = ranking(wish_of(Task(text=task.text)), look.unfit, known)
        row, chance = ranked[0]
        version = self.version(row.hit.name) if chance >= MEANT else None
        if version is None:
            return None
        options = tuple(option_of(row, chance) for row, chance in ranked)
        reason = "its words fit, its parameters do not"
        return Match(decision=Decision.RUN, chosen=version, chance=chance, options=options, reason=reason)

    def _asked(self, task: Task, options: tuple[Option, ...], line: str) -> Match:
        """A model's choice among the best; `line` is the task in English.

        Its answer is checked: only an offered name counts.
        """
        offered = [each for each in options[:OFFERED] if each.chance >= WORTH_A_MODEL / OFFERED]
        versions = [version for version in map(self.version, (each.name for each in offered)) if version is not None]
        try:
            reply = self.router.complete(choice_request(task, versions, line))
        except ModelError as error:
            return undecided(options, f"; no model could be asked: {error}")
        said = read_reply(reply.text, Chosen)
        by_name = {version.name: version for version in versions}
        chosen = by_name.get(said.function or "") if isinstance(said, Chosen) else None
        model = f"{reply.provider}/{reply.model}"
        if chosen is None:
            reason = f"{model} chose none of them"
            return Match(decision=Decision.NONE, chance=options[0].chance, options=options, reason=reason, model=model)
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


def ranking(
    wish: Wish, found: Found, known: Learned, near: Mapping[str, float] | None = None
) -> list[tuple[Measured, float]]:
    """The hits with their chances, likeliest first."""
    rows = measured(wish, found, found.hits, near)
    worth = chances([row.figures for row in rows], given=wish.telling, leanings=leanings(known, found.hits))
    return sorted(zip(rows, worth, strict=True), key=lambda pair: -pair[1])


def option_of(row: Measured, chance: float) -> Option:
    """The row, in words."""
    figures, hit = row.figures, row.hit
    said = [f"{figures['said']:.0%} of what you said", f"{figures['name_meant']:.0%} of its name"]
    if figures["filled"]:
        lacking = int(figures["lacking"])
        said.append("takes all you gave" if not lacking else f"{lacking} argument{'s' if lacking > 1 else ''} missing")
    if "near" in figures:
        said.append(f"{figures['near']:.2f} close in meaning")
    return Option(name=hit.name, version=hit.version, description=hit.description, chance=chance, why=", ".join(said))


def undecided(options: tuple[Option, ...], more: str = "") -> Match:
    """A question where some are worth it, else none."""
    best, second = (*(each.chance for each in options[:2]), 0.0, 0.0)[:2]
    asked = tuple(each for each in options[:OFFERED] if each.chance >= WORTH_ASKING)
    if not asked:
        return Match(decision=Decision.NONE, chance=best, options=options, reason=f"none fits well enough{more}")
    close = len(asked) > 1 and best - second < second
    reason = f"{'several fit about as well' if close else 'it is not sure enough'}{more}"
    return Match(decision=Decision.ASK, chance=best, options=options, asked=asked, reason=reason)


def choice_request(task: Task, versions: Sequence[Version], line: str = "") -> ModelRequest:
    """The request that asks for one of the functions or none, and for its arguments; `line` is the task in English."""
    manifests = [version.function.manifest for version in versions]
    lines = [f"- {item.name}: {item.description}\n  {parameters_text(item)}" for item in manifests]
    system = fill("match", functions="\n".join(lines), given=given_names(task.arguments))
    schema: Mapping[str, Any] = Chosen.model_json_schema()
    said = fill("task", task=as_data(task.text), details=f"\nIn English: {as_data(line)}" if line else "")
    messages = (Message(role="system", content=system), Message(role="user", content=said))
    return ModelRequest(
        messages=messages, purpose=Purpose.MATCH, task=task.text, schema=schema, temperature=0.0, reusable=True
    )


def parameters_text(manifest: Manifest) -> str:
    """What the function takes, in short."""
    return json.dumps(manifest.input_schema.get("properties", {}), ensure_ascii=False)


def given_names(arguments: Collection[str]) -> str:
    """The arguments that are there already, by name; no value of theirs goes to a model."""
    return f"The caller gives: {', '.join(arguments)}." if arguments else "The caller gives no arguments."
