"""An issue's words as a task: sections of the template give arguments and examples, all else says what is wanted.

Nothing of it instructs Kowal: it is data, as everything that people write.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import ValidationError

from agent.errors import BadTask
from agent.ports import Constraints
from agent.types import Task
from registry import Example

SECTIONS: Mapping[str, str] = {
    "arguments": "arguments",
    "argumenty": "arguments",
    "examples": "examples",
    "przykłady": "examples",
}
"""Headings of the template, in small letters."""
ARGUMENT = re.compile(r"argument:? +`?(\w{1,64})`?:?", re.IGNORECASE)
"""The heading over a block that is one argument, in both languages."""
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
UPLOAD = re.compile(r"!?\[([^\]\n]*)\]\((?:https?://[^\s)]*)?/uploads/[^\s)]*\)(?:\{[^}\n]*\})?")
"""A link to a file that came with the issue: its name stays."""
MOST_CHARS = 200_000
MOST_ROWS = 200
"""Of a table, or lines of a block of examples."""
LABELS: Mapping[str, Mapping[str, Any]] = {
    "kowal::local-only": {"local_only": True},
    "kowal::force-cloud": {"force_cloud": True},
    "kowal::complexity-low": {"complexity": "low"},
    "kowal::complexity-high": {"complexity": "high"},
}
"""What a label demands of the models that are asked."""
ADVICE = "Mend it in the description, then mention me in a comment."
PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(kw_only=True)
class Read:
    """What was found so far."""

    words: list[str] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)


def task_of(title: str, text: str) -> Task:
    """The task that an issue asks for. Raises `BadTask` where a section is not what the template says."""
    if len(text) > MOST_CHARS:
        raise BadTask(
            f"The description has more than {MOST_CHARS:,} characters", advice="Attach what is long as a file."
        )
    lines = text.replace("\r\n", "\n").split("\n")
    tokens, found, section = PARSER.parse("\n".join(lines)), Read(), ""
    for place, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        if token.type == "heading_open" and (section := section_of(tokens[place + 1].content)):
            continue
        if section and token.type in ("fence", "code_block"):
            take_block(found, section, token)
        elif section and token.type == "table_open":
            take_rows(found, section, rows_of(tokens[place:]))
        else:  # nothing that somebody wrote is left out
            found.words += [*lines[token.map[0] : token.map[1]], ""]
    words = UPLOAD.sub(r"\1", COMMENT.sub("", "\n".join(found.words))).strip()
    said = "\n\n".join(filter(None, (title.strip(), re.sub(r"\n{3,}", "\n\n", words))))
    return Task(text=said, arguments=found.arguments, examples=tuple(found.examples))


def demands_of(labels: Iterable[str], *, is_confidential: bool) -> Constraints:
    """What an issue demands of models: by its labels, and one that is confidential leaves for no cloud."""
    demands: dict[str, Any] = {}
    for label in sorted(labels):
        demands |= LABELS.get(label, {})
    if is_confidential or demands.get("local_only"):
        demands = {**demands, "local_only": True, "force_cloud": False}
    return Constraints(**demands)


def section_of(heading: str) -> str:
    """Which section the heading begins: `arguments`, `examples`, `argument NAME`; empty for one that says something."""
    words = heading.strip().strip("*_").strip()
    if one := ARGUMENT.fullmatch(words):
        return f"argument {one[1]}"
    return SECTIONS.get(words.rstrip(":").casefold(), "")


def take_block(found: Read, section: str, token: Token) -> None:
    """Take a block of code: one argument, arguments as a JSON object, examples as JSON, one a line or in a list."""
    if section.startswith("argument "):
        name = section.removeprefix("argument ")
        found.arguments[name] = whole_value(token)
    elif section == "arguments":
        given = json_of(token.content, "The block of arguments is no JSON")
        if not isinstance(given, dict):
            raise BadTask("The block of arguments is no JSON object", advice=ADVICE)
        found.arguments |= given
    else:
        found.examples += examples_in(token.content)


def whole_value(token: Token) -> Any:
    """A block as one value: JSON where it says that it is, else its text, without the last line's end."""
    if token.info.strip().casefold() == "json":
        return json_of(token.content, "A block that is to be JSON is none")
    return token.content.removesuffix("\n")


def examples_in(text: str) -> list[Example]:
    """Examples of a block: a list of them, or one a line."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()][:MOST_ROWS]
        return [example_of(json_of(line, "A line of the examples is no JSON")) for line in lines]
    return [example_of(each) for each in (whole if isinstance(whole, list) else [whole])[:MOST_ROWS]]


def example_of(said: Any) -> Example:
    """An example as `{"in": {...}, "out": ...}`."""
    try:
        return Example.model_validate(said)
    except ValidationError:
        raise BadTask('An example is no `{"in": {...}, "out": ...}`', advice=ADVICE) from None


def take_rows(found: Read, section: str, rows: Sequence[Sequence[str]]) -> None:
    """Take a table: names and values, or what goes in and what comes out."""
    for row in rows[1 : MOST_ROWS + 1]:
        first, second = (*row, "", "")[:2]
        if not (first or second):
            continue
        if section == "arguments":
            found.arguments[first.strip("`").strip()] = value_of(second)
        elif section == "examples":
            found.examples.append(example_in(first, second))


def example_in(given: str, gives: str) -> Example:
    """An example in a row of a table: a JSON object, and a JSON value or the word `error`."""
    arguments = json_of(plain(given), "What goes in, in a table of examples, is no JSON object")
    if plain(gives).casefold() in ("error", "błąd"):
        return example_of({"in": arguments, "raises": True})
    return example_of({"in": arguments, "out": value_of(gives)})


def rows_of(tokens: Sequence[Token]) -> list[list[str]]:
    """The cells of the table that begins here, as they were written."""
    rows: list[list[str]] = []
    for place, token in enumerate(tokens):
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(tokens[place + 1].content.strip())
    return rows


def value_of(cell: str) -> Any:
    """A cell's value: JSON where it is some, else its text."""
    text = plain(cell)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def plain(cell: str) -> str:
    """A cell without the ticks of code around it."""
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] == "`" else cell


def json_of(text: str, otherwise: str) -> Any:
    """The text as JSON. Raises `BadTask`, which says what is wrong."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadTask(otherwise, advice=ADVICE) from None
