"""The routes of a fake GitLab server about repositories: branches, commits, files, trees, tags, protected branches."""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from integrations.codehost import _fake_gitlab_git as git
from integrations.codehost import _fake_gitlab_merging as merging
from integrations.codehost._fake_gitlab_code_entities import pipeline_basic
from integrations.codehost._fake_gitlab_records import Document, Place, Refused, forbidden, missing
from integrations.codehost._fake_gitlab_rest import Call, Listing, Route
from integrations.codehost._fake_gitlab_world import DEVELOPER, REPORTER


def _code(call: Call) -> Place:
    """The project, for who may read its code. Raises `Refused`."""
    place = call.project()
    if place.visibility == "private" and call.state.level(call.user, place) < REPORTER:
        raise forbidden()
    return place


def _commit_of(place: Place, ref: str) -> str:
    """The commit of a branch, tag or hash. Raises `Refused`."""
    if (found := git.resolve(place, ref)) is None:
        raise missing("Commit")
    return found


# Branches.


def _branch(call: Call, place: Place, name: str, sha: str) -> Document:
    rules = merging.rules(place, name)
    default = git.branch_head(place, place.default_branch)
    merged = default is not None and name != place.default_branch and git.is_above(place, sha, default)
    return {
        "name": name,
        "commit": _shown(call, place, git.log(place, "-1", sha)[0]),
        "merged": merged,
        "protected": bool(rules),
        "developers_can_push": any(rule.push == DEVELOPER for rule in rules),
        "developers_can_merge": any(rule.merge == DEVELOPER for rule in rules),
        "can_push": call.user is not None and merging.may_push(call.state, call.user, place, name),
        "default": name == place.default_branch,
        "web_url": f"{call.state.url}/{place.full_path}/-/tree/{quote(name)}",
    }


def _branches(call: Call) -> Listing:
    place, query = _code(call), call.query
    search = str(query.get("search", "")).lower()
    part = search.strip("^$")
    found = [
        (name, sha)
        for name, sha in git.refs(place, "heads").items()
        if (name.lower().startswith(part) if search.startswith("^") else part in name.lower())
        and (not search.endswith("$") or name.lower().endswith(part))
        and re.search(str(query.get("regex", "")), name)
    ]
    return Listing(items=found, show=lambda one: _branch(call, place, *one))


def _head(place: Place, name: str) -> str:
    """The commit of a branch. Raises `Refused`."""
    if (found := git.branch_head(place, name)) is None:
        raise missing("Branch")
    return found


def _one_branch(call: Call) -> Document:
    place = _code(call)
    return _branch(call, place, call.place["branch"], _head(place, call.place["branch"]))


def _create_branch(call: Call) -> Document:
    place = call.project(DEVELOPER)
    name, ref = str(call.need("branch")), str(call.need("ref"))
    if git.branch_head(place, name):
        raise Refused(400, "Branch already exists")
    if not re.fullmatch(r"(?![-/.])(?!.*(?:\.\.|//|@\{))[^\s~^:?*\[\\]+(?<![/.])", name) or name.endswith(".lock"):
        raise Refused(400, "Branch name is invalid")
    if (sha := git.resolve(place, ref)) is None:
        raise Refused(400, "Invalid reference name: " + ref)
    merging.write(call.state, call.me, place, name, sha, git.NONE)
    return _branch(call, place, name, sha)


def _delete_branch(call: Call) -> None:
    place = call.project(DEVELOPER)
    name = call.place["branch"]
    head = _head(place, name)
    if name == place.default_branch:
        raise Refused(405, "Cannot remove HEAD branch")
    if merging.rules(place, name):
        raise Refused(405, "Protected branch cannot be removed")
    merging.put(call.state, call.me, place, name, git.NONE, head)


# Commits.


def _shown(call: Call, place: Place, found: Document) -> Document:
    return found | {"web_url": f"{call.state.url}/{place.full_path}/-/commit/{found['id']}"}


def _commits(call: Call) -> Listing:
    place, query = _code(call), call.query
    start = str(query.get("ref_name") or place.default_branch)
    if ".." not in start:
        start = _commit_of(place, start)
    options = [f"--{name}={query[name]}" for name in ("since", "until") if name in query]
    options += ["--first-parent"] if call.says("first_parent") else []
    options += ["--all"] if call.says("all") else []
    path = ["--", str(query["path"])] if "path" in query else []
    return Listing(items=git.log(place, *options, start, *path), show=lambda one: _shown(call, place, one))


def _detail(call: Call, place: Place, sha: str) -> Document:
    numbers = git.git(place.repository, "log", "-1", "--numstat", "--format=", "-m", "--first-parent", sha)
    counts = [line.split("\t")[:2] for line in numbers.splitlines() if line]
    plus, minus = (sum(int(pair[side]) for pair in counts if pair[side].isdecimal()) for side in (0, 1))
    runs = [run for run in place.pipelines.values() if run.sha == sha]
    return _shown(call, place, git.log(place, "-1", sha)[0]) | {
        "stats": {"additions": plus, "deletions": minus, "total": plus + minus},
        "status": runs[-1].status if runs else None,
        "project_id": place.id,
        "last_pipeline": pipeline_basic(call.state, place, runs[-1]) if runs else None,
    }


def _commit(call: Call) -> Document:
    place = _code(call)
    return _detail(call, place, _commit_of(place, call.place["sha"]))


def _start(call: Call, place: Place, branch: str) -> tuple[str | None, str]:
    """The parent of a commit to a branch, and where that branch is now. Raises `Refused`."""
    head = git.branch_head(place, branch)
    given = call.body.get("start_branch") or call.body.get("start_sha")
    if head is None and given is None and git.refs(place, "heads"):
        raise Refused(400, "You can only create or edit files when you are on a branch")
    if head is not None and given is not None and not call.says("force"):
        raise Refused(400, f"A branch called '{branch}' already exists. Switch to that branch in order to make changes")
    parent = head if given is None else git.resolve(place, str(given))
    if given is not None and parent is None:
        raise Refused(400, f"Cannot find start_branch '{given}'")
    return parent, head or git.NONE


def _write(call: Call, place: Place, branch: str, changes: list[git.Change]) -> str:
    """A commit of these changes on a branch; its hash. Raises `Refused`."""
    if not merging.may_push(call.state, call.me, place, branch):
        raise Refused(403, "403 Forbidden - You are not allowed to push into this branch")
    parent, old = _start(call, place, branch)
    text = str(call.need("commit_message"))
    names = {"name": call.body.get("author_name") or "", "email": call.body.get("author_email") or ""}
    sha = git.commit(place, call.me, parent, text, changes, **names)
    merging.put(call.state, call.me, place, branch, sha, old)
    return sha


def _content(given: Document) -> bytes:
    """A file's bytes, out of its text or base64. Raises `Refused`."""
    text = str(given.get("content") or "")
    try:
        return base64.b64decode(text, validate=True) if given.get("encoding") == "base64" else text.encode()
    except ValueError:
        raise Refused(400, "Invalid base64 content") from None


def _change(place: Place, parent: str | None, action: Document) -> list[git.Change]:
    """What an action does to the files of the parent. Raises `Refused`."""
    kind, path = str(action.get("action")), str(action.get("file_path") or "")
    before = str(action.get("previous_path") or path)
    there = git.blob(place, parent, before) if parent else None
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise Refused(400, "invalid path")
    if kind == "create":
        if there is not None:
            raise Refused(400, "A file with this name already exists")
        return [git.Change(path=path, content=_content(action), mode=_mode(action))]
    if there is None:
        raise Refused(400, "A file with this name doesn't exist")
    if (last := action.get("last_commit_id")) and last != git.log(place, "-1", str(parent), "--", before)[0]["id"]:
        raise Refused(400, "You are attempting to update a file that has changed since you started editing it.")
    if kind == "delete":
        return [git.Change(path=path, content=None)]
    if kind == "move":
        moved = _content(action) if "content" in action else there
        return [git.Change(path=before, content=None), git.Change(path=path, content=moved)]
    content = there if kind == "chmod" else _content(action)
    return [git.Change(path=path, content=content, mode=_mode(action))]


def _mode(action: Document) -> str:
    return "100755" if action.get("execute_filemode") else "100644"


def _create_commit(call: Call) -> Document:
    place = call.project(DEVELOPER)
    branch, actions = str(call.need("branch")), call.need("actions")
    call.need("commit_message")
    parent, _ = _start(call, place, branch)
    changes = [change for action in actions for change in _change(place, parent, action)]
    return _detail(call, place, _write(call, place, branch, changes))


def _take_back(call: Call) -> Document:
    return _apply(call, git.reverted_tree, "revert", 'Revert "{title}"\n\nThis reverts commit {id}')


def _pick(call: Call) -> Document:
    return _apply(call, git.picked_tree, "cherry-pick", "{message}\n\n(cherry picked from commit {id})")


def _apply(call: Call, tree_of: Any, verb: str, words: str) -> Document:
    """A commit of a changed tree on a branch."""
    place = call.project(DEVELOPER)
    branch = str(call.need("branch"))
    sha, head = _commit_of(place, call.place["sha"]), _head(place, branch)
    if not merging.may_push(call.state, call.me, place, branch):
        raise Refused(403, "403 Forbidden - You are not allowed to push into this branch")
    found = git.log(place, "-1", sha)[0]
    tree = tree_of(place, head, sha)
    same = tree == git.git(place.repository, "rev-parse", f"{head}^{{tree}}")
    if tree is None or same:
        why = f"Sorry, we cannot {verb} this commit automatically. This commit may already have been {verb}ed, or a more recent commit may have updated some of its content."  # noqa: E501
        raise Refused(400, {"message": why, "error_code": "empty" if same else "conflict"})
    if call.says("dry_run"):
        return {"dry_run": "success"}
    made = git.seal(place, call.me, tree, [head], words.format(**found))
    merging.put(call.state, call.me, place, branch, made, head)
    return _shown(call, place, git.log(place, "-1", made)[0])


def _statuses(call: Call) -> Listing:
    place = _code(call)
    sha = _commit_of(place, call.place["sha"])
    return Listing(items=[one for one in place.statuses if one["sha"] == sha], show=dict)


def _diff(call: Call) -> Listing:
    place = _code(call)
    sha = _commit_of(place, call.place["sha"])
    parents = git.log(place, "-1", sha)[0]["parent_ids"]
    empty = git.git(place.repository, "hash-object", "-t", "tree", "--stdin")
    return Listing(items=git.diffs(place, parents[0] if parents else empty, sha), show=dict)


# Files, trees, tags.


def _file(call: Call) -> Document:
    place = _code(call)
    ref, path = str(call.query.get("ref") or place.default_branch), call.place["path"]
    sha = _commit_of(place, ref)
    data = git.blob(place, sha, path)
    if data is None:
        raise missing("File")
    last = git.log(place, "-1", sha, "--", path)[0]["id"]
    return {
        "file_name": path.rpartition("/")[2],
        "file_path": path,
        "size": len(data),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(data).hexdigest(),
        "ref": ref,
        "blob_id": git.git(place.repository, "rev-parse", f"{sha}:{path}"),
        "commit_id": sha,
        "last_commit_id": last,
        "execute_filemode": False,
        "content": base64.b64encode(data).decode(),
    }


def _raw(call: Call) -> Any:
    return Response(base64.b64decode(_file(call)["content"]), media_type="text/plain")


def _write_file(call: Call, kind: str) -> Document:
    place = call.project(DEVELOPER)
    branch, path = str(call.need("branch")), call.place["path"]
    parent, _ = _start(call, place, branch)
    action = call.body | {"action": kind, "file_path": path}
    _write(call, place, branch, _change(place, parent, action))
    return {"file_path": path, "branch": branch}


def _tree(call: Call) -> Listing:
    place = _code(call)
    sha = git.resolve(place, str(call.query.get("ref") or place.default_branch))
    try:
        items = git.tree(place, sha or "", str(call.query.get("path", "")).strip("/"), recursive=call.says("recursive"))
    except git.GitFailed:
        raise missing("Tree") from None
    return Listing(items=items, show=dict)


def _tag(call: Call, place: Place, name: str, sha: str) -> Document:
    return {
        "name": name,
        "message": "",
        "target": sha,
        "commit": _shown(call, place, git.log(place, "-1", sha)[0]),
        "release": None,
        "protected": False,
    }


def _tags(call: Call) -> Listing:
    place = _code(call)
    return Listing(items=list(git.refs(place, "tags").items()), show=lambda one: _tag(call, place, *one))


def _one_tag(call: Call) -> Document:
    place = _code(call)
    found = git.refs(place, "tags").get(call.place["tag"])
    if found is None:
        raise missing("Tag")
    return _tag(call, place, call.place["tag"], found)


def _create_tag(call: Call) -> Document:
    place = call.project(DEVELOPER)
    name, ref = str(call.need("tag_name")), str(call.need("ref"))
    sha = git.resolve(place, ref)
    if sha is None or name in git.refs(place, "tags"):
        raise Refused(400, f"Target {ref} is invalid" if sha is None else f"Tag {name} already exists")
    git.move(place, f"refs/tags/{name}", sha, git.NONE)
    merging.pushed(call.state, call.me, place, f"refs/tags/{name}", git.NONE, sha)
    return _tag(call, place, name, sha)


def _compare(call: Call) -> Document:
    place = _code(call)
    old, new = (_commit_of(place, str(call.query.get(name, ""))) for name in ("from", "to"))
    base = old if call.says("straight") else git.merge_base(place, old, new)
    commits = [_shown(call, place, one) for one in git.log(place, "--reverse", f"{old}..{new}")]
    return {
        "commit": commits[-1] if commits else None,
        "commits": commits,
        "diffs": git.diffs(place, base, new),
        "compare_timeout": False,
        "compare_same_ref": old == new,
        "web_url": f"{call.state.url}/{place.full_path}/-/compare/{old}...{new}",
    }


AT = "projects/:id/repository"
REPOSITORY = {
    ("GET", f"{AT}/branches"): Route(run=_branches, open=True),
    ("POST", f"{AT}/branches"): Route(run=_create_branch, status=201),
    ("GET", f"{AT}/branches/:branch"): Route(run=_one_branch, open=True),
    ("DELETE", f"{AT}/branches/:branch"): Route(run=_delete_branch, status=204),
    ("GET", f"{AT}/commits"): Route(run=_commits, open=True),
    ("POST", f"{AT}/commits"): Route(run=_create_commit, status=201),
    ("GET", f"{AT}/commits/:sha"): Route(run=_commit, open=True),
    ("GET", f"{AT}/commits/:sha/statuses"): Route(run=_statuses),
    ("GET", f"{AT}/commits/:sha/diff"): Route(run=_diff),
    ("POST", f"{AT}/commits/:sha/revert"): Route(run=_take_back, status=201),
    ("POST", f"{AT}/commits/:sha/cherry_pick"): Route(run=_pick, status=201),
    ("GET", f"{AT}/files/:path"): Route(run=_file, open=True),
    ("GET", f"{AT}/files/:path/raw"): Route(run=_raw, open=True),
    ("POST", f"{AT}/files/:path"): Route(run=lambda call: _write_file(call, "create"), status=201),
    ("PUT", f"{AT}/files/:path"): Route(run=lambda call: _write_file(call, "update")),
    ("DELETE", f"{AT}/files/:path"): Route(run=lambda call: _write_file(call, "delete"), status=204),
    ("GET", f"{AT}/tree"): Route(run=_tree, open=True),
    ("GET", f"{AT}/tags"): Route(run=_tags, open=True),
    ("POST", f"{AT}/tags"): Route(run=_create_tag, status=201),
    ("GET", f"{AT}/tags/:tag"): Route(run=_one_tag, open=True),
    ("GET", f"{AT}/compare"): Route(run=_compare, open=True),
}
