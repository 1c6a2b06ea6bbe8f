"""What is done to issues and merge requests in a fake GitLab: changed, commented, awarded; and who hears of it."""

import re
from typing import Any

from integrations.codehost import _fake_gitlab_commands as commands
from integrations.codehost import _fake_gitlab_payloads as payloads
from integrations.codehost._fake_gitlab_entities import duration, person
from integrations.codehost._fake_gitlab_records import (
    Account,
    Document,
    Issue,
    Note,
    Place,
    Refused,
    Work,
    forbidden,
    missing,
    new_secret,
    now,
)
from integrations.codehost._fake_gitlab_state import State
from integrations.codehost._fake_gitlab_world import GUEST, PLANNER

MOST = 1_048_576
"""Characters of a description; of a note there may be 1,000,000."""
UNITS = {"mo": 576000, "w": 144000, "d": 28800, "h": 3600, "m": 60, "s": 1}


def create_issue(state: State, user: Account, place: Place, given: Document) -> Issue:
    """A new issue. Raises `Refused`."""
    if place.visibility == "private" and state.level(user, place) < GUEST:
        raise forbidden()
    title = _fitting(given.get("title"), given.get("description"))
    at = now()
    issue = Issue(
        id=state.next("issue"),
        iid=max(place.issues, default=0) + 1,
        project=place,
        title=title,
        description=given.get("description"),  # type: ignore[arg-type]
        author=user,
        created_at=at,
        updated_at=at,
        confidential=bool(given.get("confidential")),
        issue_type=given.get("issue_type") or "issue",
        due_date=given.get("due_date"),
    )
    place.issues[issue.iid] = issue
    begin(state, user, issue, given)
    issue.description, said = commands.split(issue.description or "")
    if said:
        _obey(state, user, issue, said)
    return issue


def begin(state: State, user: Account, work: Work, given: Document) -> None:
    """Give a new issue or merge request its labels and assignees, and have it heard of."""
    if state.level(user, work.project) >= GUEST:
        work.labels = _labels(state, user, work, given.get("labels") or [])
        work.assignees = [state.known(id) for id in given.get("assignee_ids") or []]
    for assignee in work.assignees:
        system(state, user, work, f"assigned to @{assignee.username}")
        _remind(state, user, assignee, work, "assigned", work.title)
    _mention(state, user, work, work.description or "", None)
    heard(state, user, work, "open", {})


def _fitting(title: Any, description: Any) -> str:
    """The title. Raises `Refused` where it or the description is none."""
    if not str(title or "").strip():
        raise Refused(400, {"title": ["can't be blank"]})
    if len(str(title)) > 255:
        raise Refused(400, {"title": ["is too long (maximum is 255 characters)"]})
    if len(description or "") > MOST:
        raise Refused(400, {"description": [f"is too long (maximum is {MOST} characters)"]})
    return str(title)


def _labels(state: State, user: Account, work: Work, names: list[str]) -> list[str]:
    """Those of the labels that are there or may be made by that user, each once."""
    known = work.project.labels
    if state.level(user, work.project) >= PLANNER:
        for name in names:
            state.label(work.project, name)
    return list(dict.fromkeys(name for name in names if name in known))


def may_change(state: State, user: Account, work: Work) -> bool:
    """Whether somebody may change an issue or a merge request: planners, reporters, its author, who works on it."""
    least = PLANNER if isinstance(work, Issue) else 30
    return state.level(user, work.project) >= least or user is work.author or user in work.assignees


def change(state: State, user: Account, work: Work, wanted: Document) -> None:
    """Change what is wanted, with the notes and todos that come of it. Raises `Refused`.

    `wanted` has the body's names; `labels`, `add_labels` and `remove_labels` as lists.
    """
    if not may_change(state, user, work):
        raise forbidden()
    changes: Document = {}
    if "title" in wanted and wanted["title"] != work.title:
        title = _fitting(wanted["title"], "")
        changes["title"] = {"previous": work.title, "current": title}
        system(state, user, work, f"changed title from **{work.title}** to **{title}**")
        work.title = title
    if "description" in wanted and wanted["description"] != work.description:
        _fitting(work.title, wanted["description"])
        changes["description"] = {"previous": work.description, "current": wanted["description"]}
        work.description = wanted["description"]
        system(state, user, work, "changed the description")
        _mention(state, user, work, work.description or "", None)
    if isinstance(work, Issue) and wanted.get("confidential") not in (None, work.confidential):
        work.confidential = bool(wanted["confidential"])
        changes["confidential"] = {"previous": not work.confidential, "current": work.confidential}
        system(state, user, work, f"made the issue {'confidential' if work.confidential else 'visible to everyone'}")
    if "discussion_locked" in wanted:
        work.locked = bool(wanted["discussion_locked"])
    _relabel(state, user, work, wanted, changes)
    _reassign(state, user, work, wanted, changes)
    action = _turn(state, user, work, wanted.get("state_event"), changes)
    if changes:
        touch(work)
        heard(state, user, work, action, changes)


def _relabel(state: State, user: Account, work: Work, wanted: Document, changes: Document) -> None:
    """Change the labels."""
    if not {"labels", "add_labels", "remove_labels"} & set(wanted):
        return
    before = work.labels
    names = list(wanted.get("labels", before)) + list(wanted.get("add_labels", ()))
    gone = set(wanted.get("remove_labels", ()))
    work.labels = _labels(state, user, work, [name for name in names if name not in gone])
    if set(work.labels) != set(before):
        old, new = ([payloads.label(work.project, name) for name in names] for names in (before, work.labels))
        changes["labels"] = {"previous": old, "current": new}


def _reassign(state: State, user: Account, work: Work, wanted: Document, changes: Document) -> None:
    """Change who works on it."""
    if "assignee_id" in wanted:
        wanted = wanted | {"assignee_ids": [wanted["assignee_id"] or 0]}
    if "assignee_ids" not in wanted:
        return
    ids = [int(id) for id in wanted["assignee_ids"] or [] if int(id)]
    after = [found for id in ids if (found := state.user(id)) and state.sees(found, work.project)]
    before, work.assignees = work.assignees, after
    came = [one for one in after if one not in before]
    left = [one for one in before if one not in after]
    if not came and not left:
        return
    parts = ["assigned to " + " and ".join(f"@{one.username}" for one in came)] if came else []
    parts += ["unassigned " + " and ".join(f"@{one.username}" for one in left)] if left else []
    system(state, user, work, " and ".join(parts))
    old, new = ([payloads.person(state, one) for one in people] for people in (before, after))
    changes["assignees"] = {"previous": old, "current": new}
    for one in came:
        _remind(state, user, one, work, "assigned", work.title)


def _turn(state: State, user: Account, work: Work, event: Any, changes: Document) -> str:
    """Close or reopen it: the action of the event."""
    if event == "close" and work.state == "opened":
        work.state, work.closed_at, work.closed_by = "closed", now(), user
        settle_todos(state, user, work)
    elif event == "reopen" and work.state == "closed":
        work.state, work.closed_at, work.closed_by = "opened", None, None
    else:
        return "update"
    system(state, user, work, "closed" if event == "close" else "reopened")
    numbers = {"opened": 1, "closed": 2}
    changes["state_id"] = {"previous": 3 - numbers[work.state], "current": numbers[work.state]}
    return str(event)


def touch(work: Work) -> None:
    """It has changed now."""
    work.updated_at = now()


def heard(state: State, user: Account, work: Work, action: str, changes: Document, **more: Any) -> None:
    """Have the hooks hear of an issue or merge request."""
    secret = isinstance(work, Issue) and work.confidential
    name = "Issue Hook" if isinstance(work, Issue) else "Merge Request Hook"
    payload = payloads.of_work(state, user, work, action, changes, **more)
    state.tell(name, work.project, payload, confidential=secret)


# Notes.


def system(state: State, user: Account, work: Work, text: str) -> Note:
    """What the server itself notes of what somebody did."""
    return _note(state, user, work, text, system=True)


def _note(state: State, user: Account, work: Work, text: str, **more: Any) -> Note:
    at = now()
    more.setdefault("discussion", new_secret() + "00000000")
    note = Note(id=state.next("note"), body=text, author=user, created_at=at, updated_at=at, **more)
    work.notes.append(note)
    touch(work)
    return note


def comment(
    state: State,
    user: Account,
    work: Work,
    text: str,
    *,
    internal: bool = False,
    discussion: str = "",
    in_thread: bool = False,
) -> Note:
    """A comment of somebody, alone, as the first of a thread, or in one that is there. Raises `Refused`."""
    if work.project.visibility == "private" and state.level(user, work.project) < GUEST:
        raise forbidden()
    if internal and state.level(user, work.project) < PLANNER:
        raise forbidden()
    if work.locked and state.level(user, work.project) < GUEST:
        raise forbidden()
    more: Document = {"internal": internal, "in_thread": in_thread, "resolvable": in_thread}
    if discussion:
        others = [note for note in work.notes if note.discussion == discussion and state.sees_note(user, work, note)]
        if not others:
            raise missing("Discussion")
        others[0].in_thread = others[0].resolvable = True  # what was alone becomes a thread
        more = {"discussion": discussion, "in_thread": True, "resolvable": True, "internal": others[0].internal}
    text, said = commands.split(_body(text))
    if said:
        _obey(state, user, work, said)
    if not text:
        raise Obeyed
    note = _note(state, user, work, text, **more)
    settle_todos(state, user, work)
    _mention(state, user, work, text, note)
    _note_heard(state, user, work, note, "create")
    return note


class Obeyed(Refused):
    """A comment that was nothing but commands: they are done, and no note is there."""

    def __init__(self) -> None:
        super().__init__(202, {"message": "", "commands_changes": {}, "summary": ["Commands applied"]})


def _obey(state: State, user: Account, work: Work, said: list[tuple[str, str]]) -> None:
    """Do what the commands of a text say, as far as its author may."""
    if not may_change(state, user, work):
        return
    ids = {one.username: one.id for one in state.users.values()}
    change(state, user, work, commands.changes(said, ids, [one.id for one in work.assignees]))
    for name, rest in said:
        if name == "spend":
            spend(state, user, work, rest)


def _body(text: Any) -> str:
    """A note's text. Raises `Refused`."""
    if not str(text or "").strip():
        raise Refused(400, '400 (Bad request) "Note {:note=>["can\'t be blank"]}" not given')
    if len(str(text)) > 1_000_000:
        raise Refused(
            400, '400 (Bad request) "Note {:note=>["is too long (maximum is 1000000 characters)"]}" not given'
        )
    return str(text)


def rewrite(state: State, user: Account, work: Work, note: Note, text: str) -> None:
    """Change a comment: its author's right, and a maintainer's. Raises `Refused`."""
    if note.system or (note.author is not user and state.level(user, work.project) < 40):
        raise forbidden()
    note.body = _body(text)
    note.updated_at = now()
    touch(work)
    _mention(state, user, work, text, note)
    _note_heard(state, user, work, note, "update")


def _note_heard(state: State, user: Account, work: Work, note: Note, action: str) -> None:
    secret = note.internal or (isinstance(work, Issue) and work.confidential)
    state.tell("Note Hook", work.project, payloads.of_note(state, user, work, note, action), confidential=secret)


def award(state: State, user: Account, work: Work, note: Note | None, name: str) -> Document:
    """A sign under an issue, merge request or note; the same one twice is refused, as 404."""
    awards = note.awards if note else work.awards
    if not re.fullmatch(r"[a-z0-9_+-]+", name):
        raise missing("Award Emoji Name is not a valid emoji name")
    if any(award["name"] == name and award["user"]["id"] == user.id for award in awards):
        raise missing("Award Emoji Name has already been taken")
    at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    awarded = {
        "id": state.next("award"),
        "name": name,
        "user": person(state, user),
        "created_at": at,
        "updated_at": at,
        "awardable_id": (note or work).id,
        "awardable_type": "Note" if note else work.kind,  # type: ignore[attr-defined]
        "url": None,
    }
    awards.append(awarded)
    settle_todos(state, user, work)
    state.tell("Emoji Hook", work.project, payloads.of_award(state, user, work, note, awarded))
    return awarded


# Todos.


def _mention(state: State, user: Account, work: Work, text: str, note: Note | None) -> None:
    """Remind those whom a text names, but not its author, and nobody who cannot see it."""
    spoken = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    names = list(dict.fromkeys(name.rstrip(".-") for name in re.findall(r"(?<![\w@/])@([\w.-]+)", spoken)))
    first = re.match(r"\s*((@[\w.-]+[\s,]*)+)", spoken)
    addressed = re.findall(r"@([\w.-]+)", first[1]) if first else []
    for name in names:
        one = state.user(name)
        if one and one is not user and _reads(state, one, work, note):
            action = "directly_addressed" if name in addressed else "mentioned"
            _remind(state, user, one, work, action, text, note)


def _reads(state: State, one: Account, work: Work, note: Note | None) -> bool:
    if not state.sees(one, work.project) or not state.sees_work(one, work):
        return False
    return note is None or state.sees_note(one, work, note)


def _remind(
    state: State, author: Account, whom: Account, work: Work, action: str, text: str, note: Note | None = None
) -> None:
    """A todo; none where one for the same issue or merge request waits (TodoService#create_todos)."""
    if whom is author and action != "assigned":
        return
    if any(
        todo["work"] is work and todo["user"] is whom and todo["state"] == "pending" for todo in state.todos.values()
    ):
        return
    at = now()
    id = state.next("todo")
    state.todos[id] = {
        "id": id,
        "user": whom,
        "author": author,
        "work": work,
        "action": action,
        "body": text,
        "note": note.id if note else None,
        "state": "pending",
        "created_at": at,
        "updated_at": at,
    }


def settle_todos(state: State, user: Account, work: Work) -> None:
    """Who has done something about it has done their todos of it."""
    for todo in state.todos.values():
        if todo["work"] is work and todo["user"] is user and todo["state"] == "pending":
            todo |= {"state": "done", "updated_at": now()}


# Time.


def spend(state: State, user: Account, work: Work, text: str) -> None:
    """Add time spent, such as `1h 5m` or `-5m`. Raises `Refused`."""
    sign = -1 if text.startswith("-") else 1
    parts = re.findall(r"(\d+)\s*(mo|w|d|h|m|s)", text)
    if not parts:
        raise Refused(400, {"error": "duration is invalid"})
    seconds = sign * sum(int(count) * UNITS[unit] for count, unit in parts)
    work.time_spent = max(0, work.time_spent + seconds)
    verb = "added" if seconds > 0 else "subtracted"
    system(state, user, work, f"{verb} {duration(abs(seconds))} of time spent")
