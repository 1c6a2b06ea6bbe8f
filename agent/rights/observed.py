"""What code was seen to ask of a scripted host, as the grants that allow just that and no more."""

import base64
import binascii
import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from agent.projects import BadName, act_in
from agent.rooms import ACTS, WIDE, BadRoom, Room, read_room

PLACEHOLDER = re.compile(r"scripted-secret-([A-Za-z_][A-Za-z0-9_]*)")
"""What a scripted host gives in place of a secret."""
WORD_END = re.compile(r"[._-]")
"""In a room's name."""

Ask = Mapping[str, Any]


def observed(asks: Iterable[Ask], versions: Mapping[str, str]) -> tuple[str, ...]:
    """The grants for these asks, each once, sorted. `versions` says which version of a function is called.

    An ask that cannot be read (it is the guest's word) asks for nothing.
    """
    every = list(asks)
    found = {grant for ask in every for grant in granted_by(ask, versions)} | set(created(every))
    thoughts = sum(ask.get("kind") == "llm" for ask in every)
    return tuple(sorted({*found, *([f"llm {thoughts}"] if thoughts else [])}))


def granted_by(ask: Ask, versions: Mapping[str, str]) -> Iterator[str]:
    """The grants that one ask needs; those for a model, and for rooms that are made, hang on all."""
    match ask:
        case {"kind": "http", "method": str(method), "url": str(url)}:
            if host := host_in(url):
                yield f"http {method.upper()} {host}"
                yield from (f"secret {name} {host}" for name in sorted(secrets_in(ask)))
        case {"kind": "function", "name": str(name)} if name in versions:
            yield f"function {name} {versions[name]}"
        case {"kind": "files", "way": "in" | "out" as way}:
            yield f"files {way}"
        case {"kind": "chat", "act": str(act), "room": room} if act in ACTS and act != "create":
            if named := room_in(room):
                yield f"chat {act} {named}"
        case {"kind": "codehost"}:
            with contextlib.suppress(BadName):
                yield str(act_in(ask))


def created(asks: Iterable[Ask]) -> Iterator[str]:
    """The grants for the rooms that are made: one name as it is, several that begin alike as `incident-*`.

    A room is made once only, so that a function that is of use twice makes another one each time.
    """
    rooms: dict[tuple[str, str, str], set[str]] = {}
    for ask in asks:
        match ask:
            case {"kind": "chat", "act": "create", "room": room, "private": bool(private)}:
                if named := room_in(room):
                    key = ("private" if private else "public", named.chat, WORD_END.split(named.name)[0])
                    rooms.setdefault(key, set()).add(named.name)
    for (kind, chat, _), names in rooms.items():
        begins = beginning(names)
        alike = begins not in names and WIDE.fullmatch(f"{begins}*")
        yield from (f"chat create {Room(chat=chat, name=name)} {kind}" for name in ([f"{begins}*"] if alike else names))


def beginning(names: Collection[str]) -> str:
    """The words with which all the names begin, where there are several names; else nothing."""
    words = [min(names)[: end.end()] for end in WORD_END.finditer(min(names))] if len(names) > 1 else []
    return max((word for word in words if all(name.startswith(word) for name in names)), default="", key=len)


def room_in(given: object) -> Room | None:
    """The room that is named; None where it is none."""
    try:
        return read_room(given)
    except BadRoom:
        return None


def host_in(url: str) -> str:
    """The host as a grant names it, with scheme and port where they are not HTTPS's own; empty where there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    if parts.scheme == "https" and port in (None, usual):
        return host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def secrets_in(ask: Ask) -> set[str]:
    """The names of the secrets that the request carries."""
    try:
        body = base64.b64decode(str(ask.get("body") or "")).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        body = ""
    return set(PLACEHOLDER.findall(f"{ask.get('url')} {ask.get('headers')} {body}"))
