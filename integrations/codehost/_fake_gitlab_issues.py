"""The routes of a fake GitLab server about issues, and about what merge requests have, too: notes, signs, time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from integrations.codehost import _fake_gitlab_work as work
from integrations.codehost._fake_gitlab_entities import issue, note, time_stats, todo
from integrations.codehost._fake_gitlab_records import Document, Issue, Note, Refused, Work, forbidden, missing, now
from integrations.codehost._fake_gitlab_rest import Call, Listing, Route
from integrations.codehost._fake_gitlab_world import OWNER

ORDERS = {"created_at": "created_at", "updated_at": "updated_at", "title": "title", "id": "id"}
FIELDS = ("assignee_id", "assignee_ids", "description", "labels", "add_labels", "remove_labels", "state_event", "title")


def _create(call: Call) -> Document:
    given = call.body | {"title": call.need("title"), "labels": call.names("labels")}
    if "assignee_id" in given and "assignee_ids" not in given:
        given["assignee_ids"] = [given["assignee_id"]] if given["assignee_id"] else []
    made = work.create_issue(call.state, call.me, call.project(), given)
    return issue(call.state, made, call.me)


def listed(call: Call, found: Iterable[Work], *, scope: str) -> list[Any]:
    """Those of issues or merge requests for which the query asks, and which are seen; in its order."""
    query = call.query
    me = call.user
    scope = str(query.get("scope", scope)).replace("-", "_")
    items = [item for item in found if call.state.sees(me, item.project) and call.state.sees_work(me, item)]
    if scope == "created_by_me":
        items = [item for item in items if item.author is me]
    elif scope == "assigned_to_me":
        items = [item for item in items if me in item.assignees]
    bounds = {
        (field, when): at
        for field in ("updated_at", "created_at")
        for when in ("after", "before")
        if (at := instant(query.get(f"{field[:7]}_{when}"))) is not None
    }
    items = [item for item in items if _fits(item, call) and _within(item, bounds)]
    return sorted(items, key=lambda item: (_order(item, query), item.id), reverse=query.get("sort", "desc") == "desc")


def _order(item: Work, query: Document) -> Any:
    return getattr(item, ORDERS.get(str(query.get("order_by", "created_at")), "created_at"))


def _fits(item: Work, call: Call) -> bool:
    """Whether it is one for which the query asks."""
    query = call.query
    names = call.names("assignee_username", query)
    wanted = query.get("assignee_id")
    people = [one.username for one in item.assignees]
    labels = call.names("labels", query)
    where = str(query.get("in", "title,description")).split(",")
    text = " ".join(str(getattr(item, part) or "") for part in where).lower()
    return all(
        (
            query.get("state", "all") in ("all", item.state),
            not names or set(names) <= set(people),
            wanted is None or _assigned(item, str(wanted)),
            "author_username" not in query or item.author.username == query["author_username"],
            "author_id" not in query or str(item.author.id) == query["author_id"],
            not labels or (labels == ["None"] and not item.labels) or (labels == ["Any"] and item.labels)
            or set(labels) <= set(item.labels),
            not set(call.names("labels", _excluded(query))) & set(item.labels),
            "iids" not in query or str(item.iid) in call.names("iids", query),
            str(query.get("search", "")).lower() in text,
            "confidential" not in query or getattr(item, "confidential", False) == call.says("confidential"),
            "source_branch" not in query or getattr(item, "source_branch", "") == query["source_branch"],
            "target_branch" not in query or getattr(item, "target_branch", "") == query["target_branch"],
        )
    )  # fmt: skip


def _within(item: Work, bounds: dict[tuple[str, str], datetime]) -> bool:
    """Whether it changed and was made when the query wants it; the bounds belong to it."""
    return all(
        getattr(item, field) >= at if when == "after" else getattr(item, field) <= at
        for (field, when), at in bounds.items()
    )


def _excluded(query: Document) -> Document:
    return {name[4:-1]: value for name, value in query.items() if name.startswith("not[")}


def _assigned(item: Work, wanted: str) -> bool:
    if wanted.lower() in ("none", "0"):
        return not item.assignees
    return bool(item.assignees) if wanted.lower() == "any" else wanted in [str(one.id) for one in item.assignees]


def instant(text: Any) -> datetime | None:
    """A moment of a query, with a zone. Raises `Refused`."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(str(text).replace(" ", "+"))
    except ValueError:
        raise Refused(400, {"error": "updated_after is invalid"}) from None
    return at if at.tzinfo else at.astimezone()


def _issues_of(call: Call, found: Iterable[Work], scope: str) -> Listing:
    items = [item for item in listed(call, found, scope=scope) if isinstance(item, Issue)]
    return Listing(items=items, show=lambda item: issue(call.state, item, call.user), by_id=True)


def _all_issues(call: Call) -> Listing:
    return _issues_of(call, (item for item in call.state.works() if isinstance(item, Issue)), "created_by_me")


def _issue_by_id(call: Call) -> Document:
    found = next(
        (item for item in call.state.works() if isinstance(item, Issue) and item.id == call.number("id")), None
    )
    if found is None or not (call.state.sees(call.me, found.project) and call.state.sees_work(call.me, found)):
        raise missing("Issue")
    return issue(call.state, found, call.me)


def wanted_of(call: Call) -> Document:
    """The changes that a body asks for, labels as lists."""
    names = {name: call.names(name) for name in ("labels", "add_labels", "remove_labels") if name in call.body}
    return call.body | names


def _change(call: Call) -> Document:
    found = call.issue()
    if not call.body:
        raise Refused(400, {"error": f"{', '.join(FIELDS)} are missing, at least one parameter must be provided"})
    work.change(call.state, call.me, found, wanted_of(call))
    return issue(call.state, found, call.me)


def _delete(call: Call) -> None:
    found = call.issue()
    if call.state.level(call.me, found.project) < OWNER:
        raise forbidden()
    del found.project.issues[found.iid]


# Notes and discussions.


def _seen(call: Call, item: Work) -> list[Note]:
    return [one for one in item.notes if call.state.sees_note(call.user, item, one)]


def _notes(call: Call) -> Listing:
    item = call.work()
    kind = call.query.get("activity_filter", "all_notes")
    notes = [one for one in _seen(call, item) if kind == "all_notes" or one.system == (kind == "only_activity")]
    name = "updated_at" if call.query.get("order_by") == "updated_at" else "created_at"
    down = call.query.get("sort", "desc") == "desc"
    notes.sort(key=lambda one: (getattr(one, name), one.id), reverse=down)
    return Listing(items=notes, show=lambda one: note(call.state, item, one))


def _note(call: Call) -> tuple[Work, Note]:
    item = call.work()
    found = item.note(call.number("note_id"))
    if not call.state.sees_note(call.user, item, found):
        raise missing("Note")
    return item, found


def _comment(call: Call) -> Document:
    item = call.work()
    internal = call.says("internal") or call.says("confidential")
    made = work.comment(call.state, call.me, item, call.need("body"), internal=internal)
    return note(call.state, item, made)


def _rewrite(call: Call) -> Document:
    item, found = _note(call)
    work.rewrite(call.state, call.me, item, found, call.need("body"))
    return note(call.state, item, found)


def _remove_note(call: Call) -> None:
    item, found = _note(call)
    if found.author is not call.me and call.state.level(call.me, item.project) < 40:
        raise forbidden()
    item.notes.remove(found)
    work.touch(item)


def _discussion(call: Call, item: Work, id: str) -> Document:
    notes = [one for one in _seen(call, item) if one.discussion == id]
    if not notes:
        raise missing("Discussion")
    return {
        "id": id,
        "individual_note": not notes[0].in_thread,
        "notes": [note(call.state, item, one) for one in notes],
    }


def _discussions(call: Call) -> Listing:
    item = call.work()
    ids = list(dict.fromkeys(one.discussion for one in _seen(call, item)))
    return Listing(items=ids, show=lambda id: _discussion(call, item, id))


def _start(call: Call) -> Document:
    item = call.work()
    made = work.comment(call.state, call.me, item, call.need("body"), in_thread=True, internal=call.says("internal"))
    return _discussion(call, item, made.discussion)


def _reply(call: Call) -> Document:
    item = call.work()
    made = work.comment(call.state, call.me, item, call.need("body"), discussion=call.place["discussion_id"])
    return note(call.state, item, made)


def _resolve(call: Call) -> Document:
    item = call.work()
    found = _discussion(call, item, call.place["discussion_id"])
    for one in item.notes:
        if one.discussion == found["id"] and one.resolvable:
            one.resolved_by = call.me if call.says("resolved") else None
    return _discussion(call, item, found["id"])


# Signs, time, todos.


def _awards(call: Call) -> list[Document]:
    item = call.work()
    return _note(call)[1].awards if "note_id" in call.place else item.awards


def _award(call: Call) -> Document:
    item = call.work()
    on = _note(call)[1] if "note_id" in call.place else None
    return work.award(call.state, call.me, item, on, str(call.need("name")))


def _one_award(call: Call) -> Document:
    found = next((one for one in _awards(call) if one["id"] == call.number("award_id")), None)
    if found is None:
        raise missing("Award Emoji")
    return found


def _remove_award(call: Call) -> None:
    found = _one_award(call)
    if found["user"]["id"] != call.me.id and not call.me.admin:
        raise forbidden()
    _awards(call).remove(found)


def _spend(call: Call) -> Document:
    item = call.work()
    if not work.may_change(call.state, call.me, item):
        raise forbidden()
    work.spend(call.state, call.me, item, str(call.need("duration")))
    return time_stats(item)


def _unspend(call: Call) -> Document:
    item = call.work()
    item.time_spent = 0
    work.system(call.state, call.me, item, "removed time spent")
    return time_stats(item)


def _my_todos(call: Call) -> list[Document]:
    state = call.query.get("state", "pending")
    mine = [one for one in call.state.todos.values() if one["user"] is call.me and one["state"] == state]
    kept = [one for one in mine if call.query.get("action", one["action"]) == one["action"]]
    kept = [one for one in kept if call.query.get("type", one["work"].kind) == one["work"].kind]
    state_of = call.state
    return [
        one for one in kept if state_of.sees(call.me, one["work"].project) and state_of.sees_work(call.me, one["work"])
    ]


def _todos(call: Call) -> Listing:
    return Listing(items=_my_todos(call)[::-1], show=lambda one: todo(call.state, one, call.me))


def _todo_done(call: Call) -> Document:
    found = call.state.todos.get(call.number("id"))
    if found is None or found["user"] is not call.me:
        raise missing("Todo")
    found |= {"state": "done", "updated_at": now()}
    return todo(call.state, found, call.me)


def _todos_done(call: Call) -> None:
    for one in call.state.todos.values():
        if one["user"] is call.me:
            one |= {"state": "done", "updated_at": now()}


def _shared(kind: str) -> dict[tuple[str, str], Route]:
    """What issues and merge requests have alike."""
    at = f"projects/:id/{kind}/:iid"
    signs = {
        (method, f"{at}{on}/award_emoji{rest}"): route
        for on in ("", "/notes/:note_id")
        for method, rest, route in (
            ("GET", "", Route(run=lambda call: Listing(items=_awards(call), show=dict))),
            ("POST", "", Route(run=_award, status=201)),
            ("GET", "/:award_id", Route(run=_one_award)),
            ("DELETE", "/:award_id", Route(run=_remove_award, status=204)),
        )
    }
    return signs | {
        ("GET", f"{at}/notes"): Route(run=_notes),
        ("POST", f"{at}/notes"): Route(run=_comment, status=201),
        ("GET", f"{at}/notes/:note_id"): Route(run=lambda call: note(call.state, *_note(call))),
        ("PUT", f"{at}/notes/:note_id"): Route(run=_rewrite),
        ("DELETE", f"{at}/notes/:note_id"): Route(run=_remove_note, status=204),
        ("GET", f"{at}/discussions"): Route(run=_discussions),
        ("POST", f"{at}/discussions"): Route(run=_start, status=201),
        ("GET", f"{at}/discussions/:discussion_id"): Route(
            run=lambda call: _discussion(call, call.work(), call.place["discussion_id"])
        ),
        ("PUT", f"{at}/discussions/:discussion_id"): Route(run=_resolve),
        ("POST", f"{at}/discussions/:discussion_id/notes"): Route(run=_reply, status=201),
        ("PUT", f"{at}/discussions/:discussion_id/notes/:note_id"): Route(run=_rewrite),
        ("POST", f"{at}/add_spent_time"): Route(run=_spend, status=201),
        ("POST", f"{at}/reset_spent_time"): Route(run=_unspend),
        ("GET", f"{at}/time_stats"): Route(run=lambda call: time_stats(call.work())),
    }


ISSUES = {
    ("GET", "issues"): Route(run=_all_issues),
    ("GET", "issues/:id"): Route(run=_issue_by_id),
    ("GET", "projects/:id/issues"): Route(
        run=lambda call: _issues_of(call, call.project().issues.values(), "all"), open=True
    ),
    ("POST", "projects/:id/issues"): Route(run=_create, status=201),
    ("GET", "projects/:id/issues/:iid"): Route(run=lambda call: issue(call.state, call.issue(), call.user), open=True),
    ("PUT", "projects/:id/issues/:iid"): Route(run=_change),
    ("DELETE", "projects/:id/issues/:iid"): Route(run=_delete, status=204),
    ("GET", "todos"): Route(run=_todos),
    ("POST", "todos/:id/mark_as_done"): Route(run=_todo_done, status=201),
    ("POST", "todos/mark_as_done"): Route(run=_todos_done, status=204),
    **_shared("issues"),
    **_shared("merge_requests"),
}
