"""What code in the sandbox may do in a chat: its asks read, its texts made harmless, and the act itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.chat_ports import ChatActions
from agent.errors import BadSettings
from agent.rights.acts import Done, Openers, Wanted, read_data, read_line, read_text, refused, silenced
from agent.rights.grants import ChatGrant
from agent.rooms import BadRoom, Room, read_room
from sandbox.surroundings import is_plain

MOST_TEXT_CHARS = 5_000
"""What a server of Rocket.Chat takes unless it is told otherwise (`Message_MaxAllowedSize`)."""
MOST_TITLE_CHARS = 100
MOST_FILE_BYTES = 5 << 20
MOST_MEMBERS = 50
PERSON = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
NAMED_ADDRESS = re.compile(r"<(?=[^ \t\n<]*\|)")
"""`<address|words>`: with a space behind what is found it is plain text."""

ChatAsk = Wanted[ChatActions]


@dataclass(frozen=True)
class Chats(Openers[ChatActions]):
    """The chats of the settings, each opened when it is first needed. Safe to use from several threads."""

    what: str = "chat"
    where: str = "in a chat"

    def open(self, name: str) -> ChatActions:
        """The chat of that name; of no name, the only one. Raises `BadSettings` where it is not clear which that is."""
        if not name and len(self.openers) > 1:
            raise BadSettings(f"say in which chat: there is {', '.join(f'`{each}:ROOM`' for each in self.openers)}")
        return super().open(name or next(iter(self.openers), ""))


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
    text = read_text(ask.get("text"), MOST_TEXT_CHARS, "a message", harmless)
    return wanted(
        ChatGrant(act="post", room=room),
        lambda chat: Done(came={"id": chat.post(room.name, text)}),
        {"chars": len(text)},
    )


def read_upload(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A file."""
    name = ask.get("name")
    if not isinstance(name, str) or not is_plain(name):
        raise refused("a file's name is a plain one, without folders")
    data = read_data(ask.get("body"), MOST_FILE_BYTES)
    return wanted(
        ChatGrant(act="upload", room=room),
        lambda chat: Done(came={"id": chat.upload(room.name, name, data)}),
        {"bytes": len(data)},
    )


def read_call(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A video conference. Its address is not written down: who has it may get in by it."""
    title = read_line(ask.get("title"), MOST_TITLE_CHARS, "a title", harmless)
    return wanted(ChatGrant(act="call", room=room), lambda chat: Done(value=chat.start_call(room.name, title)), {})


def read_create(room: Room, ask: Mapping[str, Any]) -> ChatAsk:
    """A room with people."""
    members, private = ask.get("members"), ask.get("private")
    if not isinstance(members, list) or len(members) > MOST_MEMBERS or not all(map(is_person, members)):
        raise refused(f"members are at most {MOST_MEMBERS} names of people, without `@`")
    if not isinstance(private, bool):
        raise refused("a room is private or not")
    return wanted(
        ChatGrant(act="create", room=room, kind="private" if private else "public"),
        lambda chat: Done(came={"id": chat.create_room(room.name, members, private=private)}),
        {"members": len(members)},
    )


READERS: Mapping[str, Callable[[Room, Mapping[str, Any]], ChatAsk]] = {
    "post": read_post,
    "upload": read_upload,
    "call": read_call,
    "create": read_create,
}


def wanted(grant: ChatGrant, do: Callable[[ChatActions], Done], facts: Mapping[str, int]) -> ChatAsk:
    """The act that the grant allows."""
    return ChatAsk(grant=grant, neighbour=grant.room.chat, counted=f"chat {grant.act}", do=do, facts=facts)


def harmless(text: str) -> str:
    """The text so that it calls nobody, and every link in it shows where it leads; else as it stands."""
    return NAMED_ADDRESS.sub("< ", silenced(text))


def is_person(given: object) -> bool:
    """True for a name that somebody may have."""
    return isinstance(given, str) and PERSON.fullmatch(given) is not None
