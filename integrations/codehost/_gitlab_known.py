"""What GitLab says of people and projects, asked when it is needed and kept for a while."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agent.errors import ChannelRefused
from agent.talking.channel import Person
from integrations.codehost._gitlab_reading import LEVELS, number_in
from integrations.codehost._gitlab_rest import Rest, Row, is_final, part
from integrations.kept import Kept
from integrations.reading import text_in

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
BOT = re.compile(r"(?:project|group)_\d+_bot(?:_\w+)?|(?:alert|support|security|migration|duo)-?bot|ghost", re.I)
"""How GitLab calls accounts behind which nobody sits."""


class Known:
    """Safe to use from several threads. What asks the server raises a `ChannelError`."""

    def __init__(self, rest: Rest, named: Sequence[str] = ()) -> None:
        self._rest, self._named = rest, named
        self._us: Person | None = None
        self._paths: Kept[str] = Kept()
        self._bots: Kept[bool] = Kept()
        self._roles: Kept[frozenset[str]] = Kept()
        self._tokens: Kept[Row] = Kept()

    def us(self) -> Person:
        """Our account, as it was when it was first asked for."""
        if self._us is None:
            self._us = person(self._rest.get("user"))
        return self._us

    def token(self) -> Row:
        """What the server says of our token, a day old at most; nothing where it says nothing of such ones."""

        def ask() -> Row:
            try:
                return self._rest.get("personal_access_tokens/self")
            except ChannelRefused as error:
                if not is_final(error):
                    raise
                return {}

        return self._tokens.get("", DAY_S, ask)

    def expires_at(self) -> datetime | None:
        """When our token ends: at the beginning of the day (UTC) that the server names."""
        try:
            found = datetime.fromisoformat(text_in(self.token(), "expires_at"))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def project(self, name: str) -> Row:
        """A project by its path or id."""
        return self._rest.get(f"projects/{part(name)}")

    def path(self, room: str) -> str:
        """The path of the project of that id, an hour old at most."""
        return self._paths.get(room, HOUR_S, lambda: text_in(self.project(room), "path_with_namespace"))

    def learn(self, room: str, path: str) -> None:
        """Keep the path that the server told with something else."""
        if path:
            self._paths.put(room, path)

    def covers(self, room: str, path: str) -> bool:
        """Whether the project is one of those that the settings name, or below one of their groups."""
        if not self._named:
            return True
        plain = f"{path}/".casefold()
        return any(name == room or plain.startswith(f"{self._path_of(name)}/".casefold()) for name in self._named)

    def _path_of(self, name: str) -> str:
        """The path of what the settings name: a number is a project's, or else a group's."""

        def ask() -> str:
            for path, key in ((f"projects/{name}", "path_with_namespace"), (f"groups/{name}", "full_path")):
                try:
                    return text_in(self._rest.get(path), key) or "-"
                except ChannelRefused as error:
                    if not is_final(error):
                        raise
            return "-"  # nothing is called so

        return self._paths.get(f"named {name}", HOUR_S, ask) if name.isdecimal() else name

    def is_bot(self, who: Person) -> bool:
        """Whether nobody sits behind the account."""

        def ask() -> bool:
            try:
                return self._rest.get(f"users/{part(who.id)}").get("bot") is True
            except ChannelRefused as error:
                if not is_final(error):
                    raise
                return False  # somebody who is gone

        return BOT.fullmatch(who.name) is not None or self._bots.get(who.id, HOUR_S, ask)

    def roles(self, who: Person, room: str) -> frozenset[str]:
        """Every role up to somebody's own in the project, a minute old at most."""

        def ask() -> frozenset[str]:
            try:
                found = self._rest.get(f"projects/{part(room)}/members/all/{part(who.id)}")
            except ChannelRefused as error:
                if not is_final(error) or error.facts.get("status") != 404:
                    raise
                return frozenset()
            return roles_of(found)

        return self._roles.get(f"{room} {who.id}", MINUTE_S, ask)


def roles_of(member: Row) -> frozenset[str]:
    """The roles of a member; none of one who is blocked, waits to be let in, or whose time is over."""
    if text_in(member, "state") not in ("", "active") or text_in(member, "membership_state") not in ("", "active"):
        return frozenset()
    ends: Any = text_in(member, "expires_at")
    if ends and ends[:10] <= datetime.now(UTC).date().isoformat():
        return frozenset()
    level = number_in(member, "access_level")
    return frozenset(name for name, least in LEVELS.items() if least <= level)


def person(row: Row) -> Person:
    """Somebody with an account."""
    if not number_in(row, "id") or not text_in(row, "username"):
        raise ChannelRefused("GitLab does not say who that is")
    return Person(id=str(number_in(row, "id")), name=text_in(row, "username"))
