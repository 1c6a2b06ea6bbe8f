"""The routes of a fake GitLab server about itself, people, groups and members."""

from typing import Any

from integrations.codehost._fake_gitlab_entities import member, moment, myself, namespace, person, token
from integrations.codehost._fake_gitlab_records import Account, Document, Refused, Space, missing
from integrations.codehost._fake_gitlab_rest import Call, Listing, Route
from integrations.codehost._fake_gitlab_world import GUEST, MAINTAINER


def _version(call: Call) -> Document:
    return {
        "version": call.state.version,
        "revision": "0123456789a",
        "kas": {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None},
        "enterprise": call.state.version.endswith("-ee"),
    }


def _own_token(call: Call) -> Document:
    me = call.me
    if call.token is None:
        raise Refused(401, "401 Unauthorized")
    return token(me, call.token)


def _users(call: Call) -> Listing:
    name = call.query.get("username")
    part = str(call.query.get("search", "")).lower()
    found = [
        user
        for user in call.state.users.values()
        if (name is None or user.username.lower() == str(name).lower())
        and (part in user.username.lower() or part in user.name.lower())
    ]
    return Listing(items=found[::-1], show=lambda user: person(call.state, user), by_id=True)


def _user(call: Call) -> Document:
    found = call.state.users.get(call.number("id"))
    if found is None:
        raise missing("User")
    return person(call.state, found) | {"bot": found.bot, "created_at": moment(found.created_at), "bio": ""}


def _members(call: Call, levels: dict[int, int]) -> Listing:
    part = str(call.query.get("query", "")).lower()
    found = [call.state.users[id] for id in levels if part in call.state.users[id].username.lower()]
    return Listing(items=found, show=lambda user: member(call.state, user, levels[user.id]))


def _member(call: Call, levels: dict[int, int]) -> Document:
    id = call.number("user_id")
    if id not in levels:
        raise Refused(404, "404 Not found")
    return member(call.state, call.state.users[id], levels[id])


def _add_member(call: Call) -> Document:
    place = call.project(MAINTAINER)
    level = int(call.need("access_level"))
    user = call.state.known(int(call.body["user_id"]) if "user_id" in call.body else str(call.need("username")))
    if user.id in place.members:
        raise Refused(409, "Member already exists")
    place.members[user.id] = level
    return member(call.state, user, level)


def _edit_member(call: Call) -> Document:
    place = call.project(MAINTAINER)
    if call.number("user_id") not in place.members:
        raise Refused(404, "404 Not found")
    place.members[call.number("user_id")] = int(call.need("access_level"))
    return _member(call, place.members)


def _remove_member(call: Call) -> None:
    place = call.project(MAINTAINER)
    if place.members.pop(call.number("user_id"), None) is None:
        raise Refused(404, "404 Not found")


def _space(call: Call) -> Space:
    """The group or namespace of the path, by its id or its full path. Raises `Refused`."""
    wanted = call.place["id"]
    for space in call.state.spaces.values():
        if wanted in (space.full_path, str(space.id)) and _sees(call, space):
            return space
    raise missing("Group")


def _sees(call: Call, space: Space) -> bool:
    if space.visibility != "private" or (call.user and call.user.admin):
        return True
    return call.user is not None and _levels(call, space).get(call.user.id, 0) >= GUEST


def _levels(call: Call, space: Space) -> dict[int, int]:
    """Access levels in a group, those inherited from the groups around it, too."""
    parts = space.full_path.split("/")
    found: dict[int, int] = {}
    for count in range(len(parts), 0, -1):
        for user, level in call.state.spaces["/".join(parts[:count])].members.items():
            found[user] = max(level, found.get(user, 0))
    return found


def _group(call: Call) -> Document:
    space = _space(call)
    if space.kind != "group":
        raise missing("Group")
    return _shown_group(call, space)


def _shown_group(call: Call, space: Space) -> Document:
    return namespace(call.state, space) | {
        "full_name": " / ".join(space.full_path.split("/")),
        "visibility": space.visibility,
        "description": "",
    }


def _groups(call: Call) -> Listing:
    found = [space for space in call.state.spaces.values() if space.kind == "group" and _sees(call, space)]
    return Listing(items=found, show=lambda space: _shown_group(call, space))


def _users_of(call: Call) -> Listing:
    people: list[Account] = [call.state.users[id] for id in call.state.members(call.project())]
    return Listing(items=people, show=lambda user: person(call.state, user))


def _project_members(call: Call) -> dict[int, int]:
    return call.state.members(call.project())


PEOPLE: dict[tuple[str, str], Any] = {
    ("GET", "version"): Route(run=_version),
    ("GET", "metadata"): Route(run=_version),
    ("GET", "user"): Route(run=lambda call: myself(call.state, call.me)),
    ("GET", "users"): Route(run=_users),
    ("GET", "users/:id"): Route(run=_user),
    ("GET", "personal_access_tokens/self"): Route(run=_own_token),
    ("GET", "groups"): Route(run=_groups),
    ("GET", "groups/:id"): Route(run=_group),
    ("GET", "groups/:id/members"): Route(run=lambda call: _members(call, _space(call).members)),
    ("GET", "groups/:id/members/all"): Route(run=lambda call: _members(call, _levels(call, _space(call)))),
    ("GET", "groups/:id/members/all/:user_id"): Route(run=lambda call: _member(call, _levels(call, _space(call)))),
    ("GET", "namespaces/:id"): Route(run=lambda call: namespace(call.state, _space(call))),
    ("GET", "projects/:id/users"): Route(run=_users_of),
    ("GET", "projects/:id/members"): Route(run=lambda call: _members(call, call.project().members)),
    ("POST", "projects/:id/members"): Route(run=_add_member, status=201),
    ("GET", "projects/:id/members/all"): Route(run=lambda call: _members(call, _project_members(call))),
    ("GET", "projects/:id/members/:user_id"): Route(run=lambda call: _member(call, call.project().members)),
    ("PUT", "projects/:id/members/:user_id"): Route(run=_edit_member),
    ("DELETE", "projects/:id/members/:user_id"): Route(run=_remove_member, status=204),
    ("GET", "projects/:id/members/all/:user_id"): Route(run=lambda call: _member(call, _project_members(call))),
}
