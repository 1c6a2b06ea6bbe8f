"""What is said in GitLab, once: notes, files, labels, time spent, issues and merge requests of ours."""

import mimetypes
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.errors import ChannelRefused, ChannelUnavailable
from agent.hosting.host import Place, Proposal, Review
from agent.talking.channel import Enclosure, Letter
from agent.talking.marking import JOINER, file_name
from integrations.codehost._gitlab_known import Known
from integrations.codehost._gitlab_looking import place_thread
from integrations.codehost._gitlab_reading import (
    ISSUES,
    REVIEWS,
    Thread,
    is_by,
    is_note,
    key_in,
    marked,
    message_id,
    number_in,
    path_in,
    read_review,
    seconds_spent,
    thread_of,
)
from integrations.codehost._gitlab_rest import Rest, is_final
from integrations.reading import text_in

QUICK = re.compile(r"(^|[\n\r\v\f\x85\u2028\u2029])([^\S\n]*)/(?=\w)")
"""A line that begins as an order to GitLab does (quick actions)."""
COLOURS = {
    "working": "#1F75CB", "needs-answer": "#FC6D26", "needs-approval": "#6B4FBB", "done": "#108548",
    "failed": "#DD2B0E",
}  # fmt: skip
GREY = "#868686"
MOST_PLACES = 1_000
MOST_TITLE = 255
SECOND_LOOK_PAGES = 5


def harmless(text: str) -> str:
    """The text with a sign that nobody sees before each `/` that begins a line: GitLab would do what it says."""
    return QUICK.sub(rf"\1\2{JOINER}/", text)


@dataclass(kw_only=True)
class Said:
    """Which letters have a note in a place, as far as was looked."""

    newest: int = 0
    """Notes up to this were looked at."""
    notes: dict[str, int] = field(default_factory=dict)
    """By the letters' keys."""


class Sending:
    """Says things as our account. Raises `ChannelError`s; used by one thread."""

    def __init__(self, rest: Rest, known: Known) -> None:
        self._rest, self._known = rest, known
        self._said: OrderedDict[str, Said] = OrderedDict()
        self._labels: set[tuple[str, str]] = set()

    def say(self, letter: Letter) -> str:
        """The id of the letter's note, which is posted unless one of ours has its key."""
        thread = self._thread(letter.room, letter.thread)
        return self._posted(thread, letter.key) or self._post(thread, letter.text, letter.key)

    def rewrite(self, message: str, letter: Letter) -> None:
        """Have the note say what the letter says."""
        self._rest.put(f"projects/{checked(message)}", {"body": marked(harmless(letter.text), letter.key)})

    def enclose(self, enclosure: Enclosure, *, tried: bool) -> str:
        """The id of a note with a link to the file, which is stored in the project."""
        thread = self._thread(enclosure.room, enclosure.thread)
        if tried and (posted := self._posted(thread, enclosure.key)):
            return posted
        name = file_name(enclosure.name)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        stored = self._rest.upload(f"projects/{thread.room}/uploads", name, enclosure.data, kind)
        if not (url := text_in(stored, "url")):
            raise ChannelUnavailable(f"{self._rest.config.url} took a file, and does not say where it is")
        shown = re.sub(r"([\[\]<>*_~!#$%&:|\\])", r"\\\1", name)
        return self._post(thread, f"[{shown}]({url})", enclosure.key)

    def label(self, place: Place, add: Sequence[str], remove: Sequence[str]) -> None:
        """Have it bear these labels, and not those."""
        thread = self._place(place)
        for name in add:
            self._make_label(thread.room, name)
        wanted = {"add_labels": ",".join(add), "remove_labels": ",".join(remove)}
        body = {name: value for name, value in wanted.items() if value}
        if body:
            self._rest.put(f"projects/{thread.path}", body)

    def close(self, place: Place) -> None:
        """Close the issue or merge request."""
        self._rest.put(f"projects/{self._place(place).path}", {"state_event": "close"})

    def spend(self, place: Place, seconds: int, *, tried: bool) -> None:
        """Add to the time spent; what was tried is looked for among what the server noted of us."""
        thread = self._place(place)
        if seconds <= 0 or (tried and self._has_spent(thread, seconds)):
            return
        self._rest.post(f"projects/{thread.path}/add_spent_time", {"duration": f"{seconds}s"})

    def open_issue(self, room: str, title: str, text: str, key: str) -> Place:
        """An issue that is assigned to us, made unless one of ours has that key."""
        us = self._known.us()
        path = f"projects/{self._room(room)}/issues"
        query = {"author_id": us.id, "scope": "all", "state": "all", "order_by": "created_at", "sort": "desc"}
        for number, rows in enumerate(self._rest.pages(path, **query), 1):
            for row in rows:
                if is_by(row, us) and key_in(text_in(row, "description")) == key:
                    return Place(room=room, thread=f"{ISSUES}/{number_in(row, 'iid')}")
            if number == SECOND_LOOK_PAGES:
                break
        said = {"title": line(title), "description": marked(harmless(text), key), "assignee_ids": [int(us.id)]}
        made = number_in(self._rest.post(path, said), "iid")
        if not made:
            raise ChannelUnavailable(f"{self._rest.config.url} made an issue, and does not say which")
        return Place(room=room, thread=f"{ISSUES}/{made}")

    def propose(self, proposal: Proposal) -> Review:
        """The merge request of that source and target, made unless there is an open one."""
        said = {
            "source_branch": proposal.source,
            "target_branch": proposal.target,
            "title": line(proposal.title),
            "description": harmless(proposal.text),
        }
        if (found := self._proposed(proposal)) is not None:
            return found
        try:
            return read_review(self._rest.post(f"projects/{self._room(proposal.room)}/{REVIEWS}", said))
        except ChannelRefused as error:
            if error.facts.get("status") == 409 and (found := self._proposed(proposal)) is not None:
                return found
            raise

    def review(self, room: str, number: int) -> Review:
        """The merge request as it stands now."""
        return read_review(self._rest.get(f"projects/{self._room(room)}/{REVIEWS}/{number}"))

    def reviews(self, room: str, source: str, *, state: str = "all") -> list[Review]:
        """Every merge request from that branch of the project itself, newest first: forks have branches, too."""
        found: list[Review] = []
        query = {"source_branch": source, "state": state, "scope": "all", "order_by": "created_at", "sort": "desc"}
        for rows in self._rest.pages(f"projects/{self._room(room)}/{REVIEWS}", **query):
            found += [read_review(row) for row in rows if str(number_in(row, "source_project_id")) == room]
        return [each for each in found if each.source == source]

    def rewrite_review(self, review: Review, title: str, text: str) -> None:
        """Have it say this."""
        body = {"title": line(title), "description": harmless(text)}
        self._rest.put(f"projects/{self._room(review.room)}/{REVIEWS}/{review.number}", body)

    def see(self, message: str) -> None:
        """Put 👀 under it. One that is there is none too many."""
        try:
            self._rest.post(f"projects/{checked(message)}/award_emoji", {"name": "eyes"})
        except ChannelRefused as error:
            if not (is_final(error) and "already been taken" in str(error.facts.get("word"))):
                raise

    def _proposed(self, proposal: Proposal) -> Review | None:
        found = self.reviews(proposal.room, proposal.source, state="opened")
        return next((each for each in found if each.target == proposal.target and each.state == "open"), None)

    def _posted(self, thread: Thread, key: str) -> str:
        """The id of our note with that key; empty where there is none. Of old notes it is known what they bear."""
        said = self._said.setdefault(thread.path, Said())
        self._said.move_to_end(thread.path)
        while len(self._said) > MOST_PLACES:
            self._said.popitem(last=False)
        us, newest, found = self._known.us(), said.newest, dict[str, int]()
        query = {"activity_filter": "only_comments", "order_by": "created_at", "sort": "desc"}
        for rows in self._rest.pages(f"projects/{thread.path}/notes", **query):
            notes = [row for row in rows if is_note(row)]
            for row in notes:
                if is_by(row, us) and not row.get("system") and (bears := key_in(text_in(row, "body"))):
                    found[bears] = number_in(row, "id")
            newest = max([newest, *(number_in(row, "id") for row in notes)])
            if any(number_in(row, "id") <= said.newest for row in notes):
                break
        said.notes |= found
        said.newest = newest
        number = said.notes.get(key, 0)
        return message_id(thread, number) if number else ""

    def _post(self, thread: Thread, text: str, key: str) -> str:
        body: dict[str, object] = {"body": marked(harmless(text), key)}
        if thread.is_internal:
            body["internal"] = True
        made = self._rest.post(f"projects/{thread.path}/notes", body)
        if not (number := number_in(made, "id")):
            raise ChannelUnavailable(f"{self._rest.config.url} took a note, and does not say which it is")
        return message_id(thread, number)

    def _make_label(self, room: str, name: str) -> None:
        """Make a label with its colour where the project has none of that name; where we may not, GitLab chooses."""
        if (room, name) in self._labels:
            return
        colour = COLOURS.get(name.rpartition("::")[2], GREY)
        try:
            self._rest.post(f"projects/{room}/labels", {"name": name, "color": colour})
        except ChannelRefused as error:
            if not is_final(error) or error.facts.get("status") not in (400, 403, 409):
                raise
        self._labels.add((room, name))

    def _has_spent(self, thread: Thread, seconds: int) -> bool:
        us = self._known.us()
        query = {"activity_filter": "only_activity", "order_by": "created_at", "sort": "desc"}
        rows = self._rest.page(f"projects/{thread.path}/notes", **query)
        return any(is_note(row) and is_by(row, us) and seconds_spent(row) == seconds for row in rows)

    def _thread(self, room: str, name: str) -> Thread:
        found = thread_of(room, name)
        if found is None:
            raise ChannelRefused("A project has no place for a note but its issues and merge requests")
        return found

    def _place(self, place: Place) -> Thread:
        found = place_thread(place)
        if found is None:
            raise ChannelRefused("That is no issue and no merge request")
        return found

    def _room(self, room: str) -> str:
        if not (room.isascii() and room.isdecimal()):
            raise ChannelRefused("That is no project's id")
        return room


def line(title: str) -> str:
    """The title as GitLab takes it: one line, not too long."""
    plain = " ".join(title.split())
    return plain if len(plain) <= MOST_TITLE else f"{plain[: MOST_TITLE - 1]}…"


def checked(message: str) -> str:
    """Where the API has the message of that id. Raises `ChannelRefused` for what is none."""
    if not (path := path_in(message)):
        raise ChannelRefused("That is no note of an issue or merge request")
    return path
