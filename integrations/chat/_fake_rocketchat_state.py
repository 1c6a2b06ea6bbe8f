"""What a fake Rocket.Chat server knows: accounts, rooms, subscriptions, messages, files; as its database has them."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.chat._fake_rocketchat_world import PERMISSIONS, User, World

LETTERS = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
Document = dict[str, Any]
"""Dates are `datetime`s with a zone until they leave."""


class Refused(Exception):
    """The request gets an error, as the server words it."""

    def __init__(self, kind: str, reason: str = "", *, status: int = 400) -> None:
        super().__init__(f"{reason} [{kind}]" if reason else kind)
        self.kind = kind
        """The code, such as `error-room-not-found`."""
        self.reason = reason
        self.status = status
        self.before_8: Document = {}
        """The body of a server of 7, where it is another one."""


@dataclass(kw_only=True)
class Token:
    """What lets somebody in."""

    personal: bool
    """A personal access token; else one of a login."""
    name: str = ""
    skips_second_factor: bool = False


@dataclass(kw_only=True)
class Account:
    """Somebody, or a bot."""

    id: str
    username: str
    name: str
    roles: list[str]
    password: str
    totp: str
    created_at: datetime
    tokens: dict[str, Token] = field(default_factory=dict)

    @property
    def small(self) -> Document:
        """As documents name who did something."""
        return {"_id": self.id, "username": self.username, "name": self.name}


@dataclass(kw_only=True)
class Upload:
    """A file, posted or not yet."""

    id: str
    name: str
    kind: str
    data: bytes
    room: str
    user: str
    description: str = ""


def new_id() -> str:
    """As Meteor makes them: 17 letters and digits."""
    return "".join(secrets.choice(LETTERS) for _ in range(17))


def id_of(word: str) -> str:
    """One that follows from a word, of the same form."""
    number = int.from_bytes(hashlib.sha256(word.encode()).digest())
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(17))


def now() -> datetime:
    """The server's clock, which counts milliseconds."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class State:
    """All of it. Whoever reads or changes it holds `lock`."""

    def __init__(self, world: World) -> None:
        self.lock = threading.RLock()
        self.permissions = PERMISSIONS | world.permissions
        self.roles = world.roles
        self.version = world.version
        self.users: dict[str, Account] = {}
        self.rooms: dict[str, Document] = {}
        self.subscriptions: dict[tuple[str, str], Document] = {}
        """By room and user."""
        self.messages: dict[str, Document] = {}
        """In the order in which they were written."""
        self.deleted: dict[str, Document] = {}
        self.uploads: dict[str, Upload] = {}
        self.calls: dict[str, Document] = {}
        self.integrations: dict[str, Document] = {}
        self.site_url = ""
        self.on_message: list[Callable[[Document], None]] = []
        """Told of each message that is new or changed, under the lock."""
        self.on_revoked: list[Callable[[str], None]] = []
        for user in world.users:
            self._enrol(user)
        for room in world.rooms:
            self.open_room(room.type, room.name, room.members, roles=room.roles, id=room.id)

    def _enrol(self, user: User) -> None:
        account = Account(
            id=user.id or id_of(user.username),
            username=user.username,
            name=user.name or user.username,
            roles=list(user.roles),
            password=user.password,
            totp=user.totp,
            created_at=now(),
        )
        if user.token:
            account.tokens[user.token] = Token(personal=True, name="script")
        self.users[account.id] = account

    def user(self, name_or_id: str) -> Account | None:
        """The account of that id or username."""
        found = self.users.get(name_or_id)
        return found or next((user for user in self.users.values() if user.username == name_or_id), None)

    def known(self, name_or_id: str) -> Account:
        """The same. Raises `Refused` where there is none."""
        if (found := self.user(name_or_id)) is None:
            raise Refused("error-invalid-user", "Invalid user")
        return found

    def by_token(self, token: str) -> Account | None:
        """Whose token it is."""
        return next((user for user in self.users.values() if token in user.tokens), None)

    def may(self, user: Account, permission: str, room: str = "") -> bool:
        """Whether one of the roles, on the server or in the room, has the permission."""
        here = self.subscriptions.get((room, user.id), {}).get("roles", [])
        return bool({*user.roles, *here} & set(self.permissions.get(permission, ())))

    def room(self, name_or_id: str) -> Document | None:
        """The room of that id or name."""
        found = self.rooms.get(name_or_id)
        return found or next((room for room in self.rooms.values() if room.get("name") == name_or_id), None)

    def members(self, room: str) -> list[Account]:
        """Those who are in the room, in the order in which they came."""
        return [self.users[user] for where, user in self.subscriptions if where == room]

    def reaches(self, user: Account, room: Document) -> bool:
        """Whether the user sees what is said there: public channels without being a member, too."""
        return (room["_id"], user.id) in self.subscriptions or (room["t"] == "c" and self.may(user, "view-c-room"))

    def open_room(
        self,
        kind: str,
        name: str,
        members: tuple[str, ...],
        *,
        roles: dict[str, tuple[str, ...]] | None = None,
        id: str = "",
    ) -> Document:
        """A new room; the same one again for the same people's direct room. The first member owns it."""
        people = [self.known(member) for member in members]
        if kind == "d":
            id = id or "".join(sorted(user.id for user in people))
            if id in self.rooms:
                return self.rooms[id]
        owner = people[0].small if people else {"_id": "rocket.cat", "username": "rocket.cat"}
        at = now()
        room: Document = {
            "_id": id or new_id(),
            "t": kind,
            "msgs": 0,
            "u": owner,
            "usersCount": 0,
            "ts": at,
            "_updatedAt": at,
            "ro": False,
            "default": False,
            "sysMes": True,
        }
        if kind == "d":
            room |= {"usernames": [user.username for user in people], "uids": [user.id for user in people]}
        else:
            room |= {"name": name, "fname": name}
        self.rooms[room["_id"]] = room
        for user in people:
            given = list((roles or {}).get(user.username, ()))
            if kind != "d" and user is people[0] and not given:
                given = ["owner"]
            self.join(room, user, given)
        return room

    def join(self, room: Document, user: Account, roles: list[str]) -> None:
        """Make somebody a member."""
        at = now()
        others = [name for name in room.get("usernames", []) if name != user.username]
        name = room.get("name") or ", ".join(others) or user.username
        document: Document = {
            "_id": new_id(),
            "rid": room["_id"],
            "u": user.small,
            "t": room["t"],
            "open": True,
            "alert": False,
            "unread": 0,
            "userMentions": 0,
            "groupMentions": 0,
            "ts": at,
            "ls": at,
            "name": name,
            "fname": name,
            "_updatedAt": at,
        }
        self.subscriptions[room["_id"], user.id] = document | ({"roles": roles} if roles else {})
        room["usersCount"] += 1
        room["_updatedAt"] = at

    def revoke(self, token: str) -> None:
        """Let nobody in by it any more; whoever came in by it is shown out."""
        for user in self.users.values():
            user.tokens.pop(token, None)
        for tell in self.on_revoked:
            tell(token)
