"""What a fake Rocket.Chat server begins with: people, rooms, and who may do what there."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class User(BaseModel):
    """An account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str
    name: str = ""
    """For people; the username where it is empty."""
    roles: tuple[str, ...] = ("user",)
    password: str = ""
    """Empty: nobody logs in by password."""
    totp: str = ""
    """The secret of the second factor, in base32; empty where there is none."""
    token: str = ""
    """A personal access token that is there from the start."""
    id: str = ""
    """Made from the username where it is empty."""


class Room(BaseModel):
    """A channel (`c`), a private group (`p`) or the direct room of its members (`d`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    """Of a direct room: empty."""
    type: Literal["c", "p", "d"] = "c"
    members: tuple[str, ...] = ()
    """Their usernames; the first one owns the room."""
    roles: dict[str, tuple[str, ...]] = {}
    """What a member is in this room: owner, moderator, leader, or a role of yours."""
    id: str = ""


class World(BaseModel):
    """All of it, as a script for the command says it in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: tuple[User, ...] = (
        User(username="kowal", roles=("bot", "user"), password="secret", token="kowal-token"),  # noqa: S106 - of a fake
        User(username="ann", name="Ann Nowak", roles=("admin", "user"), password="secret", token="ann-token"),  # noqa: S106
        User(username="bob", name="Bob Lis", password="secret", token="bob-token"),  # noqa: S106
    )
    rooms: tuple[Room, ...] = (Room(name="general", id="GENERAL", members=("ann", "bob", "kowal")),)
    roles: dict[str, str] = {"admin": "Admin"}
    """Descriptions of roles: who has a role with one is shown to everybody, of others the server says nothing."""
    version: str = "8.8.1"
    """Of 7, errors have other words."""
    permissions: dict[str, tuple[str, ...]] = {}
    """The roles that have a permission, where they differ from a new server's."""


PERMISSIONS: dict[str, tuple[str, ...]] = {
    "access-permissions": ("admin",),
    "add-user-to-joined-room": ("admin", "owner", "moderator"),
    "api-bypass-rate-limit": ("admin", "bot", "app"),
    "call-management": ("admin", "owner", "moderator", "user"),
    "create-c": ("admin", "user", "bot", "app"),
    "create-d": ("admin", "user", "bot", "app"),
    "create-p": ("admin", "user", "bot", "app"),
    "create-personal-access-tokens": ("admin", "user"),
    "edit-message": ("admin", "owner", "moderator"),
    "manage-outgoing-integrations": ("admin",),
    "manage-own-outgoing-integrations": ("admin",),
    "mention-all": ("admin", "owner", "moderator", "user"),
    "mention-here": ("admin", "owner", "moderator", "user"),
    "message-impersonate": ("bot", "app"),
    "view-c-room": ("admin", "user", "bot", "app", "anonymous"),
    "view-full-other-user-info": ("admin",),
    "view-other-user-channels": ("admin",),
    "view-joined-room": ("guest", "bot", "app", "anonymous"),
}
"""Of those that matter here, what a new server gives to whom (authorization/server/constant/permissions.ts)."""
