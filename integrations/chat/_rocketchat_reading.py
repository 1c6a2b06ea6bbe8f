"""What Rocket.Chat's messages mean: read from its JSON, by REST or realtime, without asking anybody."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard
from urllib.parse import quote

from agent.talking.channel import Attachment, Person
from integrations.reading import listed, moment, plain, text_in

Message = Mapping[str, Any]
THUMB = re.compile(r":(?P<sign>\+1|-1|thumbs?up|thumbs?down)(?:_tone[1-5])?:")


@dataclass(frozen=True, kw_only=True)
class Thumb:
    """A sign under a message; the server tells names and not ids."""

    message: str
    name: str
    yes: bool


def milliseconds(at: datetime) -> int:
    """Since 1970, rounded down."""
    return int(at.timestamp() * 1000)


def is_message(value: object) -> TypeGuard[Message]:
    """Whether it has what every message has."""
    return isinstance(value, Mapping) and bool(
        text_in(value, "_id") and text_in(value, "rid") and text_in(value.get("u"), "_id") and moment(value.get("ts"))
    )


def author(message: Message) -> Person:
    """Who said it, as the message has it."""
    return Person(id=text_in(message["u"], "_id"), name=text_in(message["u"], "username"))


def is_said_by_a_person(message: Message, us: str) -> bool:
    """False for what is ours, edited, the server's own, or marked as a bot's."""
    return not (author(message).id == us or message.get("editedAt") or message.get("t") or message.get("bot"))


def mentions(message: Message, us: str) -> list[str]:
    """The names by which we are mentioned, by the server's word; `@all` and `@here` are others."""
    return [text_in(each, "username") for each in listed(message, "mentions") if text_in(each, "_id") == us]


def triggered(text: str, words: Sequence[str]) -> str | None:
    """What follows the word by which we are addressed; None where the text begins with none."""
    for word in words:
        if text.casefold().startswith(word.casefold()) and not text[len(word) : len(word) + 1].isalnum():
            return text[len(word) :].lstrip(":, \t\n")
    return None


def words_of(message: Message) -> str:
    """What is said: the message's text, or that of the file which it is."""
    described = (text_in(each, "description") for each in listed(message, "attachments"))
    return text_in(message, "msg") or next(filter(None, described), "")


def attachments(message: Message) -> tuple[Attachment, ...]:
    """The files that came with it, without the small pictures that the server makes of large ones."""
    files = listed(message, "files") or [message.get("file")]
    return tuple(
        Attachment(name=plain(text_in(each, "name")), size=_size(each), place=place_of(each))
        for each in files
        if text_in(each, "_id") and text_in(each, "typeGroup") != "thumb"
    )


def place_of(file: Message) -> str:
    """Where the server keeps a file."""
    return f"/file-upload/{quote(text_in(file, '_id'), safe='')}/{quote(text_in(file, 'name'), safe='')}"


def thumbs(message: Message) -> Iterator[Thumb]:
    """Who put a thumb under it, up or down, in any colour."""
    found = message.get("reactions")
    for sign, by in (found if isinstance(found, Mapping) else {}).items():
        read = THUMB.fullmatch(str(sign))
        for name in listed(by, "usernames") if read else ():
            if isinstance(name, str) and name and read:
                yes = read["sign"] in ("+1", "thumbup", "thumbsup")
                yield Thumb(message=text_in(message, "_id"), name=name, yes=yes)


def _size(file: Message) -> int:
    size = file.get("size")
    return int(size) if isinstance(size, int | float) and 0 <= size < 1 << 53 else 0
