"""The text of commits and tags: a subject, a note in a person's words, and trailers for machines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

JOINER = "\N{ZERO WIDTH JOINER}"
"""Stands between two signs that would mean something together. Nobody sees it."""
_CLOSING = re.compile(r"\b(clos|fix|resolv|implement)(?=\w*:?\s)", re.IGNORECASE)
_REFERENCE = re.compile(r"[@#!&%~](?=\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message taken apart again."""

    subject: str
    note: str
    trailers: Mapping[str, str]


def compose(subject: str, note: str, trailers: Mapping[str, str]) -> str:
    """The message as one text; `parse` gives the parts back.

    The trailers are always the last paragraph, so that nothing written in a note can pass for one.
    """
    lines = (f"{key}: {one_line(value)}" for key, value in trailers.items() if value)
    paragraphs = [one_line(subject), clean(note), "\n".join(lines)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def parse(text: str) -> Message:
    """The parts of a message that `compose` made; a message by another hand has no trailers."""
    paragraphs = text.strip("\n").split("\n\n")
    pairs = [line.partition(": ") for line in paragraphs[-1].split("\n")]
    if len(paragraphs) < 2 or not all(separator for _, separator, _ in pairs):
        return Message(subject=paragraphs[0], note="\n\n".join(paragraphs[1:]), trailers={})
    trailers = {key: value for key, _, value in pairs}
    return Message(subject=paragraphs[0], note="\n\n".join(paragraphs[1:-1]), trailers=trailers)


def unclosing(text: str) -> str:
    """The text without words by which a code host closes issues.

    GitLab looks for `Closes #1` in all of a commit's message and of a merge request's description, in code, too
    (`lib/gitlab/closing_issue_extractor.rb`).
    """
    return _CLOSING.sub(lambda match: f"{match[0][0]}{JOINER}{match[0][1:]}", text)


def inert(text: str) -> str:
    """The text as a part of a commit's message by which a code host does nothing: nobody is called, nothing closed."""
    return _REFERENCE.sub(rf"\g<0>{JOINER}", unclosing(text))


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    """The text without control characters and lone surrogates, which no commit message can carry."""
    readable = text.replace("\r\n", "\n").encode(errors="replace").decode()
    return _CONTROL.sub(" ", readable).strip()
