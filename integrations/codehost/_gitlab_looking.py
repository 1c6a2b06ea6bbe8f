"""A look at one thing in GitLab, and what of it is to be told: nothing twice, and nothing that is not ours to hear."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.errors import ChannelRefused
from agent.hosting.host import Issue, IssueSeen, Place, ReviewSeen
from agent.talking.channel import Happening, Heard, Reacted
from integrations.codehost._gitlab_known import Known
from integrations.codehost._gitlab_reading import (
    ISSUES,
    KINDS,
    THUMBS,
    Asking,
    Row,
    Thread,
    asking,
    is_by,
    is_issue,
    is_note,
    message_id,
    number_in,
    path_of,
    person_in,
    read_issue,
    read_note,
    thread_of,
    time_in,
)
from integrations.codehost._gitlab_rest import Rest, is_final
from integrations.kept import Remembered
from integrations.reading import text_in

MARGIN = timedelta(seconds=60)
"""A thing may be under way for so long: it has its time before it can be seen."""
MOST_OURS = 3
"""The newest notes of ours in a place under which signs are looked for."""
ASSIGNING_PAGES = 5
"""Of system notes, in which it is looked who assigned an issue."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A to-do of our account whose matter was given out before this: it is over once this is reached."""

    todo: int


Told = Happening | Done


@dataclass(kw_only=True)
class Memory:
    """What was seen so far, by the paths of issues and merge requests. Lost with the process: what is told is not."""

    floor: datetime
    """What was said before is old."""
    seen: Remembered = field(default_factory=Remembered)
    moved: dict[str, datetime] = field(default_factory=dict)
    """When a thing had changed last, as it was told."""
    noted: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    """How a thing stood when its notes were read: its change, and how many notes it had."""
    start: dict[str, datetime] = field(default_factory=dict)
    """From when on its notes are to be heard: what was said before it was ours is not."""
    looked: dict[str, datetime] = field(default_factory=dict)
    """Until when they were read."""
    ours: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The newest notes of ours."""
    watched: frozenset[str] = frozenset()


class Looking:
    """Asks and tells. Used by one thread; what asks the server raises a `ChannelError`, and can be asked again."""

    def __init__(self, rest: Rest, known: Known, memory: Memory) -> None:
        self._rest, self._known, self.memory = rest, known, memory

    def fresh(self, told: Iterable[Told]) -> Iterator[Told]:
        """What of it was not told. From here on it is: whoever asks for this gives it out."""
        for each in told:
            match each:
                case Heard(id=key) if not self.memory.seen.is_new(key):
                    continue
                case Reacted(message=message, by=by, yes=yes) if not self.memory.seen.is_new((message, by.id, yes)):
                    continue
                case IssueSeen(issue=issue):
                    key = f"{issue.place.room}/{issue.place.thread}"
                    self.memory.moved[key] = issue.updated_at
                    if key not in self.memory.watched:  # one that is watched from the start may have been ours for long
                        self.memory.start.setdefault(key, issue.updated_at)
            yield each

    def issue(self, row: Row) -> list[Told]:
        """The issue, where it has moved since it was told, and is ours, was ours, or is watched."""
        if not is_issue(row):
            return []
        found = read_issue(row, self._known.us(), None, self._rest.config.url)
        thread = Thread(room=found.place.room, kind=ISSUES, iid=number_in(row, "iid"))
        key = thread.path
        matters = found.is_ours or key in self.memory.moved or key in self.memory.watched
        if not matters or self.memory.moved.get(key) == found.updated_at or not self._covers(found.place.room, row):
            return []
        if found.is_ours and found.is_open:
            found = read_issue(row, self._known.us(), self.asking(thread), self._rest.config.url)
        return [IssueSeen(issue=found)]

    def whole(self, thread: Thread) -> Issue:
        """The issue, as it stands now."""
        row = self._rest.get(f"projects/{thread.path}")
        if thread.kind != ISSUES or not is_issue(row):
            raise ChannelRefused("GitLab shows us no such issue")
        return read_issue(row, self._known.us(), self.asking(thread), self._rest.config.url)

    def asking(self, thread: Thread) -> Asking | None:
        """How an issue was given to us last; None where none of its newest system notes says so."""
        us = self._known.us()
        path, wanted = f"projects/{thread.path}/notes", {"activity_filter": "only_activity", "order_by": "created_at"}
        for number, notes in enumerate(self._rest.pages(path, sort="desc", **wanted), 1):
            if (found := asking(notes, us)) is not None or number == ASSIGNING_PAGES:
                return found
        return None

    def at(self, thread: Thread) -> list[Told]:
        """What a look at the issue or merge request itself tells."""
        if thread.kind == ISSUES:
            return self.issue(self._rest.get(f"projects/{thread.path}"))
        return [ReviewSeen(room=thread.room, number=thread.iid)]

    def note(self, thread: Thread, number: int, *, calls_us: bool = False) -> list[Told]:
        """What a look at a note tells: what somebody said there, or the signs under it where it is ours.

        Where all that is said matters, what was said before it comes before it.
        """
        if (key := message_id(thread, number)) in self.memory.seen:
            return []
        before = self.notes(thread) if thread.path in self.memory.watched else []
        if any(isinstance(each, Heard) and each.id == key for each in before):
            return before
        row = self._rest.get(f"projects/{thread.path}/notes/{number}")
        if is_note(row) and is_by(row, self._known.us()):
            return [*before, *self.signs(thread, number)]
        return [*before, *self.said(thread, [row], calls_us=calls_us)]

    def notes(self, thread: Thread, row: Row | None = None) -> list[Told]:
        """What was said in a place since it was looked at; `row` is how the place stood before, where that is known."""
        key, memory = thread.path, self.memory
        start = memory.start.setdefault(key, memory.floor)
        since = max(start, memory.looked.get(key, start) - MARGIN)
        found: list[Row] = []
        query = {"sort": "desc", "order_by": "created_at", "activity_filter": "only_comments"}
        for page in self._rest.pages(f"projects/{key}/notes", **query):
            found += [each for each in page if is_note(each)]
            if page and time_in(page[-1], "created_at") < since:
                break
        ours = [number_in(each, "id") for each in found if is_by(each, self._known.us()) and not each.get("system")]
        fresh = [each for each in found if time_in(each, "created_at") >= since]
        told: list[Told] = [*self.said(thread, sorted(fresh, key=_order))]
        if ours:
            memory.ours[key] = tuple(ours[:MOST_OURS])
        if row is not None:
            memory.noted[key] = standing(row)
        memory.looked[key] = max([start, *(time_in(each, "created_at") for each in fresh)])
        return told

    def said(self, thread: Thread, rows: Iterable[Row], *, calls_us: bool = False) -> Iterable[Heard]:
        """The notes among these that are to be heard, as what was heard."""
        us, matters = self._known.us(), thread.path in self.memory.moved or thread.path in self.memory.watched
        for row in rows:
            if not is_note(row) or row.get("system") or is_by(row, us):
                continue
            is_old = time_in(row, "created_at") < self.memory.floor
            if is_old or message_id(thread, number_in(row, "id")) in self.memory.seen:
                continue
            path = self._known.path(thread.room)
            heard = read_note(row, thread, path, us, self._rest.config.url)
            heard = replace(heard, is_to_us=True) if calls_us else heard
            if not (heard.is_to_us or matters) or not self._known.covers(thread.room, path):
                continue
            if not self._known.is_bot(heard.by):
                yield heard

    def signs(self, thread: Thread, note: int) -> list[Told]:
        """The thumbs under a note of ours."""
        return [*self.thumbs(message_id(thread, note))]

    def thumbs(self, message: str) -> list[Reacted]:
        """All thumbs under a note."""
        us, found = self._known.us(), list[Reacted]()
        for page in self._rest.pages(f"projects/{message}/award_emoji"):
            for row in page:
                by, name = person_in(row, "user"), text_in(row, "name").partition("_tone")[0]
                if by is not None and by.id != us.id and name in THUMBS:
                    found.append(Reacted(message=message, by=by, yes=THUMBS[name]))
        return found

    def todo(self, row: Row) -> list[Told]:
        """What a to-do of ours is about, and that it is over then; nothing for what is no call for us."""
        kind, target = KINDS.get(text_in(row, "target_type"), ""), row.get("target")
        thread = thread_of(str(_project_of(row)), f"{kind}/{number_in(target, 'iid')}")
        action = text_in(row, "action_name")
        number = number_in(row, "id")
        is_call = action in ("mentioned", "directly_addressed")
        is_known = ("todo", number) in self.memory.seen
        if thread is None or is_known or not (is_call or (action == "assigned" and thread.kind == ISSUES)):
            return []
        path = text_in(row.get("project"), "path_with_namespace")
        self._known.learn(thread.room, path)
        if time_in(row, "created_at") < self.memory.floor or not self._known.covers(thread.room, path):
            return []
        if is_call:
            told = self._called(thread, row)
        else:  # an issue that is known was just told, or will be: the round asks for all that are assigned
            told = () if thread.path in self.memory.moved else _gone_is_nothing(lambda: self.at(thread))
        self.memory.seen.is_new(("todo", number))
        return [*told, Done(todo=number)]

    def _called(self, thread: Thread, row: Row) -> Sequence[Told]:
        """What was said where we were called: a note, or the description itself."""
        _, _, note = text_in(row, "target_url").partition("#note_")
        if note.isascii() and note.isdecimal():
            return _gone_is_nothing(lambda: self.note(thread, int(note), calls_us=True))
        target, by = row.get("target"), person_in(row, "author")
        is_ours = is_issue(target) and read_issue(target, self._known.us(), None, self._rest.config.url).is_ours
        if is_ours or not is_issue(target) or by is None or thread.path in self.memory.seen:
            return ()
        said = {"id": number_in(target, "id"), "author": row.get("author"), "created_at": row.get("created_at")}
        note_like = said | {"body": "" if thread.kind == ISSUES else text_in(target, "description")}
        path = self._known.path(thread.room)
        heard = read_note(note_like, thread, path, self._known.us(), self._rest.config.url)
        return () if self._known.is_bot(by) else (replace(heard, id=thread.path, is_to_us=True),)

    def _covers(self, room: str, row: Row) -> bool:
        self._known.learn(room, path_of(row))
        return self._known.covers(room, path_of(row) or self._known.path(room))


def standing(row: Row) -> tuple[datetime, int]:
    """How an issue or merge request stands: notes move its time once a minute at most, so they are counted."""
    return time_in(row, "updated_at"), number_in(row, "user_notes_count")


def place_thread(place: Place) -> Thread | None:
    """The issue or merge request of a place, without who may read what is said there."""
    found = thread_of(place.room, place.thread)
    return found and replace(found, is_internal=False)


def _order(row: Row) -> tuple[datetime, int]:
    return time_in(row, "created_at"), number_in(row, "id")


def _project_of(row: Row) -> int:
    return number_in(row.get("project"), "id") or number_in(row.get("target"), "project_id")


def _gone_is_nothing(look: Callable[[], list[Told]]) -> list[Told]:
    """What the look tells; nothing where what it is about is not there for us any more."""
    try:
        return look()
    except ChannelRefused as error:
        if is_final(error) and error.facts.get("status") == 404:
            return []
        raise
