"""Keeps secrets and personal data from services in the cloud: marks go in their place, and come back as what they were.

What cannot be known by its form (a name, an address, what is said between the lines) is not found, and no picture is
looked into: a task that must not be told is one for `local_only`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agent.ports import Message, ModelReply, ModelRequest
from agent.prompting import fill

if TYPE_CHECKING:
    from agent.routing.personal import Found

KINDS = ("SECRET", "TEXT", "TOKEN", "KEY", "PASSWORD", "EMAIL", "CARD", "IBAN", "ID", "PHONE")
"""None begins with another: a mark ends where it ends, whatever follows it."""
MARK = re.compile(rf"HIDDEN_[0-9]+_(?:{'|'.join(KINDS)})")
SHORTEST = 4
"""Characters of a secret: a shorter one is a part of too many words."""
ALONE = 8
"""Characters from which on a secret is looked for inside of words as well."""


@dataclass
class Marks:
    """The marks of one request."""

    by_text: dict[tuple[str, str], str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def mark(self, kind: str, text: str) -> str:
        """The mark for a text: the same for the same one."""
        known = self.by_text.get((kind, text))
        if known is None:
            number = 1 + sum(other == kind for other, _ in self.by_text)
            known = self.by_text[kind, text] = f"HIDDEN_{number}_{kind}"
            self.texts[known] = text
        return known

    def back(self, text: str, *, is_json: bool) -> str:
        """The text with what the marks stand for; written for the inside of a JSON string where it is JSON."""

        def put(match: re.Match[str]) -> str:
            known = self.texts.get(match[0], match[0])
            return json.dumps(known, ensure_ascii=False)[1:-1] if is_json else known

        return MARK.sub(put, text)


class KeptVeil:
    """Hides the settings' secrets, and what tells of a person by its form. Safe to use from several threads."""

    def __init__(self, hidden: Iterable[str], *, personal: bool = True, region: str | None = None) -> None:
        """Hide these texts, the secrets in all ways in which they are written.

        `region`, two letters, is where phone numbers are from that name no country.
        """
        longest_first = sorted({text for text in hidden if len(text) >= SHORTEST}, key=len, reverse=True)
        ways = [re.escape(text) if len(text) >= ALONE else rf"(?<!\w){re.escape(text)}(?!\w)" for text in longest_first]
        self._secrets = re.compile(f"(?=({'|'.join(ways)}))") if ways else None
        self._personal, self._region = personal, region

    def drawn(self, request: ModelRequest) -> tuple[ModelRequest, Callable[[ModelReply], ModelReply]]:
        """See `agent.routing.aids.Veil.drawn`. What was hidden is said to be."""
        marks = Marks()
        drawn = self._drawn(request, marks)
        if not marks.texts:
            return request, lambda reply: reply
        marks = Marks()  # anew: a secret may be a word of the note
        drawn = self._drawn(replace(request, messages=with_note(request.messages, fill("hidden").strip())), marks)
        is_json = request.schema is not None
        return drawn, lambda reply: replace(reply, text=marks.back(reply.text, is_json=is_json))

    def _drawn(self, request: ModelRequest, marks: Marks) -> ModelRequest:
        messages = tuple(replace(each, content=self._text(each.content, marks)) for each in request.messages)
        schema = None if request.schema is None else self._value(request.schema, marks)
        return replace(request, messages=messages, schema=schema, task=self._text(request.task, marks))

    def _value(self, value: Any, marks: Marks) -> Any:
        """A JSON value with marks in its texts, the names of its keys included."""
        if isinstance(value, str):
            return self._text(value, marks)
        if isinstance(value, Mapping):
            return {self._text(key, marks): self._value(each, marks) for key, each in value.items()}
        return [self._value(each, marks) for each in value] if isinstance(value, list | tuple) else value

    def _text(self, text: str, marks: Marks) -> str:
        parts, at = [], 0
        for place in together(self._found(text)):
            parts += [text[at : place.start], marks.mark(place.kind, text[place.start : place.end])]
            at = place.end
        return "".join((*parts, text[at:]))

    def _found(self, text: str) -> Iterator["Found"]:
        """What is to be hidden in the text, secrets first."""
        from agent.routing.personal import Found, personal_in  # 0.1 s, and what stays at home needs none of it

        if self._secrets is not None:
            yield from (Found(*match.span(1), "SECRET") for match in self._secrets.finditer(text))
        yield from (Found(*match.span(), "TEXT") for match in MARK.finditer(text))  # looks like a mark and is none
        if self._personal:
            yield from personal_in(text, self._region)


def with_note(messages: tuple[Message, ...], note: str) -> tuple[Message, ...]:
    """The messages with a note to the model; in its rules where there are some: not every model takes them twice."""
    if messages and messages[0].role == "system":
        return (replace(messages[0], content=f"{messages[0].content.rstrip()}\n\n{note}"), *messages[1:])
    return (Message(role="system", content=note), *messages)


def together(places: Iterable["Found"]) -> list["Found"]:
    """The places in their order, those that overlap as one; a secret stays one."""
    found: list[Found] = []
    for place in sorted(places):
        last = found[-1] if found else None
        if last is None or place.start >= last.end:
            found.append(place)
            continue
        kind = "SECRET" if "SECRET" in (last.kind, place.kind) else last.kind
        found[-1] = replace(last, end=max(last.end, place.end), kind=kind)
    return found
