"""How people are asked in a chat: which function, what is missing, what is right, and whether to approve."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.arguments import type_name
from agent.questions import Asked, Choice, Said
from agent.showing import shown
from agent.talking.describing import lines_of
from agent.talking.layout import Answer
from agent.talking.marking import fenced, is_exact, span
from agent.talking.phrases import Language, say
from registry import Difference, Version

MOST_VALUE_CHARS = 300
"""Of one value that is shown."""
MOST_MESSAGE_CHARS = 4_500
"""Of what is said at once: a server may take no more than 5,000."""
MOST_CODE_CHARS, MOST_CODE_LINES = 1_500, 40
"""Of code that stands in the message."""
MOST_CHANGES = 3
"""Answers that change, of those that are shown."""
DAYS = 7


def question_of(asked: Asked, language: Language) -> str:
    """The call that is in doubt, and the competing answers by number."""
    given = ", ".join(f"{name} = {shown(value, MOST_VALUE_CHARS)}" for name, value in asked.arguments.items())
    call = span(given, 1_500) if given else say("no_arguments", language)
    choices = [f"{number}. {choice_text(choice, language)}" for number, choice in enumerate(asked.choices, 1)]
    return "\n".join(
        [say("question", language, call=call, name=asked.function), *choices, say("question_how", language)]
    )


def choice_text(choice: Choice, language: Language) -> str:
    """One of the answers, and who gives it."""
    count = len(choice.candidates)
    by = say("by_candidates", language, count=count) if count else say("by_test", language)
    return f"{said_text(choice.said, language)} ({by})"


def said_text(said: Said, language: Language) -> str:
    """A value as JSON, or that the call must fail."""
    return say("an_error", language) if said.raises else span(shown(said.value, MOST_VALUE_CHARS), 400)


def which_of(options: Mapping[str, str], language: Language) -> str:
    """The functions that may be meant, by number: names with what each does, as far as it is known."""
    rows = [f"{number}. `{name}`{f' – {span(does, 200)}' if does else ''}"
            for number, (name, does) in enumerate(options.items(), 1)]  # fmt: skip
    return "\n".join([say("which", language), *rows, say("which_how", language)])


def missing_of(names: Sequence[str], schema: Mapping[str, Any], language: Language) -> str:
    """The arguments that are missing, with their types by the function's input schema, and how to give them."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    lines = [say("missing", language, names=", ".join(named(name, properties.get(name, {})) for name in names))]
    if len(names) == 1:
        return "\n".join([*lines, say("missing_one_how", language)])
    form = fenced("\n".join(f"{name} = …" for name in names))
    return "\n".join([*lines, say("missing_some_how", language), form])


def named(name: str, schema: Mapping[str, Any]) -> str:
    """An argument with its type, and with what its function's author says of it."""
    about = f": {span(schema['description'], 200)}" if schema.get("description") else ""
    kind = f" ({span(type_name(schema), 100)})" if schema else ""
    return f"{span(name)}{kind}{about}"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody shall sign."""

    version: Version
    kind: Literal["promote", "rollback"] = "promote"
    asks: Sequence[str] = ()
    """What needs a person's word, as `Signing.asks` says it."""
    before: Version | None = None
    """What is in production now."""
    differences: Sequence[Difference] = ()
    """Recorded calls that it answers otherwise."""
    days: int = DAYS
    """After so many it expires."""


def approval_of(wish: Wish, language: Language) -> Answer:
    """What matters to whoever signs, ending in how; the code, or what changed in it, in a block or as a file."""
    version, before = wish.version, wish.before
    head = "to_roll_back" if wish.kind == "rollback" else "to_promote"
    instead = f" ({say('instead_of', language, version=before.version)})" if before else ""
    lines = [say(head, language, name=version.name, version=version.version) + instead, *lines_of(version, language)]
    if wish.asks:
        lines.append(say("asks_for", language, text=", ".join(map(span, wish.asks))))
    lines += [*near_lines(version, language), *change_lines(wish.differences, language)]
    signed = [say("digest", language, digest=span(version.digest[:12])), say("thumbs", language, days=wish.days)]
    left = MOST_MESSAGE_CHARS - sum(len(line) + 1 for line in (*lines, *signed))
    code, files = code_of(version, before, language, min(MOST_CODE_CHARS, left))
    return Answer(text="\n".join([*lines, *code, *signed]), files=files)


def near_lines(version: Version, language: Language) -> list[str]:
    """That a function is there which does nearly the same; nothing where none is."""
    near = version.evidence.get("near")
    if not near:
        return []
    counts = {key: near[key] for key in ("name", "version", "agree", "of")}
    return [say("nearly", language, **counts)]


def change_lines(differences: Sequence[Difference], language: Language) -> list[str]:
    """The answers that change, the first few; nothing where none do."""
    if not differences:
        return []
    rows = [f"• {span(' → '.join(shown(value, 100) for value in (each.arguments, each.before, each.after)), 400)}"
            for each in differences[:MOST_CHANGES]]  # fmt: skip
    more = len(differences) - len(rows)
    count = say("changed_answers", language, count=len(differences))
    return [count, *rows, *([say("and_more", language, count=more)] if more else [])]


def code_of(
    version: Version, before: Version | None, language: Language, most_chars: int
) -> tuple[list[str], dict[str, bytes]]:
    """The code, or what changed in it since the version before; whole as a file, where the message does not show it."""
    source, files = version.function.source, dict[str, bytes]()
    if before is None:
        text, words, kind = source, say("code", language), "python"
    else:
        text, words, kind = changes(before, version), say("changes", language, version=before.version), "diff"
    fits = len(text) <= most_chars and len(text.splitlines()) <= MOST_CODE_LINES
    if before is not None or not (fits and is_exact(text)):
        files[f"{version.name}-{version.version}.py"] = source.encode()
    if fits:
        return [words, fenced(text, kind)], files
    if before is not None:
        files[f"{version.name}-{version.version}.diff"] = text.encode()
    return [f"{words} {say('in_file', language, file=', '.join(map(span, files)))}"], files


def changes(before: Version, after: Version) -> str:
    """What changed in the code, as a unified diff."""
    old, new = (each.function.source.splitlines(keepends=True) for each in (before, after))
    return "".join(difflib.unified_diff(old, new, before.version, after.version))
