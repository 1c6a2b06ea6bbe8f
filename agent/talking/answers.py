"""Reads what people answer to what a task waits for. What is no answer is None: it may be a new task."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.arguments import plain
from agent.errors import BadArguments
from agent.questions import Asked, Said
from registry.terms import fold

FAILS = frozenset({"error", "an error", "blad"})
"""How people say that a call must fail, folded."""
NONE = frozenset({"none", "none of them", "none of these", "zadna", "zadna z nich", "zaden"})
"""How they say that none of the functions is meant."""
FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
QUOTES = ("''", "``", "„”", "“”")
PAIR = r"(?<![\w`])`?({names})`?[ \t]*(?:=|:)[ \t]*"


def read_said(text: str, asked: Asked) -> Said | None:
    """What must come out: the answer of a number, a JSON value, where need be after `=`, or an error."""
    whole = bare(text)
    if fold(whole).rstrip(" .!") in FAILS:
        return Said(raises=True)
    number = re.fullmatch(r"([0-9]{1,3})[.)]?", whole)
    if number and 1 <= int(number[1]) <= len(asked.choices):
        return asked.choices[int(number[1]) - 1].said
    value = whole[1:].strip() if whole.startswith("=") else whole
    try:
        return Said(value=plain(json.loads(value), asked.function))
    except (ValueError, RecursionError, BadArguments):
        return None


def read_which(text: str, options: Sequence[str]) -> str | None:
    """The name of the function that is meant, by number or name; `none` for none of them, as `People` takes it."""
    whole = bare(text).rstrip(" .!)").strip("`")
    if re.fullmatch("[0-9]{1,3}", whole) and 1 <= int(whole) <= len(options):
        return options[int(whole) - 1]
    if fold(whole) in NONE:
        return "none"
    return next((name for name in options if name == whole.casefold()), None)


def read_arguments(text: str, missing: Sequence[str], parameters: Sequence[str] = ()) -> Mapping[str, str] | None:
    """The arguments that somebody gave: `name = value` pairs, on lines of their own or behind commas.

    Where one argument is missing, what names none is the argument itself, whole. A value goes on over lines and commas
    until the next name; quotes and fences around it are taken off. `parameters` are others that may be named, too.
    """
    names = "|".join(map(re.escape, dict.fromkeys((*missing, *parameters))))
    pair = re.compile(PAIR.format(names=names))
    starts = [match for match in pair.finditer(text) if begins(text[: match.start()])] if names else []
    if not starts or text[: starts[0].start()].strip():
        return {missing[0]: unquoted(text)} if len(missing) == 1 and text.strip() else None
    ends = [*(match.start() for match in starts[1:]), len(text)]
    pieces = {match[1]: text[match.end() : end] for match, end in zip(starts, ends, strict=True)}
    return {name: unquoted(re.sub(r"\s*[,;]?\s*\Z", "", piece) if name != starts[-1][1] else piece)
            for name, piece in pieces.items()}  # fmt: skip


def begins(before: str) -> bool:
    """Whether a pair may begin here: at a line's start, or behind a comma that stands in no quotes or fence."""
    line = before.rsplit("\n", 1)[-1]
    is_open = before.count("```") % 2 == 1 or line.count('"') % 2 == 1
    return not is_open and (not line.strip() or line.rstrip(" \t").endswith((",", ";")))


def unquoted(text: str) -> str:
    """The value without the fence or the quotes around it."""
    value = text.strip()
    if fence := FENCE.fullmatch(value):
        return fence[1]
    inner, edges = value[1:-1], value[:1] + value[-1:]
    if edges == '""':
        try:
            read: Any = json.loads(value)
        except ValueError:
            read = inner if '"' not in inner else value
        return str(read)
    is_quoted = len(value) > 1 and edges in QUOTES and not set(edges) & set(inner)
    return inner if is_quoted else value


def bare(text: str) -> str:
    """A short answer without the ticks or the fence around it."""
    value = text.strip()
    if fence := FENCE.fullmatch(value):
        return fence[1].strip()
    return value[1:-1].strip() if re.fullmatch(r"`[^`]+`", value) else value
