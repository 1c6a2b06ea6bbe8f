"""What code in the sandbox may do in a chat: its asks read, its texts made harmless, and the act itself."""

import base64
import binascii
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.chat_ports import ChatActions
from agent.errors import BadSettings
from agent.rights.grants import ChatGrant
from agent.rights.outcomes import AskRefused
from agent.rooms import BadRoom, Room, read_room
from sandbox.surroundings import is_plain

MOST_TEXT_CHARS = 5_000
"""What a server of Rocket.Chat takes unless it is told otherwise (`Message_MaxAllowedSize`)."""
MOST_TITLE_CHARS = 100
MOST_FILE_BYTES = 5 << 20
MOST_MEMBERS = 50
PERSON = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the direction of what is read."""
MENTION = re.compile(r"(?<![A-Za-z0-9])@")
"""What may call somebody: servers look for `@NAME` in the whole text, code included, unless a word stands before it."""
SILENT = "@\N{ZERO WIDTH JOINER}"
"""The same to the eye, with a sign behind it that no name holds."""
HIDDEN_LINKS = (re.compile(r"\](?=\()"), re.compile(r"<(?=[^ \t\n<]*\|)"))
"""`[words](address)`, `![](address)`, `<address|words>`: with a space behind what is found they are plain text."""


@dataclass(frozen=True)
class Chats:
    """The chats of the settings, each opened when it is first needed. Safe to use from several threads."""

    openers: Mapping[str, Callable[[], ChatActions]] = field(default_factory=dict, repr=False)
    """By the chat's name what opens it, which asks nobody and may raise `BadSettings`."""
    _opened: dict[str, ChatActions] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def open(self, name: str) -> ChatActions:
        """The chat of that name; of no name, the only one. Raises `BadSettings` where it is not clear which that is."""
        if not name and len(self.openers) > 1:
            raise BadSettings(f"say in which chat: there is {', '.join(f'`{each}:ROOM`' for each in self.openers)}")
        name = name or next(iter(self.openers), "")
        if name not in self.openers:
            raise BadSettings(f"no chat `{name}` is set up" if name else "no chat is set up")
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self.openers[name]()
            return self._opened[name]


@dataclass(frozen=True, kw_only=True)
class ChatAsk:
    """One act as the code wants it."""

    grant: ChatGrant
    """What allows just that."""
    act: Callable[[ChatActions], str]
    """Does it, and gives what the server says: an id, or the address of a call."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """Sizes, for the record."""


def read_chat_ask(ask: Mapping[str, Any]) -> ChatAsk:
    """The act in an ask of the guest. Raises `AskRefused` for one that cannot be done as it stands."""
    act = ask.get("act")
    reader = READERS.get(act) if isinstance(act, str) else None
    if reader is None:
        raise refused(f"in a chat one may {', '.join(READERS)}")
    try:
        room = read_room(ask.get("room"))
    except BadRoom as error:
        raise refused(str(error)) from None
    return reader(room, ask)


def read_post(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A message."""
    text = read_text(ask.get("text"), MOST_TEXT_CHARS, "a message")
    return ChatAsk(
        grant=ChatGrant(act="post", room=room),
        act=lambda chat: chat.post(room.name, text),
        facts={"chars": len(text)},
    )


def read_upload(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A file."""
    name, packed = ask.get("name"), ask.get("body")
    if not isinstance(name, str) or not is_plain(name):
        raise refused("a file's name is a plain one, without folders")
    if not isinstance(packed, str) or len(packed) > MOST_FILE_BYTES * 4 // 3 + 4:
        raise refused(f"a file is base64 of at most {MOST_FILE_BYTES >> 20} MiB")
    try:
        data = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise refused("the file is not base64") from None
    return ChatAsk(
        grant=ChatGrant(act="upload", room=room),
        act=lambda chat: chat.upload(room.name, name, data),
        facts={"bytes": len(data)},
    )


def read_call(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A video conference."""
    title = read_text(ask.get("title"), MOST_TITLE_CHARS, "a title")
    if "\n" in title:
        raise refused("a title is one line")
    return ChatAsk(grant=ChatGrant(act="call", room=room), act=lambda chat: chat.start_call(room.name, title))


def read_create(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A room with people."""
    members, private = ask.get("members"), ask.get("private")
    if not isinstance(members, list) or len(members) > MOST_MEMBERS or not all(map(is_person, members)):
        raise refused(f"members are at most {MOST_MEMBERS} names of people, without `@`")
    if not isinstance(private, bool):
        raise refused("a room is private or not")
    return ChatAsk(
        grant=ChatGrant(act="create", room=room, kind="private" if private else "public"),
        act=lambda chat: chat.create_room(room.name, members, private=private),
        facts={"members": len(members)},
    )


READERS: Mapping[str, Callable[[Room, Mapping[str, Any]], ChatAsk]] = {
    "post": read_post,
    "upload": read_upload,
    "call": read_call,
    "create": read_create,
}


def read_text(given: object, most: int, what: str) -> str:
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


def harmless(text: str) -> str:
    """The text so that it calls nobody, and every link in it shows where it leads; else as it stands."""
    text = UNSEEN.sub("", text)
    for hidden in HIDDEN_LINKS:
        text = hidden.sub(lambda found: f"{found[0]} ", text)
    return MENTION.sub(SILENT, text)


def is_person(given: object) -> bool:
    """True for a name that somebody may have."""
    return isinstance(given, str) and PERSON.fullmatch(given) is not None


def refused(why: str) -> AskRefused:
    """The code's own fault."""
    return AskRefused(why, own_fault=True)
