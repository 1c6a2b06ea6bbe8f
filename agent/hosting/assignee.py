"""Takes issues that are assigned to us, and what is said under issues; lets go of those that are taken from us."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.errors import BadTask
from agent.hosting.host import CodeHost, Issue, IssueSeen, Place, ReviewSeen
from agent.hosting.reading import demands_of, task_of
from agent.hosting.reviews import Reviews
from agent.talking.channel import Heard, Seen
from agent.talking.colleague import Colleague
from agent.talking.rights import Spoken
from registry import TaskRecord
from registry.issues import Issues, TakenIssue

ISSUES = "issues/"
"""How the threads of issues begin."""
INTERNAL = "/internal"
"""How those end in which members alone read."""


@dataclass(kw_only=True)
class Assignee:
    """Who hears people at one code host. Used by one thread.

    As with messages, what is done about an issue may be begun twice and comes to the same: the task has the issue and
    the moment of its assignment as its key.
    """

    host: CodeHost
    colleague: Colleague
    issues: Issues
    reviews: Reviews | None
    """The registry's merge requests, where it is a project of this host."""

    def hear(self, heard: Heard) -> None:
        """Do what a comment asks for, once. A mention without words means the issue itself."""
        place = issue_of(heard)
        if place and heard.is_to_us and not self._was_heard(heard.id):
            issue = self.host.issue(place)
            heard = replace(heard, constraints=demands_of(issue.labels, is_confidential=issue.is_confidential))
            if not (heard.text or heard.attachments):
                self._hear_issue(heard, issue)
                return
        self.colleague.hear(heard)

    def broken(self, heard: Heard, error: Exception) -> None:
        """Say that Kowal itself failed at the comment, and go on with the next."""
        self.colleague.broken(heard, error)

    def see(self, seen: Seen) -> None:
        """Take the issue that was looked at, or let go of it; have a merge request be looked at."""
        if isinstance(seen, IssueSeen):
            self.look_at(seen.issue)
        elif isinstance(seen, ReviewSeen) and self.reviews is not None:
            self.reviews.seen(seen)

    def look_at(self, issue: Issue) -> None:
        """Take the issue where it was assigned to us since the last time; cancel its tasks where it is not ours now."""
        place, name = issue.place, self.host.name
        known = self.issues.taken(name, place.room, place.thread)
        is_ours = issue.is_ours and issue.is_open
        taken = TakenIssue(channel=name, room=place.room, thread=place.thread, asked_at=issue.asked_at, is_held=is_ours)
        if is_ours and (known is None or issue.asked_at > known.asked_at):
            self._hear_issue(heard_of(issue), issue)
            self.issues.take(taken)
        elif known and known.is_held and not is_ours:
            self._cancel(issue, "closed" if not issue.is_open else "unassigned")
            self.issues.take(replace(taken, asked_at=known.asked_at))
        elif not issue.is_open:
            self._cancel(issue, "closed")  # somebody asked in a comment
        elif known and is_ours and not known.is_held:
            self.issues.take(replace(taken, asked_at=known.asked_at))

    def places(self) -> Sequence[Place]:
        """The issues under which a task goes on, or something waits for a signature."""
        name = self.host.name
        open_ones = [(of.room, of.thread) for of, _ in self.colleague.chats.untold(name)]
        open_ones += [(each.room, each.thread) for each in self.colleague.chats.petitions(name)]
        return [Place(room=room, thread=public(thread)) for room, thread in dict.fromkeys(open_ones) if thread]

    def _hear_issue(self, heard: Heard, issue: Issue) -> None:
        """Have what the issue says be done; one that does not say it as the template wants is told so."""
        demands = demands_of(issue.labels, is_confidential=issue.is_confidential)
        try:
            task = task_of(issue.title, issue.text)
        except BadTask as error:
            self.colleague.refuse(heard, error)
            return
        words = re.sub(rf"(?<![\w@])@{re.escape(self.host.us.name)}(?![\w.-]*\w)[,:]? ?", "", task.text).strip()
        task = replace(task, text=words)
        asked = replace(heard, task=task, text=words, attachments=issue.attachments, constraints=demands)
        self.colleague.hear(asked)

    def _cancel(self, issue: Issue, how: str) -> None:
        """Have the open tasks of the issue end."""
        place, people, by = issue.place, self.colleague.people, f"{self.host.name}:{how}"
        may = Spoken(approvers=(by,))
        for task in self._open_under(place):
            people.under(may).desk.cancel(task, by=by)

    def _open_under(self, place: Place) -> Sequence[TaskRecord]:
        chats, name = self.colleague.chats, self.host.name
        threads = (place.thread, place.thread + INTERNAL)
        under = [task for thread in threads for _, task in chats.under(name, place.room, thread)]
        return [task for task in under if not task.state.is_over]

    def _was_heard(self, message: str) -> bool:
        return self.colleague.chats.was_heard(self.host.name, message)


def heard_of(issue: Issue) -> Heard:
    """The issue as something that whoever assigned it says."""
    return Heard(
        id=issue.id,
        at=issue.asked_at,
        room=issue.place.room,
        room_name=issue.room_name,
        thread=issue.place.thread,
        by=issue.assigned_by,
        text=issue.title,
        is_to_us=True,
        is_direct=False,
    )


def issue_of(heard: Heard) -> Place | None:
    """The issue under which it was said; None elsewhere."""
    return Place(room=heard.room, thread=public(heard.thread)) if heard.thread.startswith(ISSUES) else None


def public(thread: str) -> str:
    """The issue's own thread, of one in which members alone read."""
    return thread.removesuffix(INTERNAL)
