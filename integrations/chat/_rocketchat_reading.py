"""What Rocket.Chat's messages mean: read from its JSON, by REST or realtime, without asking anybody."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import quote

from agent.talking.channel import Attachment, Person

Message = Mapping[str, Any]
THUMB = re.compile(r":(?P<sign>\+1|-1|thumbs?up|thumbs?down)(?:_tone[1-5])?:")
CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
MAX_NAME = 200
NEVER, LONG_AGO, FAR_OFF = datetime.min, datetime(1970, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Thumb:
    """A sign under a message; the server tells names and not ids."""

    message: str
    name: str
    yes: bool


def moment(value: object) -> datetime | None:
    """A moment as the server writes it: milliseconds in `$date` (realtime), ISO 8601 (REST); None for what is none."""
    if isinstance(value, Mapping):
        value = value.get("$date")
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value / 1000, UTC)
        else:
            found = datetime.fromisoformat(value) if isinstance(value, str) else NEVER
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if LONG_AGO <= found <= FAR_OFF else None


def written(at: datetime) -> str:
    """The moment as REST takes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(at: datetime) -> int:
    """Since 1970, rounded down."""
    return int(at.timestamp() * 1000)


def text_in(value: object, name: str) -> str:
    """The text under that name; empty where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def listed(value: object, name: str) -> list[Any]:
    """The list under that name; empty where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


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


def without(text: str, names: Sequence[str]) -> str:
    """The text without the mentions of these names, but for those in code."""
    for name in filter(None, names):
        at_first = re.compile(rf"\A\s*@{re.escape(name)}(?![\w.-]*\w)[:,]?\s*", re.IGNORECASE)
        within = re.compile(rf"[ \t]*(?<!\w)@{re.escape(name)}(?![\w.-]*\w)", re.IGNORECASE)
        pieces = CODE.split(at_first.sub("", text))
        text = "".join(piece if number % 2 else within.sub("", piece) for number, piece in enumerate(pieces))
    return text.strip()


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


def plain(name: str) -> str:
    """The last part of a file's name, without signs that do not show."""
    last = UNPRINTABLE.sub("", name.replace("\\", "/")).rpartition("/")[2].strip()
    return last[-MAX_NAME:] if last.strip(".") else "file"


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
