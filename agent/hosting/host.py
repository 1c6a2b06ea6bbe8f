"""What Kowal asks of a code host, beyond what it asks of any channel. The next host is one file.

A project is a room, an issue or a merge request is a thread of it. What a project's members may see only is said in a
thread of its own: `issues/14` is issue 14, `issues/14/internal` what is said there to members alone; `merge_requests/5`
is a merge request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from agent.host_ports import HostActions
from agent.talking.channel import Attachment, Channel, Person, Seen

ReviewState = Literal["open", "merged", "closed"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """An issue or a merge request."""

    room: str
    """The project's id."""
    thread: str


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue as it stands now, asked of the server."""

    id: str
    """Another one once it is assigned to us again, or opened again while it is. `see` takes it."""
    place: Place
    asked_at: datetime
    """When it was last assigned to us, or opened again while it was; when it was made, where nothing else is known."""
    room_name: str
    """The project's path, with its groups: `platform/tools/reports`."""
    url: str
    title: str
    text: str
    """Its description, as it was written."""
    author: Person
    assigned_by: Person
    """Who assigned it to us, by the server's word; the author where that is not known."""
    is_open: bool
    is_ours: bool
    """Whether it is assigned to us."""
    is_confidential: bool
    labels: frozenset[str]
    updated_at: datetime
    """By the server's clock; with a zone."""
    attachments: tuple[Attachment, ...] = ()
    """The files that its description names."""


@dataclass(frozen=True, kw_only=True)
class IssueSeen(Seen):
    """An issue was looked at: because something happened to it, or because it was time."""

    issue: Issue


@dataclass(frozen=True, kw_only=True)
class ReviewSeen(Seen):
    """Something happened to a merge request, or to a branch that matters to one."""

    room: str
    number: int
    """0 where only the branch is known."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a merge request is to be."""

    room: str
    source: str
    """A branch, without `refs/heads/`."""
    target: str
    title: str
    text: str
    """Markdown."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A merge request as it stands now."""

    room: str
    number: int
    url: str
    source: str
    target: str
    title: str
    text: str
    state: ReviewState
    commit: str
    """The newest commit of its source."""
    merge_commit: str
    """The commit on the target by which it came in; empty where it is not merged, or came in as its own commits."""
    decided_by: Person | None
    """Who merged or closed it; None while it is open, or where the server does not say."""
    author: Person


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A pipeline that failed."""

    room: str
    room_name: str
    number: int
    """Its id."""
    ref: str
    commit: str
    url: str
    at: datetime
    """When it ended; with a zone."""
    logs: Mapping[str, str]
    """Of each job that failed, by its name: the end of its log, 200 kB at most."""


class CodeHost(Channel, Protocol):
    """One code host, as one account of ours sees it. Errors and threads are as those of a `Channel`.

    `next` gives out `IssueSeen` and `ReviewSeen`, too. `roles` of a person in a project has every role up to their
    own: `guest`, `reporter`, `developer`, `maintainer`, `owner`, and `admin` of the server as far as it tells.
    """

    @property
    def expires_at(self) -> datetime | None:
        """When our token ends, asked of the server once a day; None where it does not, or the server does not say."""
        ...

    def watch(self, places: Callable[[], Sequence[Place]]) -> None:
        """Look at these each round, too, and give out their issues and notes, whoever they are assigned to."""
        ...

    def issue(self, place: Place) -> Issue:
        """The issue."""
        ...

    def open_issue(self, room: str, title: str, text: str, key: str) -> Place:
        """A confidential issue that is assigned to us, made unless one with that key was made before."""
        ...

    def label(self, place: Place, *, add: Sequence[str], remove: Sequence[str]) -> None:
        """Have it bear these labels, and not those; labels that the project lacks are made. Idempotent."""
        ...

    def close_issue(self, place: Place) -> None:
        """Close it. Idempotent."""
        ...

    def spend(self, place: Place, seconds: int, *, tried: bool) -> None:
        """Add to the time spent on it; with `tried` it is looked for first, and not added twice."""
        ...

    def propose(self, proposal: Proposal) -> Review:
        """The merge request of that source and target, made unless there is an open one."""
        ...

    def review(self, room: str, number: int) -> Review:
        """The merge request as it stands now."""
        ...

    def reviews(self, room: str, source: str) -> Sequence[Review]:
        """Every merge request from that branch, newest first."""
        ...

    def rewrite_review(self, review: Review, *, title: str, text: str) -> None:
        """Have it say this. Idempotent."""
        ...

    def close_review(self, review: Review) -> None:
        """Close it without merging. Idempotent."""
        ...

    def may_push(self, room: str, branch: str) -> bool:
        """Whether our account may push to the branch: protected ones have rules of their own."""
        ...

    def failures(self, room: str, since: datetime) -> Sequence[Failure]:
        """The pipelines of the project that failed after that, oldest first; 20 at most."""
        ...


@dataclass(frozen=True, kw_only=True)
class HostInfo:
    """What a code host's file offers under the name `HOST`: as a `ChannelInfo`, and the webhook."""

    name: str
    summary: str
    open: Callable[[Mapping[str, Any]], CodeHost]
    """Its raw section of the settings in, the host out. Raises `BadSettings`. Asks nobody."""
    actions: Callable[[Mapping[str, Any]], HostActions]
    """The same for what functions may be granted."""
    questions: tuple[tuple[str, str], ...]
    """What `kowal init NAME` asks, as `ChannelInfo.questions`."""
    hook: Callable[[Mapping[str, Any], str], Sequence[str]]
    """Makes the webhook in each project of the section, to that address (URL), and gives what it did, a line each.
    Idempotent."""
