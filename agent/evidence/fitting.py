"""Finds inputs that fit a function's schema: those people thought of, and others made from these or from types."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.arguments import fits, plain, with_positional
from agent.errors import BadArguments
from agent.evidence.inputs import draw, vocabulary_of
from agent.evidence.statements import Arguments, calls_of
from agent.source.signature import Schema
from registry import Example, Function

SEED = 1
MOST_GIVEN, MADE, NEAR, EDGE = 40, 24, 80, 24
MOST = 104
"""Inputs in all. Where few of the drawn ones fit (dates), more are made from the types."""
SMALL_NUMBER, SHORT = 100, 200
"""Numbers and texts of calls may be as large as this, or as the largest that was given: nothing huge is drawn."""

INTEGERS = (0, 1, 2, 3, 5, 10, -1, -7)
NUMBERS = (0.0, 1.0, 0.5, -1.5, 2.25, 100.0)
TEXTS = ("", " ", "a", "one", "one two Three", "Zażółć", "3", "-1.5", "a,b;c", "line one\nline two", "aa bb aa")
FORMATS = {
    "date": ("2024-02-29", "2025-12-31", "2026-01-01", "2026-07-15"),
    "date-time": ("2024-02-29T12:00:00", "2025-12-31T23:59:59", "2026-01-01T00:00:00"),
    "time": ("00:00:00", "12:30:00", "23:59:59"),
}


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """Inputs by name, JSON values all of them, which fit the input schema."""

    given: tuple[Arguments, ...]
    """From examples and from the tests."""
    drawn: tuple[Arguments, ...]
    well_typed: bool
    """True where the types say it all: under a bare `list` a drawn input may be one that nobody means."""

    @property
    def all(self) -> tuple[Arguments, ...]:
        """The small ones first: where a function is slow, some calls end."""
        return tuple(sorted(self.given + self.drawn, key=lambda one: size_of([one])))


def fitting(function: Function, suites: Sequence[str], examples: Sequence[Example], text: str) -> Fitting:
    """The inputs for a function, each once; always the same for the same arguments.

    `suites` and `examples` are where people thought of calls, `text` is what the task speaks of.
    """
    manifest = function.manifest
    schema = manifest.input_schema
    calls = [*(tuple(example.arguments.items()) for example in examples),
             *(named for suite in suites for call in calls_of(suite, function.name)
               if (named := by_name(function, call)) is not None)]  # fmt: skip
    given = fit_ones((Arguments(named=call) for call in calls), schema)[:MOST_GIVEN]
    well_typed = all(is_closed(parameter) for parameter in schema.get("properties", {}).values())
    made = fit_ones(made_inputs(schema), schema) if well_typed else ()
    drawn = draw((*given, *made[:MADE]), vocabulary_of(text, [function.source]), near=NEAR, edge=EDGE, seed=SEED)
    largest, longest = size_of(given)
    fresh = [one for one in fit_ones((*made[:MADE], *drawn.near, *drawn.edge, *made), schema)
             if one not in given and within(one, max(largest, SMALL_NUMBER), max(longest, SHORT))]  # fmt: skip
    return Fitting(given=given, drawn=tuple(fresh[: MOST - len(given)]), well_typed=well_typed)


def by_name(function: Function, call: Arguments) -> tuple[tuple[str, Any], ...] | None:
    """A literal call's arguments as JSON values by name; None where it does not fit the parameters."""
    try:
        named = with_positional(function.manifest, dict(call.named), call.positional)
        return tuple((name, plain(value, name)) for name, value in named.items())
    except (BadArguments, RecursionError):
        return None


def fit_ones(inputs: Iterable[Arguments], schema: Mapping[str, Any]) -> tuple[Arguments, ...]:
    """Those that fit, each once."""
    found = {one.text: one for one in inputs}
    return tuple(one for one in found.values() if fits(dict(one.named), schema))


def size_of(inputs: Sequence[Arguments]) -> tuple[float, int]:
    """The largest number and the longest text of a call."""
    numbers = [abs(number) for one in inputs for number in numbers_in(dict(one.named))]
    return max(numbers, default=0), max((len(one.text) for one in inputs), default=0)


def within(one: Arguments, largest: float, longest: int) -> bool:
    """True where nothing in it is larger."""
    return len(one.text) <= longest and all(abs(number) <= largest for number in numbers_in(dict(one.named)))


def numbers_in(value: Any) -> Iterable[float]:
    """Every number in a JSON value."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(item)
    elif isinstance(value, int | float):
        yield value


# --- from types alone


def is_closed(schema: Mapping[str, Any]) -> bool:
    """True where the schema says of every part what it is."""
    if "enum" in schema:
        return True
    if "anyOf" in schema:
        return all(map(is_closed, schema["anyOf"]))
    if schema.get("type") == "array":
        items = [*schema.get("prefixItems", ()), *([schema["items"]] if "items" in schema else [])]
        return bool(items) and all(map(is_closed, items))
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return isinstance(values, dict) and is_closed(values)
    return "type" in schema


def made_inputs(schema: Mapping[str, Any]) -> tuple[Arguments, ...]:
    """Inputs made from the types of the parameters; one that has a default is left out now and then."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    required = schema.get("required", ())
    return tuple(
        Arguments(named=tuple((name, value_of(inner, chance)) for name, inner in schema.get("properties", {}).items()
                              if name in required or chance.random() < 0.5))
        for _ in range(MOST)
    )  # fmt: skip


def value_of(schema: Schema, chance: random.Random) -> Any:
    """A small value of the schema's type."""
    if "anyOf" in schema:
        return value_of(chance.choice(schema["anyOf"]), chance)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema["type"]
    if isinstance(kind, list):  # a Decimal, which may be written as a number
        return chance.choice(INTEGERS)
    if kind == "array":
        return list_of(schema, chance)
    if kind == "object":
        keys = chance.sample(("a", "b", "one", "x y"), chance.randrange(4))
        return {key: value_of(schema["additionalProperties"], chance) for key in keys}
    plain_values: dict[str, Sequence[Any]] = {
        "integer": INTEGERS, "number": NUMBERS, "boolean": (False, True), "null": (None,),
        "string": FORMATS.get(schema.get("format", ""), TEXTS),
    }  # fmt: skip
    return chance.choice(plain_values[kind])


def list_of(schema: Schema, chance: random.Random) -> list[Any]:
    """A list of up to five items, of the schema's length where it has one."""
    if "prefixItems" in schema:
        return [value_of(inner, chance) for inner in schema["prefixItems"]]
    items = [value_of(schema["items"], chance) for _ in range(chance.randrange(6))]
    if not schema.get("uniqueItems"):
        return items
    return list({json.dumps(item, sort_keys=True): item for item in items}.values())
