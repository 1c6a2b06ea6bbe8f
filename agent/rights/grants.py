"""Grants: the lines of a manifest that a person signs. Read exactly, compared, and written in one form."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.errors import BadGrant
from agent.projects import HostAct, is_host_act, read_host_act
from agent.rights.places import BadPlace, Place, read_host, read_place
from agent.rooms import ACTS, KINDS, Room, read_room
from registry import NAME_PATTERN

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ANY = "*"
SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}")
MOST_REQUESTS = 1_000
"""To a model, in one run."""
MOST_GRANTS = 50
MOST_CHARS = 400


@dataclass(frozen=True, kw_only=True)
class HttpGrant:
    """May send requests with that method (or any) to that host, or to every host below a domain."""

    method: str
    """One of `METHODS`, or `*`."""
    place: Place
    """The host is a name, an address, or `*.` and a domain: any name below it, not the domain itself."""
    private: bool = False
    """True where the name may lead into private networks."""

    def __str__(self) -> str:
        return f"http {self.method} {self.place}{' private' if self.private else ''}"

    def allows(self, method: str, place: Place) -> bool:
        """True where a request may be sent to the place."""
        same = (self.place.scheme, self.place.port) == (place.scheme, place.port)
        return same and self.method in (ANY, method) and below(self.place.host, place.host)

    def covers(self, other: "Grant") -> bool:
        """True where this grant allows all that the other does."""
        if not isinstance(other, HttpGrant):
            return False
        return self.allows(other.method, other.place) and (self.private or not other.private)


@dataclass(frozen=True, kw_only=True)
class FunctionGrant:
    """May call that version of that registered function."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"function {self.name} {self.version}"

    def covers(self, other: "Grant") -> bool:
        """True for the same version of the same function."""
        return self == other


@dataclass(frozen=True, kw_only=True)
class SecretGrant:
    """The broker puts that secret into requests to that place, and to no other."""

    name: str
    place: Place

    def __str__(self) -> str:
        return f"secret {self.name} {self.place}"

    def covers(self, other: "Grant") -> bool:
        """True for the same secret at the same place."""
        return self == other


@dataclass(frozen=True, kw_only=True)
class ModelGrant:
    """May ask the routed model that many times in one run."""

    requests: int

    def __str__(self) -> str:
        return f"llm {self.requests}"

    def covers(self, other: "Grant") -> bool:
        """True for as many requests or fewer."""
        return isinstance(other, ModelGrant) and other.requests <= self.requests


@dataclass(frozen=True, kw_only=True)
class FilesGrant:
    """May read the files that come with a task, or leave files that go back with the answer."""

    way: Literal["in", "out"]

    def __str__(self) -> str:
        return f"files {self.way}"

    def covers(self, other: "Grant") -> bool:
        """True for the same way."""
        return self == other


@dataclass(frozen=True, kw_only=True)
class ChatGrant:
    """May do one thing in a chat: in one room, or make rooms of one kind."""

    act: str
    """One of `ACTS`."""
    room: Room
    """To `create`, names may be those that begin alike. Nowhere else: anybody may make a room of such a name."""
    kind: str = ""
    """One of `KINDS` for the act `create`, else empty."""

    def __str__(self) -> str:
        return f"chat {self.act} {self.room}{f' {self.kind}' if self.kind else ''}"

    def covers(self, other: "Grant") -> bool:
        """True where this grant allows all that the other does."""
        if not isinstance(other, ChatGrant) or (self.act, self.kind) != (other.act, other.kind):
            return False
        return self.room.covers(other.room)


@dataclass(frozen=True, kw_only=True)
class HostGrant:
    """May do one thing at a code host: in one project, on one branch, or make projects in one group."""

    act: HostAct

    def __str__(self) -> str:
        return str(self.act)

    def covers(self, other: "Grant") -> bool:
        """True for the same act at the same place: there are no patterns."""
        return self == other


Grant = HttpGrant | FunctionGrant | SecretGrant | ModelGrant | FilesGrant | ChatGrant | HostGrant


def below(pattern: str, host: str) -> bool:
    """True where the host, or all that the host's own pattern means, is what the pattern means."""
    return host == pattern or (pattern.startswith("*.") and host.removeprefix("*.").endswith(pattern[1:]))


def parse(line: str) -> Grant:
    """The grant that a line states; `str` of it is the line in its one form. Raises `BadGrant`.

    A line for a code host is read whether or not there is a host of that name here: what somebody signed in git says
    the same on every machine.
    """
    words = line.split()[:6] or [""]
    reader = READERS.get(words[0])
    if (reader is None and not is_host_act(words)) or len(line) > MOST_CHARS or not line.isprintable():
        begins = f"begins with one of {', '.join(READERS)}, or with a code host and what is done there"
        raise BadGrant(f"{line[:MOST_CHARS]!r} is no grant: it {begins}")
    try:
        return reader(words[1:]) if reader else HostGrant(act=read_host_act(words))
    except ValueError as error:  # a `BadPlace`, a `BadRoom` and a `BadName` are
        raise BadGrant(f"`{line}` is no grant: {error}") from error


def read_grants(lines: Iterable[str]) -> tuple[Grant, ...]:
    """The grants of one manifest. Raises `BadGrant`, also for lines that contradict each other or lead nowhere."""
    grants = tuple(dict.fromkeys(map(parse, lines)))
    if len(grants) > MOST_GRANTS:
        raise BadGrant(f"A function may have {MOST_GRANTS} grants, not {len(grants)}")
    refuse_two([grant.name for grant in grants if isinstance(grant, FunctionGrant)], "version of `{}`")
    refuse_two(["llm" for grant in grants if isinstance(grant, ModelGrant)], "line `{}`")
    for grant in grants:
        if isinstance(grant, SecretGrant) and not any(reaches(other, grant.place) for other in grants):
            raise BadGrant(f"`{grant}` leads nowhere: no `http` grant reaches {grant.place}")
    return grants


def refuse_two(names: Sequence[str], what: str) -> None:
    """Raise `BadGrant` where a name stands twice."""
    for name in names:
        if names.count(name) > 1:
            raise BadGrant(f"The grants name more than one {what.format(name)}: keep one")


def reaches(grant: Grant, place: Place) -> bool:
    """True for an `http` grant under which some request goes to the place."""
    return isinstance(grant, HttpGrant) and any(grant.allows(method, place) for method in METHODS)


def covered(grants: Iterable[Grant], allowed: Sequence[Grant]) -> bool:
    """True where each grant is covered by one of those that are allowed."""
    return all(any(wide.covers(grant) for wide in allowed) for grant in grants)


def read_http(words: Sequence[str]) -> HttpGrant:
    """`http METHOD HOST`, perhaps with `private` at the end."""
    private = words[2:] == ["private"]
    if len(words) != 2 and not private:
        raise ValueError("it reads `http METHOD HOST`, perhaps with `private` at the end")
    method = words[0].upper()
    if method not in (*METHODS, ANY):
        raise ValueError(f"the method is one of {', '.join(METHODS)}, or {ANY} for any")
    place = read_origin(words[1], patterns=True)
    if private and (place.address is not None or place.host == "localhost"):
        raise ValueError(f"`private` adds nothing to {place.host}: leave it out")
    return HttpGrant(method=method, place=place, private=private)


def read_secret(words: Sequence[str]) -> SecretGrant:
    """`secret NAME HOST`."""
    if len(words) != 2 or not SECRET_NAME.fullmatch(words[0]):
        raise ValueError("it reads `secret NAME HOST`, the name in letters, digits and underscores")
    return SecretGrant(name=words[0], place=read_origin(words[1], patterns=False))


def read_function(words: Sequence[str]) -> FunctionGrant:
    """`function NAME VERSION`."""
    if len(words) != 2 or not re.fullmatch(NAME_PATTERN, words[0]) or not VERSION.fullmatch(words[1]):
        raise ValueError("it reads `function NAME X.Y.Z`")
    return FunctionGrant(name=words[0], version=words[1])


def read_model(words: Sequence[str]) -> ModelGrant:
    """`llm N`."""
    if len(words) != 1 or not re.fullmatch(r"[1-9][0-9]{0,3}", words[0]) or int(words[0]) > MOST_REQUESTS:
        raise ValueError(f"it reads `llm N`, with N from 1 to {MOST_REQUESTS:,}")
    return ModelGrant(requests=int(words[0]))


def read_files(words: Sequence[str]) -> FilesGrant:
    """`files in` or `files out`."""
    match words:
        case ["in" | "out" as way]:
            return FilesGrant(way=way)
        case _:
            raise ValueError("it reads `files in` or `files out`")


def read_chat(words: Sequence[str]) -> ChatGrant:
    """`chat post ROOM`, `chat upload ROOM`, `chat call ROOM`, or `chat create NAME` with the rooms' kind."""
    match words:
        case ["create", name, kind] if kind in KINDS:
            return ChatGrant(act="create", room=read_room(name, patterns=True), kind=kind)
        case [act, room] if act in ACTS and act != "create":
            return ChatGrant(act=act, room=read_room(room))
        case _:
            raise ValueError("it reads `chat post|upload|call ROOM`, or `chat create NAME private|public`")


def read_origin(text: str, *, patterns: bool) -> Place:
    """The place that a grant names: `HOST` for HTTPS on its usual port, else `http://HOST:PORT` in full."""
    scheme, marks, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if marks else ("https", text)
    if not marks and ":" in rest.rpartition("]")[2]:
        raise BadPlace(f"write a port with its scheme: https://{rest}")
    wild = rest.startswith("*.")
    if wild and not patterns:
        raise BadPlace("a secret goes to one host, not to a pattern")
    place = read_place(scheme, rest[2:] if wild else rest)
    if not wild:
        return place
    if place.address is not None or "." not in read_host(place.host):
        raise BadPlace(f"`{rest}` is too wide: a pattern names a domain of at least two labels, like *.example.org")
    return Place(scheme=place.scheme, host=f"*.{place.host}", port=place.port)


READERS: Mapping[str, Callable[[Sequence[str]], Grant]] = {
    "http": read_http,
    "function": read_function,
    "secret": read_secret,
    "llm": read_model,
    "files": read_files,
    "chat": read_chat,
}
