"""What GitLab's issues, notes and merge requests mean: read from its JSON, without asking anybody."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard
from urllib.parse import quote, unquote, urlsplit

from agent.hosting.host import Issue, Place, Review, ReviewState
from agent.talking.channel import Attachment, Heard, Person
from integrations.reading import CODE, LONG_AGO, listed, moment, plain, text_in, without

Row = Mapping[str, Any]
ISSUES, REVIEWS = "issues", "merge_requests"
KINDS = {"Issue": ISSUES, "WorkItem": ISSUES, "MergeRequest": REVIEWS}
"""What a note is on, in GitLab's words."""
INTERNAL = "/internal"
THREAD = re.compile(rf"(?P<kind>{ISSUES}|{REVIEWS})/(?P<iid>[1-9]\d*)(?P<internal>{INTERNAL})?")
MESSAGE = re.compile(rf"(?P<path>[1-9]\d*/(?:{ISSUES}|{REVIEWS})/[1-9]\d*(?:/notes/[1-9]\d*)?)(?:@[\d:.T+-]+)?")
"""A note, or an issue or merge request; what follows an `@` tells when that was asked for."""
UPLOAD = re.compile(
    r"(?P<link>\]\()?(?P<before>(?:https?://[^\s()<>\"'\[\]]+?)?(?:/-/project/\d+)?)"
    r"/uploads/(?P<secret>[0-9a-f]{32})/(?P<name>(?(link)[^\n()<>\"\[\]?#]+|[^\s()<>\"'\[\]?#]+))"
)
"""Where an upload is named; in a link its name may have spaces."""
THUMBS = {"thumbsup": True, "thumbsdown": False}
LEVELS = {"guest": 10, "planner": 15, "reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}
"""Access levels by the names that people give them (GitLab's `Gitlab::Access`)."""
STATES: Mapping[str, ReviewState] = {"merged": "merged", "closed": "closed"}
UNITS = {"mo": 4 * 5 * 8 * 3600, "w": 5 * 8 * 3600, "d": 8 * 3600, "h": 3600, "m": 60, "s": 1}
"""Of times spent: a day has eight hours and a week five days."""
SPENT = re.compile(r"added (?P<time>(?:\d+(?:mo|[wdhms]) ?)+)of time spent\b")
MARKER = re.compile(r"<!-- kowal:(?P<key>[0-9a-f]{64}) -->\s*\Z")


@dataclass(frozen=True, kw_only=True)
class Thread:
    """An issue or a merge request, and whether what is said there is for members alone."""

    room: str
    kind: str
    iid: int
    is_internal: bool = False

    @property
    def path(self) -> str:
        """Where the API has it, below `projects/`."""
        return f"{self.room}/{self.kind}/{self.iid}"

    @property
    def name(self) -> str:
        """As the agent calls it."""
        return f"{self.kind}/{self.iid}{INTERNAL if self.is_internal else ''}"

    @property
    def place(self) -> Place:
        """The issue or merge request itself."""
        return Place(room=self.room, thread=f"{self.kind}/{self.iid}")


def thread_of(room: str, name: str) -> Thread | None:
    """The thread of that name; None for what is none."""
    read = THREAD.fullmatch(name)
    if read is None or not (room.isascii() and room.isdecimal()):
        return None
    return Thread(room=room, kind=read["kind"], iid=int(read["iid"]), is_internal=bool(read["internal"]))


def number_in(value: object, name: str) -> int:
    """The whole number under that name; 0 where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def person_in(value: object, name: str) -> Person | None:
    """Who stands under that name; None where nobody does."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return Person(id=str(number_in(found, "id")), name=text_in(found, "username")) if number_in(found, "id") else None


def author_of(row: object) -> Person:
    """Who wrote it; somebody without a name where that is not said."""
    return person_in(row, "author") or Person(id="0", name="")


def time_in(value: object, name: str) -> datetime:
    """The moment under that name; one long ago where there is none."""
    return moment(text_in(value, name)) or LONG_AGO


def is_note(value: object) -> TypeGuard[Row]:
    """Whether it has what every note has."""
    return isinstance(value, Mapping) and bool(number_in(value, "id") and person_in(value, "author"))


def is_issue(value: object) -> TypeGuard[Row]:
    """Whether it has what every issue has."""
    has = isinstance(value, Mapping) and number_in(value, "iid") and number_in(value, "project_id")
    return bool(has and person_in(value, "author"))


def is_internal(note: Row) -> bool:
    """Whether members alone see it; `confidential` is what older servers say."""
    return note.get("internal") is True or note.get("confidential") is True


def is_by(note: Row, us: Person) -> bool:
    """Whether it is ours."""
    return number_in(note.get("author"), "id") == int(us.id)


def message_id(thread: Thread, note: int) -> str:
    """What a note is called: where the API has it, so that it is found again after a restart."""
    return f"{thread.path}/notes/{note}"


def path_in(message: str) -> str:
    """Where the API has what bears that id: a note, or the issue or merge request itself; empty for what is none."""
    read = MESSAGE.fullmatch(message)
    return read["path"] if read else ""


def mentions(text: str, name: str) -> bool:
    """Whether the text calls somebody, outside of code."""
    named = re.compile(rf"(?<![\w/@.-])@{re.escape(name)}(?![\w.-]*\w)", re.IGNORECASE)
    return any(named.search(piece) for piece in CODE.split(text)[::2])


def path_of(row: Row) -> str:
    """The project's path, as an issue or merge request tells it."""
    return re.split(r"[#!]", text_in(row.get("references"), "full"))[0]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Somebody assigned an issue to us, or opened one again that was."""

    by: Person
    at: datetime


def read_issue(row: Row, us: Person, asked: Asking | None, url: str) -> Issue:
    """An issue of the server's at that address (URL)."""
    room, by = str(number_in(row, "project_id")), author_of(row)
    ours = [each for each in listed(row, "assignees") if number_in(each, "id") == int(us.id)]
    text = text_in(row, "description")
    thread = f"{ISSUES}/{number_in(row, 'iid')}"
    asked = asked or Asking(by=by, at=time_in(row, "created_at"))
    return Issue(
        id=f"{room}/{thread}@{asked.at.isoformat()}",
        place=Place(room=room, thread=thread),
        asked_at=asked.at,
        room_name=path_of(row),
        url=text_in(row, "web_url"),
        title=text_in(row, "title"),
        text=text,
        author=by,
        assigned_by=asked.by,
        is_open=text_in(row, "state") == "opened",
        is_ours=bool(ours),
        is_confidential=row.get("confidential") is not False,
        labels=frozenset(each for each in listed(row, "labels") if isinstance(each, str)),
        updated_at=time_in(row, "updated_at"),
        attachments=uploads(text, room, path_of(row), url),
    )


def read_note(note: Row, thread: Thread, room_name: str, us: Person, url: str) -> Heard:
    """A note as something heard."""
    text = text_in(note, "body")
    is_to_us = mentions(text, us.name)
    within = Thread(room=thread.room, kind=thread.kind, iid=thread.iid, is_internal=is_internal(note))
    return Heard(
        id=message_id(thread, number_in(note, "id")),
        at=time_in(note, "created_at"),
        room=thread.room,
        room_name=room_name,
        thread=within.name,
        by=author_of(note),
        text=without(text, [us.name] if is_to_us else []),
        is_to_us=is_to_us,
        is_direct=False,
        attachments=uploads(text, thread.room, room_name, url),
    )


def uploads(text: str, room: str, room_name: str, url: str) -> tuple[Attachment, ...]:
    """The files of this project that the text names, each once: those of others may be nothing to whoever wrote it."""
    base = urlsplit(url).path
    allowed = {"", f"{base}/-/project/{room}", f"/-/project/{room}", f"{base}/{room_name}"}
    found: dict[str, Attachment] = {}
    for match in UPLOAD.finditer(text):
        if match["before"].startswith("http") and not match["before"].startswith(f"{url}/"):
            continue
        before = urlsplit(match["before"]).path
        if before in allowed:
            name = unquote(match["name"])
            place = f"projects/{room}/uploads/{match['secret']}/{quote(name, safe='')}"
            found[place] = Attachment(name=plain(name), size=0, place=place)
    return tuple(found.values())


def asking(notes: Sequence[Row], us: Person) -> Asking | None:
    """How an issue was given to us last, by the newest of its system notes that says so; `notes` newest first."""
    named = re.compile(rf"@{re.escape(us.name)}(?![\w.-]*\w)", re.IGNORECASE)
    for note in notes:
        said = text_in(note, "body").partition("unassigned")[0]
        is_assigned = said.startswith("assigned to ") and named.search(said)
        by = person_in(note, "author")
        if note.get("system") is True and (is_assigned or said == "reopened") and by is not None:
            return Asking(by=by, at=time_in(note, "created_at"))
    return None


def read_review(row: Row) -> Review:
    """A merge request."""
    state = STATES.get(text_in(row, "state"), "open")
    merger = person_in(row, "merge_user") or person_in(row, "merged_by")
    commit = text_in(row, "sha")
    merged = text_in(row, "merge_commit_sha") or text_in(row, "squash_commit_sha") if state == "merged" else ""
    return Review(
        room=str(number_in(row, "project_id")),
        number=number_in(row, "iid"),
        url=text_in(row, "web_url"),
        source=text_in(row, "source_branch"),
        target=text_in(row, "target_branch"),
        title=text_in(row, "title"),
        text=text_in(row, "description"),
        state=state,
        commit=commit,
        merge_commit="" if merged == commit else merged,
        decided_by={"merged": merger, "closed": person_in(row, "closed_by"), "open": None}[state],
        author=author_of(row),
    )


def seconds_spent(note: Row) -> int:
    """How much time a system note says was spent; 0 where it says nothing of it."""
    read = SPENT.match(text_in(note, "body")) if note.get("system") is True else None
    pieces = re.findall(r"(\d+)(mo|[wdhms])", read["time"]) if read else []
    return sum(int(count) * UNITS[unit] for count, unit in pieces)


def marked(text: str, key: str) -> str:
    """The text with the key at its end, where nobody sees it."""
    return f"{text}\n\n<!-- kowal:{key} -->"


def key_in(text: str) -> str:
    """The key at the text's end; empty where there is none."""
    read = MARKER.search(text)
    return read["key"] if read else ""
