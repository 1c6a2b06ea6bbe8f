"""Rooms of chats as grants, specifications and code name them: read in one strict way; none passes for another."""

import re
from dataclasses import dataclass

ACTS = ("post", "upload", "call", "create")
"""What may be done in a chat."""
KINDS = ("private", "public")
"""A private room is seen by those who are in it, a public one by everybody on the server."""
MOST_NAME_CHARS = 100
CHAT = re.compile(r"[a-z][a-z0-9_]{0,62}")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
"""Plain ASCII, as servers make names from what people call a room: no letter looks like another one's."""
WIDE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*[._-]\*")
"""Names that begin alike, up to a mark that ends a word: `incident-*`."""


class BadRoom(ValueError):
    """Not the name of a room."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """A room by its name, or all names that begin alike."""

    chat: str
    """The chat, as the settings name it; empty for the only one."""
    name: str

    def __str__(self) -> str:
        return f"{self.chat}:{self.name}" if self.chat else self.name

    def covers(self, other: "Room") -> bool:
        """True where the other one's name, or all that it means, is what this one means."""
        if self.chat != other.chat:
            return False
        begins = self.name.removesuffix("*")
        wide = begins != self.name and other.name != begins
        return self.name == other.name or (wide and other.name.startswith(begins))


def read_room(text: object, *, patterns: bool = False) -> Room:
    """The room of `NAME` or `CHAT:NAME`, exactly as it stands. Raises `BadRoom`."""
    if not isinstance(text, str) or len(text) > MOST_NAME_CHARS:
        raise BadRoom(f"a room's name is a text of at most {MOST_NAME_CHARS} characters")
    chat, mark, name = text.rpartition(":")
    if mark and not CHAT.fullmatch(chat):
        raise BadRoom(f"{text!r} is no room: before the colon stands the name of a chat of the settings")
    if name[:1] in ("#", "@"):
        raise BadRoom(f"{text!r} is no room: write its name without `{name[0]}`; people are no rooms")
    if not NAME.fullmatch(name) and not (patterns and WIDE.fullmatch(name)):
        wide = ", perhaps with `*` at its end after one of the last three" if patterns else ""
        raise BadRoom(f"{text!r} is no room: its name has letters of ASCII, digits, `_`, `-` and `.`{wide}")
    return Room(chat=chat, name=name)
