"""How alike two functions are: which parameter of one is which of the other, and what both give on shared inputs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.evidence.behaviour import token
from agent.evidence.fitting import fitting
from agent.evidence.replay import is_cut, same, shown
from agent.evidence.statements import Arguments
from registry import Function, Manifest, parameter_types
from sandbox import Answer

EACH = 52
"""Inputs that each of the two functions brings."""
GIVEN = 40
"""And how many of them, at most, are calls that its tests and examples make."""
NEAR = 0.9
"""From this share of equal answers on, people are told."""
FEWEST_TELLING = 5
"""So many inputs must tell something: those on which not both give the commonest answer."""
MOST_SHOWN, LONGEST_SHOWN = 3, 300
"""Differences that are kept for people, the shortest ones; none whose JSON has more characters."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of both."""

    arguments: Arguments
    judged: bool
    """False for a drawn one that nobody may mean: then an error says nothing."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What the two gave on one input."""

    arguments: Arguments
    mine: Answer
    other: Answer

    @property
    def same(self) -> bool:
        """True for one value, and for errors of one class."""
        return same(self.mine, self.other)

    @property
    def fails(self) -> bool:
        """True where one of them gave no value."""
        return self.mine.failure is not None or self.other.failure is not None

    def as_json(self) -> dict[str, Any]:
        """The input with both answers."""
        return {"arguments": dict(self.arguments.named), "this": shown(self.mine), "other": shown(self.other)}


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What a comparison showed."""

    pairs: tuple[Pair, ...]

    @property
    def agree(self) -> int:
        """On how many inputs both did the same."""
        return sum(pair.same for pair in self.pairs)

    @property
    def is_same(self) -> bool:
        """True where they never differ, and enough inputs tell something."""
        return self.agree == len(self.pairs) and len(self.telling) >= FEWEST_TELLING

    @property
    def is_near(self) -> bool:
        """True where they differ seldom, or in their errors only.

        Of the inputs that tell something they must agree on half: of numbers that are drawn, hardly any is a valid
        one, so that two tests for validity agree on nearly all of them.
        """
        telling = sum(pair.same for pair in self.telling)
        if telling < FEWEST_TELLING or 2 * telling < len(self.telling):
            return False
        return self.agree >= NEAR * len(self.pairs) or all(pair.fails for pair in self.pairs if not pair.same)

    @property
    def is_hopeless(self) -> bool:
        """True where so many values differ that no further input makes the two near."""
        return sum(not pair.same and not pair.fails for pair in self.pairs) > (1 - NEAR) * 2 * EACH

    @property
    def telling(self) -> tuple[Pair, ...]:
        """The pairs of which at least one answer is not the commonest one."""
        tokens = [(token(pair.mine), token(pair.other)) for pair in self.pairs]
        commonest = Counter(word for words in tokens for word in words).most_common(1)
        usual = commonest[0][0] if commonest else None
        return tuple(pair for pair, words in zip(self.pairs, tokens, strict=True) if set(words) != {usual})

    def differences(self) -> list[dict[str, Any]]:
        """Some inputs on which they differ, the shortest first."""
        rows = sorted((pair.as_json() for pair in self.pairs if not pair.same), key=length_of)
        return [row for row in rows[:MOST_SHOWN] if length_of(row) <= LONGEST_SHOWN]


def length_of(value: Any) -> int:
    """The characters of the value's JSON."""
    return len(json.dumps(value, ensure_ascii=False))


def compared(
    inputs: Sequence[Input], mine: Sequence[Answer | None], other: Sequence[Answer | None]
) -> tuple[Pair, ...]:
    """What both gave, where both came to an end and the input may be judged by it."""
    found = []
    for given, one, two in zip(inputs, mine, other, strict=True):
        if one is None or two is None or is_cut(one) or is_cut(two):
            continue
        pair = Pair(arguments=given.arguments, mine=one, other=two)
        if given.judged or not pair.fails:
            found.append(pair)
    return tuple(found)


def inputs_of(function: Function) -> tuple[Input, ...]:
    """The inputs that a function brings, the small ones first: from its examples and tests, and others like them."""
    manifest = function.manifest
    fits = fitting(function, (function.tests,), manifest.examples, manifest.description)
    given = spread(fits.given, GIVEN)
    drawn = spread(fits.drawn, EACH - len(given))
    chosen = {one.text for one in (*given, *drawn)}
    known = {one.text for one in given}
    return tuple(Input(arguments=one, judged=fits.well_typed or one.text in known)
                 for one in fits.all if one.text in chosen)  # fmt: skip


def spread[T](items: Sequence[T], most: int) -> tuple[T, ...]:
    """At most so many of them, from all along."""
    return tuple(items[place * len(items) // most] for place in range(most)) if len(items) > most else tuple(items)


# --- two functions as one


def paired(mine: Manifest, other: Manifest) -> dict[str, str] | None:
    """For each parameter the one of the other function that it is, in the order of the first.

    By name and type, whatever their order; else by the types in their order. None where neither fits.
    """
    one, two = parameter_types(mine), parameter_types(other)
    if one == two:
        return {name: name for name in one}
    return dict(zip(one, two, strict=True)) if list(one.values()) == list(two.values()) else None


def renamed(given: Input, names: Mapping[str, str]) -> Input:
    """The input under other names, in their order."""
    values = dict(given.arguments.named)
    named = tuple((name, values[other]) for name, other in names.items() if other in values)
    return Input(arguments=Arguments(named=named), judged=given.judged)


def stand_in(mine: Function, other: Function, names: Mapping[str, str]) -> Function:
    """The other function in the place of the first: under its name, with its parameters, before its tests."""
    if list(names) == list(names.values()) == list(other.manifest.parameters):
        again = f"{mine.name} = {other.name}\n"
    else:
        again = WRAPPER.format(name=mine.name, other=other.name, order=list(names), names=dict(names))
    return Function(manifest=mine.manifest, source=f"{other.source}\n\n{again}", tests=mine.tests)


WRAPPER = """
def {name}(*given, **named):
    every = dict(zip({order!r}, given, strict=False)) | named
    return {other}(**{{{names!r}[name]: value for name, value in every.items()}})


{name}.__annotations__ = {{name: {other}.__annotations__.get(other) for name, other in {names!r}.items()}}
"""
