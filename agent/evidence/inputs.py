"""Draws inputs for a function that nobody has called yet: from the calls people thought of, and from its types."""

import ast
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.evidence.statements import Arguments
from agent.source.signature import Schema, UnreadableSignature, parse, schema_of

MOST_ITEMS = 24
"""Lists and texts are not made longer than this, unless the observed ones were."""
TRIES_PER_INPUT = 8
WITH_A_WORD = 0.25
"""The share of near values that get a word from the vocabulary."""
WORDS = (int, float, str)
LONGEST_WORD = 12
MOST_WORDS = 200
_QUOTED = re.compile(r"'([^'\n]{1,12})'|\"([^\"\n]{1,12})\"")
_NUMBER = re.compile(r"(?<![\w.])\d{1,6}(?:\.\d{1,6})?(?![\w])")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Inputs for a function."""

    near: tuple[Arguments, ...]
    """Of the same make as the observed ones: a right function must do well on them."""
    edge: tuple[Arguments, ...]
    """At the borders (nothing, one, negative, large): the task may not say what these give."""


def anything(arguments: Arguments) -> bool:
    """Every input fits."""
    del arguments
    return True


def draw(
    observed: Sequence[Arguments],
    vocabulary: Sequence[Any],
    *,
    near: int,
    edge: int,
    seed: int,
    fits: Callable[[Arguments], bool] = anything,
) -> Drawn:
    """New inputs, none of them observed, each once; always the same for the same arguments.

    What does not fit is left out.
    """
    if not observed:
        return Drawn(near=(), edge=())
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    seen = {arguments.text for arguments in observed}

    def near_one(value: Any, pool: Sequence[Any], chance: random.Random) -> Any:
        changed = near_value(value, pool, chance)
        return with_word(changed, pool, vocabulary, chance) if chance.random() < WITH_A_WORD else changed

    return Drawn(
        near=fresh(lambda: mutated(chance.choice(observed), observed, chance, near_one), near, seen, fits),
        edge=fresh(lambda: mutated(chance.choice(observed), observed, chance, edge_value), edge, seen, fits),
    )


def typed_inputs(sources: Sequence[str], name: str) -> tuple[Arguments, ...]:
    """Calls made from the parameters' types alone, for a function that nobody has given an example of."""
    for source in sources:
        try:
            nodes = [
                node for node in ast.walk(parse(source)) if isinstance(node, ast.FunctionDef) and node.name == name
            ]
            schemas = [schema_of(argument.annotation or ast.Constant(value=None)) for argument in nodes[0].args.args]
        except (UnreadableSignature, RecursionError, IndexError):
            continue
        return tuple(Arguments(positional=tuple(of_type(schema, size) for schema in schemas)) for size in (1, 2, 3))
    return ()


def of_type(schema: Schema, size: int) -> Any:
    """A value that fits the schema, larger for a larger size."""
    schema = schema.get("anyOf", [schema])[0]
    if "enum" in schema:
        return schema["enum"][size % len(schema["enum"])]
    if "prefixItems" in schema:
        return tuple(of_type(inner, size) for inner in schema["prefixItems"])
    kind, whole = schema.get("type"), {"type": "integer"}
    if kind == "array":
        return [of_type(schema.get("items", whole), size + place) for place in range(size)]
    if kind == "object":
        inner = schema.get("additionalProperties")
        return {key: of_type(inner if isinstance(inner, dict) else whole, size) for key in "abc"[:size]}
    plain = {"number": size + 0.5, "boolean": size % 2 == 0, "string": " ".join(("one", "two", "Three")[:size])}
    return plain.get(kind, size) if isinstance(kind, str) else size


def vocabulary_of(text: str, sources: Sequence[str]) -> tuple[Any, ...]:
    """The numbers and short texts that a task and the programs for it speak of: where behaviour changes."""
    found: list[Any] = [word for pair in _QUOTED.findall(text) for word in pair if word]
    found += [float(number) if "." in number else int(number) for number in _NUMBER.findall(text)]
    for source in sources:
        try:
            nodes = list(ast.walk(parse(source)))
        except (UnreadableSignature, RecursionError):
            continue
        found += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, WORDS)]
    short = [word for word in found if not isinstance(word, str) or len(word) <= LONGEST_WORD]
    return tuple({repr(word): word for word in short}.values())[:MOST_WORDS]


def with_word(value: Any, pool: Sequence[Any], vocabulary: Sequence[Any], chance: random.Random) -> Any:
    """The value with a word of the vocabulary in it, or the word itself; unchanged where none fits."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, list | tuple) and value:
        place = chance.randrange(len(value))
        inner = [item for other in pool if isinstance(other, list | tuple) for item in other]
        items = list(value)
        items[place] = with_word(items[place], inner or items, vocabulary, chance)
        return type(value)(items)
    if isinstance(value, int | float):
        known = [item for item in pool if isinstance(item, int | float)] or [value]
        lowest, widest = min(known), 16 * max(map(abs, known)) + 16
        numbers = [word for word in vocabulary if type(word) is type(value) and abs(word) <= widest]
        numbers += [-word for word in numbers if lowest < 0]
        number = chance.choice(numbers) + chance.choice((-1, 0, 0, 1)) if numbers else value
        return number if lowest < 0 or number >= min(lowest, 1) else value
    texts = [word for word in vocabulary if isinstance(word, str)]
    if isinstance(value, str) and texts:
        place = chance.randrange(len(value) + 1)
        return f"{value[:place]}{chance.choice(texts)}{value[place:]}"
    return value


def fresh(
    make: Callable[[], Arguments], count: int, seen: set[str], fits: Callable[[Arguments], bool]
) -> tuple[Arguments, ...]:
    """Up to `count` inputs that were not seen before, short ones first: a slow function gets through more of them."""
    found: list[Arguments] = []
    for _ in range(count * TRIES_PER_INPUT):
        if len(found) == count:
            break
        arguments = make()
        if arguments.text not in seen and fits(arguments):
            seen.add(arguments.text)
            found.append(arguments)
    return tuple(sorted(found, key=lambda arguments: (len(arguments.text), arguments.text)))


Mutate = Callable[[Any, Sequence[Any], random.Random], Any]
"""A value, the values observed in its place and a source of chance in; another value out."""


def mutated(base: Arguments, observed: Sequence[Arguments], chance: random.Random, mutate: Mutate) -> Arguments:
    """The call with one argument or more changed."""
    places = len(base.positional) + len(base.named)
    if not places:
        return base
    changed = {chance.randrange(places)} | {place for place in range(places) if chance.random() < 0.3}
    values = list(base.positional) + [value for _, value in base.named]
    for place in sorted(changed):
        pool = [value for other in observed for value in at(other, place, base)]
        values[place] = mutate(values[place], pool or [values[place]], chance)
    split = len(base.positional)
    named = tuple((name, value) for (name, _), value in zip(base.named, values[split:], strict=True))
    return Arguments(positional=tuple(values[:split]), named=named)


def at(other: Arguments, place: int, like: Arguments) -> list[Any]:
    """What another call has in the same place; nothing where it is built differently."""
    if place < len(like.positional):
        return [other.positional[place]] if place < len(other.positional) else []
    name = like.named[place - len(like.positional)][0]
    return [value for key, value in other.named if key == name]


# --- values of the same make


def near_value(value: Any, pool: Sequence[Any], chance: random.Random) -> Any:
    """The value, changed once to three times into one of the same make as those in the pool."""
    if chance.random() < 0.15:
        value = chance.choice(pool)
    for _ in range(chance.choice((1, 1, 2, 3))):
        value = changed_once(value, pool, chance)
    return value


def changed_once(value: Any, pool: Sequence[Any], chance: random.Random) -> Any:
    """One small change that keeps the type."""
    if isinstance(value, bool) or value is None:
        return chance.choice([*pool, value]) if value is None else chance.random() < 0.5
    if isinstance(value, int):
        return near_int(value, [item for item in pool if type(item) is int] or [value], chance)
    if isinstance(value, float):
        return near_float(value, [item for item in pool if isinstance(item, float | int)] or [value], chance)
    if isinstance(value, str):
        return near_text(value, [item for item in pool if isinstance(item, str)] or [value], chance)
    if isinstance(value, list | tuple):
        items = near_items(list(value), [item for item in pool if isinstance(item, list | tuple)] or [value], chance)
        return type(value)(items)
    if isinstance(value, dict):
        return near_dict(value, pool, chance)
    return value


def near_int(value: int, pool: Sequence[int], chance: random.Random) -> int:
    """A number not far from the observed ones, with no sign that none of them has."""
    low, high = min(pool), max(pool)
    widest = max(abs(low), abs(high), 3)
    picked = chance.choice((
        value + chance.choice((-2, -1, 1, 2, 3, 5)),
        chance.randint(low, high),
        chance.randint(-2 * widest if low < 0 else min(low, 1), 2 * widest),
        chance.randint(-min(widest, 10) if low < 0 else min(low, 1), min(widest, 10)),
    ))  # fmt: skip
    return picked if low < 0 else max(picked, min(low, 1))


def near_float(value: float, pool: Sequence[float], chance: random.Random) -> float:
    """A number with few digits, not far from the observed ones."""
    low, high = min(pool), max(pool)
    picked = chance.choice((
        value + chance.choice((-1.0, -0.5, -0.1, 0.1, 0.5, 1.0)),
        chance.uniform(low, high),
        float(chance.choice(pool)),
    ))  # fmt: skip
    picked = round(picked, chance.choice((0, 1, 1, 2)))
    return picked if low < 0 else max(picked, 0.0)


def near_text(value: str, pool: Sequence[str], chance: random.Random) -> str:
    """The text with characters, words or halves of the observed ones moved about."""
    if value and chance.random() < 0.3 and (numbers := digits_changed(value, chance)) != value:
        return numbers
    if chance.random() < 0.1 and any(other != other.lower() for other in pool):
        return chance.choice((value.upper(), value.lower(), value.swapcase()))
    splitter = chance.choice((" ", "") if any(" " in other for other in pool) else ("",))
    parts = value.split(splitter) if splitter else list(value)
    others = [other.split(splitter) if splitter else list(other) for other in pool]
    return splitter.join(near_sequence(parts, others, chance))


def digits_changed(value: str, chance: random.Random) -> str:
    """The text with one of its digits replaced by another."""
    places = [place for place, char in enumerate(value) if char.isascii() and char.isdigit()]
    if not places:
        return value
    place = chance.choice(places)
    return f"{value[:place]}{chance.randint(1, 9)}{value[place + 1 :]}"


def near_items(items: list[Any], pool: Sequence[Sequence[Any]], chance: random.Random) -> list[Any]:
    """The list with items moved, dropped, repeated, or changed themselves."""
    if items and chance.random() < 0.5:
        place = chance.randrange(len(items))
        inner = [item for other in pool for item in other]
        return [*items[:place], changed_once(items[place], inner, chance), *items[place + 1 :]]
    return near_sequence(items, pool, chance)


def near_sequence(items: list[Any], pool: Sequence[Sequence[Any]], chance: random.Random) -> list[Any]:
    """The items in another order, fewer or more of them, or mixed with another sequence's."""
    items, longest = list(items), max(MOST_ITEMS, *map(len, pool))
    shortest = min(1, *map(len, pool))
    choice = chance.randrange(7)
    other = list(chance.choice(pool))
    everything = [item for one in pool for item in one] or items
    if choice == 0:
        chance.shuffle(items)
    elif choice == 1 and len(items) > 1:
        one, two = chance.sample(range(len(items)), 2)
        items[one], items[two] = items[two], items[one]
    elif choice == 2 and len(items) > shortest:
        del items[chance.randrange(len(items))]
    elif choice == 3 and items:
        place = chance.randrange(len(items) + 1)
        items[place:place] = [chance.choice(items)] * chance.choice((1, 1, 1, 2, 4))
    elif choice == 4 and everything:
        items.insert(chance.randrange(len(items) + 1), chance.choice(everything))
    elif choice == 5:
        items = items[: chance.randint(shortest, max(shortest, len(items)))] + other[chance.randint(0, len(other)) :]
    elif everything:
        size = chance.randint(max(1, shortest), max(2, *map(len, pool)))
        items = [chance.choice(everything) for _ in range(size)]
    return items[:longest] if len(items) >= shortest else items + other


def near_dict(value: Mapping[Any, Any], pool: Sequence[Any], chance: random.Random) -> dict[Any, Any]:
    """The object with one value changed, one key dropped, or one key taken from another."""
    changed, others = dict(value), [item for item in pool if isinstance(item, dict)]
    inner = [item for other in others for item in other.values()]
    if changed and chance.random() < 0.6:
        key = chance.choice(list(changed))
        changed[key] = changed_once(changed[key], inner or [changed[key]], chance)
    elif changed and chance.random() < 0.5:
        del changed[chance.choice(list(changed))]
    elif others:
        changed |= chance.choice(others)
    return changed


# --- values at the borders


def edge_value(value: Any, pool: Sequence[Any], chance: random.Random) -> Any:
    """A value of the same type at a border of what it can be."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        largest = max((abs(item) for item in pool if type(item) is int), default=1)
        return chance.choice((0, 1, 2, 3, -1, -largest, largest * 2 + 1, largest + 1))
    if isinstance(value, float):
        return chance.choice((0.0, 1.0, -1.0, 0.5, -value, value * 10))
    if isinstance(value, str):
        letters = "".join(item for item in pool if isinstance(item, str)) or "a"
        return chance.choice(("", chance.choice(letters), " ", value.upper(), value.lower(), value * 2, value[::-1]))
    if isinstance(value, list | tuple):
        return type(value)(edge_items(list(value), pool, chance))
    return type(value)()


def edge_items(items: list[Any], pool: Sequence[Any], chance: random.Random) -> list[Any]:
    """No item, one, the same one again and again, one at a border of its own, the list in order."""
    inner = [item for other in pool if isinstance(other, list | tuple) for item in other]
    if not inner:
        return []
    item = chance.choice(inner)
    choice = chance.randrange(6)
    if choice == 0:
        return []
    if choice == 1:
        return [item]
    if choice == 2:
        return [item] * chance.randint(2, 4)
    if choice == 3:
        return sorted(items, key=lambda each: (str(type(each)), repr(each)), reverse=chance.random() < 0.5)
    if choice == 4:
        return [edge_value(item, inner, chance)]
    return [*items, edge_value(item, inner, chance)]
