"""What the server says of people and rooms, asked when it is needed and kept for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.errors import ChannelRefused
from agent.talking.channel import Person
from integrations.chat._rocketchat_rest import Rest, is_final
from integrations.kept import Kept
from integrations.reading import listed, text_in

MINUTE_S, HOUR_S = 60.0, 3600.0


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody with an account."""

    person: Person
    roles: frozenset[str] | None
    """On the server; None where we may not see them."""
    is_bot: bool


@dataclass(frozen=True, kw_only=True)
class Room:
    """A channel (`c`), a private group (`p`), or direct messages (`d`)."""

    id: str
    name: str
    type: str
    is_direct: bool
    """True for direct messages of two."""
    is_ours: bool
    """True where we are a member."""


class Known:
    """Safe to use from several threads. What asks the server raises a `ChannelError`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._us: User | None = None
        self._users: Kept[User] = Kept()
        self._rooms: Kept[Room] = Kept()
        self._public_roles: Kept[Mapping[str, frozenset[str]]] = Kept()
        self._room_roles: Kept[Mapping[str, frozenset[str]]] = Kept()

    def us(self) -> User:
        """Our account, as it was when it was first asked for."""
        if self._us is None:
            self._us = _user(self._rest.get("me"))
        return self._us

    def user(self, user_id: str, most_s: float) -> User:
        """Somebody by their id."""
        return self._users.get(user_id, most_s, lambda: _user(self._rest.get("users.info", userId=user_id).get("user")))

    def named(self, name: str, most_s: float = MINUTE_S) -> User:
        """Somebody by the name that they have now."""
        return self._users.get(
            f"@{name}", most_s, lambda: _user(self._rest.get("users.info", username=name).get("user"))
        )

    def roles(self, user_id: str) -> frozenset[str]:
        """Somebody's roles on the server, at most a minute old: those that we may see.

        Where the account lacks the permission view-full-other-user-info these are the roles with a description.
        """
        user = self.user(user_id, MINUTE_S)
        if user.roles is not None:
            return user.roles
        public = self._public_roles.get("", MINUTE_S, lambda: _public(self._rest.get("roles.getUsersInPublicRoles")))
        return public.get(user_id, frozenset())

    def room(self, room_id: str, most_s: float = HOUR_S) -> Room:
        """A room by its id."""

        def ask() -> Room:
            found = self._rest.get("rooms.info", roomId=room_id).get("room")
            own = self._rest.get("subscriptions.getOne", roomId=room_id).get("subscription")
            return _room(found, is_ours=bool(own))

        return self._rooms.get(room_id, most_s, ask)

    def room_named(self, name: str) -> Room:
        """A room by its id, or else by its name: nobody can give a room the id of another."""
        plain = name.removeprefix("#")
        try:
            return _room(self._rest.get("rooms.info", roomId=plain).get("room"), is_ours=True)
        except ChannelRefused as error:
            if not is_final(error):
                raise
        return _room(self._rest.get("rooms.info", roomName=plain).get("room"), is_ours=True)

    def learn(self, room: object) -> Room:
        """What the server says of a room in which we are."""
        found = _room(room, is_ours=True)
        return self._rooms.put(found.id, found)

    def room_roles(self, room: Room) -> Mapping[str, frozenset[str]]:
        """Who has which roles in the room, by the ids of people; at most a minute old."""
        if room.type not in ("c", "p"):
            return {}
        route = "channels.roles" if room.type == "c" else "groups.roles"
        return self._room_roles.get(room.id, MINUTE_S, lambda: _roles(self._rest.get(route, roomId=room.id)))


def _user(found: object) -> User:
    if not isinstance(found, Mapping) or not text_in(found, "_id"):
        raise ChannelRefused("The chat server knows nobody of that name", is_theirs=True)
    seen = _names(found) if isinstance(found.get("roles"), list) else None
    is_bot = found.get("type") in ("bot", "app") or "bot" in (seen or ()) or "app" in (seen or ())
    return User(person=Person(id=text_in(found, "_id"), name=text_in(found, "username")), roles=seen, is_bot=is_bot)


def _room(found: object, *, is_ours: bool) -> Room:
    if not isinstance(found, Mapping) or not text_in(found, "_id"):
        raise ChannelRefused("The chat server shows us no such room", is_theirs=True)
    people: Any = found.get("uids") or found.get("usernames")
    count = len(people) if isinstance(people, list) else found.get("usersCount")
    return Room(
        id=text_in(found, "_id"),
        name=text_in(found, "name") or text_in(found, "fname"),
        type=text_in(found, "t"),
        is_direct=text_in(found, "t") == "d" and count == 2,
        is_ours=is_ours,
    )


def _public(reply: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    return {text_in(row, "_id"): _names(row) for row in listed(reply, "users")}


def _roles(reply: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    return {text_in(row.get("u"), "_id"): _names(row) for row in listed(reply, "roles") if isinstance(row, Mapping)}


def _names(row: object) -> frozenset[str]:
    return frozenset(map(str, listed(row, "roles")))
