"""The routes of a fake GitLab server about projects: themselves, labels, hooks, uploads."""

import re

from integrations.codehost._fake_gitlab_entities import label, moment, project
from integrations.codehost._fake_gitlab_hooks import EVENTS, settings
from integrations.codehost._fake_gitlab_merging import example
from integrations.codehost._fake_gitlab_records import Document, Refused, Space, missing, new_secret, now
from integrations.codehost._fake_gitlab_rest import Call, Listing, Route, plain
from integrations.codehost._fake_gitlab_state import State
from integrations.codehost._fake_gitlab_world import DEVELOPER, GUEST, MAINTAINER, OWNER, PLANNER, Project

OPTIONS = (
    "only_allow_merge_if_pipeline_succeeds",
    "only_allow_merge_if_all_discussions_are_resolved",
    "remove_source_branch_after_merge",
    "squash_option",
)
SECRETS = ("token", "signing_token")


def _projects(call: Call) -> Listing:
    query = call.query
    part = str(query.get("search", "")).lower()
    found = [
        place
        for place in call.state.projects.values()
        if call.state.sees(call.user, place)
        and part in place.full_path.lower()
        and (not call.says("membership") or call.state.level(call.user, place) >= GUEST)
        and call.state.level(call.user, place) >= int(query.get("min_access_level", 0))
    ]
    return Listing(items=found[::-1], show=lambda place: project(call.state, place, call.user), by_id=True)


def _create(call: Call) -> Document:
    name = str(call.body.get("path") or call.body.get("name") or "")
    if not name:
        raise Refused(400, {"error": "name, path are missing, at least one parameter must be provided"})
    path = re.sub(r"[^\w.-]+", "-", name.strip()).strip("-").lower()
    wanted = call.body.get("namespace_id")
    space = next((space for space in call.state.spaces.values() if wanted == space.id), None)
    if wanted is None:
        space = call.state.spaces[call.me.username]
    if space is None:
        raise missing("Namespace")
    if not call.me.admin and _level_in(call.state, space, call.me.id) < (DEVELOPER if space.kind == "group" else OWNER):
        raise Refused(400, {"namespace": ["is not valid"]})
    full = f"{space.full_path}/{path}"
    if call.state.place(full):
        raise Refused(400, {"name": ["has already been taken"], "path": ["has already been taken"]})
    empty = not call.says("initialize_with_readme")
    made = Project(path=full, visibility=call.body.get("visibility", "private"), empty=empty,
                   default_branch=call.body.get("default_branch", "main"))  # fmt: skip
    place = call.state.open_project(made, call.me)
    place.description = call.body.get("description") or ""
    place.members.setdefault(call.me.id, OWNER)
    return project(call.state, place, call.me)


def _level_in(state: State, space: Space, user: int) -> int:
    parts = space.full_path.split("/")
    spaces = [state.spaces["/".join(parts[:count])] for count in range(1, len(parts) + 1)]
    return max(one.members.get(user, 0) for one in spaces)


def _change(call: Call) -> Document:
    place = call.project(MAINTAINER)
    place.options |= {name: call.body[name] for name in OPTIONS if name in call.body}
    for name in ("description", "default_branch", "merge_method", "visibility"):
        if name in call.body:
            setattr(place, name, call.body[name])
    return project(call.state, place, call.me)


def _delete(call: Call) -> Document:
    place = call.project(OWNER)
    del call.state.projects[place.id]
    return {"message": "202 Accepted"}


def _labels(call: Call) -> Listing:
    place = call.project()
    part = str(call.query.get("search", "")).lower()
    found = sorted((one for name, one in place.labels.items() if part in name.lower()), key=lambda one: one["name"])
    return Listing(items=found, show=lambda one: label(place, one))


def _create_label(call: Call) -> Document:
    place = call.project(PLANNER)
    name, color = str(call.need("name")), str(call.need("color"))
    if name in place.labels:
        raise Refused(409, "Label already exists")
    if not re.fullmatch(r"#[0-9a-fA-F]{3,6}|[a-z]+", color):
        raise Refused(400, {"color": ["must be a valid color code"]})
    return label(place, call.state.label(place, name, color, call.body.get("description") or ""))


def _label(call: Call) -> Document:
    wanted = call.place.get("name") or str(call.need("name"))
    for name, found in call.project().labels.items():
        if wanted in (name, str(found["id"])):
            return found
    raise missing("Label")


def _change_label(call: Call) -> Document:
    place, found = call.project(PLANNER), _label(call)
    found |= {name: call.body[name] for name in ("color", "description") if name in call.body}
    return label(place, found)


def _remove_label(call: Call) -> None:
    place, name = call.project(PLANNER), _label(call)["name"]
    del place.labels[name]
    for item in (*place.issues.values(), *place.merge_requests.values()):
        item.labels = [one for one in item.labels if one != name]


# Hooks.


def _shown(call: Call, hook: Document) -> Document:
    """A hook: what it is secured with is never told."""
    known = {name: value for name, value in hook.items() if name not in (*SECRETS, "uuid")}
    return known | {"project_id": call.project().id, "created_at": moment(now())}


def _hook(call: Call) -> Document:
    found = call.project(MAINTAINER).hooks.get(call.number("hook_id"))
    if found is None:
        raise Refused(404, "404 Not found")
    return found


def _valid(url: object) -> None:
    if not re.match(r"https?://[^/\s]+", str(url)):
        raise Refused(422, {"error": "Invalid url given"})


def _create_hook(call: Call) -> Document:
    place = call.project(MAINTAINER)
    _valid(call.need("url"))
    hook = settings(call.state, call.body)
    if not call.state.signing:
        hook["signing_token"] = None
    place.hooks[hook["id"]] = hook
    return _shown(call, hook)


def _change_hook(call: Call) -> Document:
    hook = _hook(call)
    _valid(call.body.get("url", hook["url"]))
    names = {"url", "name", "description", "enable_ssl_verification", *EVENTS.values(), *SECRETS}
    hook |= {name: value for name, value in call.body.items() if name in names}
    return _shown(call, hook)


def _remove_hook(call: Call) -> None:
    del call.project(MAINTAINER).hooks[_hook(call)["id"]]


def _test_hook(call: Call) -> Document:
    place, hook = call.project(MAINTAINER), _hook(call)
    event, payload = example(call.state, call.me, place, call.place["trigger"])
    call.state.deliver(hook, event, payload)
    return {"message": "201 Created"}


# Uploads.


def _upload(call: Call) -> Document:
    place = call.project(GUEST)
    if call.file is None:
        raise Refused(400, {"error": "file is missing"})
    name = re.sub(r"[^\w.-]", "_", call.file[0]) or "file"
    secret = new_secret()
    place.uploads[secret, name] = call.file[1]
    url = f"/uploads/{secret}/{name}"
    picture = "!" if name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp")) else ""
    return {
        "id": call.state.next("upload"),
        "alt": name.rpartition(".")[0] or name,
        "url": url,
        "full_path": f"/-/project/{place.id}{url}",
        "markdown": f"{picture}[{name}]({url})",
    }


def _file(call: Call) -> object:
    found = call.project(GUEST).uploads.get((call.place["secret"], call.place["filename"]))
    if found is None:
        raise Refused(404, "404 Not found")
    response = plain("")
    response.body = found
    response.headers["content-type"] = "application/octet-stream"
    response.headers["content-length"] = str(len(found))
    return response


PROJECTS = {
    ("GET", "projects"): Route(run=_projects, open=True),
    ("POST", "projects"): Route(run=_create, status=201),
    ("GET", "projects/:id"): Route(run=lambda call: project(call.state, call.project(), call.user), open=True),
    ("PUT", "projects/:id"): Route(run=_change),
    ("DELETE", "projects/:id"): Route(run=_delete, status=202),
    ("GET", "projects/:id/labels"): Route(run=_labels, open=True),
    ("POST", "projects/:id/labels"): Route(run=_create_label, status=201),
    ("GET", "projects/:id/labels/:name"): Route(run=lambda call: label(call.project(), _label(call)), open=True),
    ("PUT", "projects/:id/labels"): Route(run=_change_label),  # so does python-gitlab
    ("PUT", "projects/:id/labels/:name"): Route(run=_change_label),
    ("DELETE", "projects/:id/labels/:name"): Route(run=_remove_label, status=204),
    ("GET", "projects/:id/hooks"): Route(
        run=lambda call: Listing(
            items=list(call.project(MAINTAINER).hooks.values()), show=lambda hook: _shown(call, hook)
        )
    ),
    ("POST", "projects/:id/hooks"): Route(run=_create_hook, status=201),
    ("GET", "projects/:id/hooks/:hook_id"): Route(run=lambda call: _shown(call, _hook(call))),
    ("PUT", "projects/:id/hooks/:hook_id"): Route(run=_change_hook),
    ("DELETE", "projects/:id/hooks/:hook_id"): Route(run=_remove_hook, status=204),
    ("POST", "projects/:id/hooks/:hook_id/test/:trigger"): Route(run=_test_hook, status=201),
    ("POST", "projects/:id/uploads"): Route(run=_upload, status=201),
    ("GET", "projects/:id/uploads/:secret/:filename"): Route(run=_file),
}
