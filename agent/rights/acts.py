"""What acts in a chat and at a code host have in common: who does them, what came of them, texts that harm nobody."""

import base64
import binascii
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.errors import BadSettings
from agent.rights.grants import ChatGrant, HostGrant
from agent.rights.outcomes import AskRefused

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the direction of what is read."""
MENTION = re.compile(r"(?<![A-Za-z0-9])@")
"""What may call somebody: servers look for `@NAME` in the whole text, code included, unless a word stands before it."""
JOINER = "\N{ZERO WIDTH JOINER}"
"""Nothing to the eye, and a sign that no name holds."""
HIDDEN_LINK = re.compile(r"\](?=\()")
"""`[words](address)`, `![](address)`: with a space behind what is found they are plain text."""


@dataclass(frozen=True)
class Openers[Neighbour]:
    """Chats or code hosts of the settings, each opened when it is first needed. Safe to use from several threads."""

    openers: Mapping[str, Callable[[], Neighbour]] = field(default_factory=dict, repr=False)
    """By the name what opens it, which asks nobody and may raise `BadSettings`."""
    what: str = "code host"
    where: str = "at a code host"
    _opened: dict[str, Neighbour] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def open(self, name: str) -> Neighbour:
        """The one of that name. Raises `BadSettings` where there is none."""
        if name not in self.openers:
            raise BadSettings(f"no {self.what} `{name}` is set up" if name else f"no {self.what} is set up")
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self.openers[name]()
            return self._opened[name]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of an act."""

    value: Any = None
    """What the code gets: a JSON value."""
    came: Mapping[str, Any] = field(default_factory=dict)
    """What is written down."""


@dataclass(frozen=True, kw_only=True)
class Wanted[Neighbour]:
    """One act as the code wants it."""

    grant: ChatGrant | HostGrant
    """What allows just that."""
    neighbour: str
    """The name of who does it."""
    counted: str
    """As what it counts in the run."""
    do: Callable[[Neighbour], Done]
    facts: Mapping[str, int] = field(default_factory=dict)
    """Sizes, for the record."""


def read_text(given: object, most: int, what: str, harmless: Callable[[str], str]) -> str:
    """The text, harmless. Raises `AskRefused` for one that is too long, says nothing, or cannot be written."""
    if not isinstance(given, str) or len(given) > most:
        raise refused(f"{what} is a text of at most {most:,} characters")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise refused(f"{what} has characters that are none") from None
    text = harmless(given)
    if not text.strip():
        raise refused(f"{what} says something")
    return text


def read_line(given: object, most: int, what: str, harmless: Callable[[str], str]) -> str:
    """The same of one line."""
    text = read_text(given, most, what, harmless)
    if "\n" in text:
        raise refused(f"{what} is one line")
    return text


def read_data(packed: object, most_bytes: int) -> bytes:
    """A file's content. Raises `AskRefused`."""
    if not isinstance(packed, str) or len(packed) > most_bytes * 4 // 3 + 4:
        raise refused(f"a file is base64 of at most {most_bytes >> 20} MiB")
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise refused("the file is not base64") from None


def silenced(text: str) -> str:
    """The text without signs that are not seen, in which no link hides where it leads, and nobody is called."""
    text = HIDDEN_LINK.sub("] ", UNSEEN.sub("", text))
    return MENTION.sub(f"@{JOINER}", text)


def without(value: Any, hide: Callable[[str], str]) -> Any:
    """The JSON value without what is to be hidden, whichever text of it that stands in."""
    if isinstance(value, Mapping):
        return {hide(key): without(inner, hide) for key, inner in value.items()}
    if isinstance(value, list):
        return [without(inner, hide) for inner in value]
    return hide(value) if isinstance(value, str) else value


def refused(why: str) -> AskRefused:
    """The code's own fault."""
    return AskRefused(why, own_fault=True)
