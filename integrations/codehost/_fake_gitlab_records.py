"""The records of a fake GitLab server: accounts, groups, projects, issues, notes, merge requests, pipelines."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Refused(Exception):
    """The request gets an error, as the server words it: `said` is the whole body, or its `message`."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status} {said}")
        self.status = status
        self.body: Document = said if isinstance(said, dict) and {"error", "message"} & set(said) else {"message": said}


def missing(what: str) -> Refused:
    """404, as it is answered for what is not there and for what one may not see."""
    return Refused(404, f"404 {what} Not Found")


def forbidden() -> Refused:
    """403, for what one may see and not do."""
    return Refused(403, "403 Forbidden")


def now() -> datetime:
    """The server's clock, which counts milliseconds."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@dataclass(kw_only=True)
class Token:
    """What lets somebody in."""

    id: int
    name: str
    created_at: datetime
    scopes: tuple[str, ...] = ("api",)
    expires_at: date | None = None
    revoked: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it still lets somebody in: not from the day on that it says."""
        return not self.revoked and (self.expires_at is None or now().date() < self.expires_at)


@dataclass(kw_only=True)
class Account:
    """Somebody, or a bot."""

    id: int
    username: str
    name: str
    admin: bool
    bot: bool
    email: str
    created_at: datetime
    tokens: dict[str, Token] = field(default_factory=dict)


@dataclass(kw_only=True)
class Space:
    """A group, or somebody's own namespace."""

    id: int
    full_path: str
    kind: str
    visibility: str = "public"
    members: dict[int, int] = field(default_factory=dict)
    """Access levels by the account's id."""


@dataclass(kw_only=True)
class Note:
    """A comment, or what the server itself notes of a change (`system`)."""

    id: int
    body: str
    author: Account
    created_at: datetime
    updated_at: datetime
    discussion: str
    system: bool = False
    internal: bool = False
    in_thread: bool = False
    resolvable: bool = False
    resolved_by: Account | None = None
    awards: list[Document] = field(default_factory=list)


@dataclass(kw_only=True)
class Work:
    """What an issue and a merge request share."""

    id: int
    iid: int
    project: "Place"
    title: str
    description: str
    author: Account
    created_at: datetime
    updated_at: datetime
    state: str = "opened"
    labels: list[str] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    awards: list[Document] = field(default_factory=list)
    closed_at: datetime | None = None
    closed_by: Account | None = None
    time_estimate: int = 0
    time_spent: int = 0
    """In seconds."""
    locked: bool = False

    def note(self, id: int) -> Note:
        """The note of that id. Raises `Refused`."""
        if (found := next((note for note in self.notes if note.id == id), None)) is None:
            raise missing("Note")
        return found


@dataclass(kw_only=True)
class Issue(Work):
    """An issue."""

    confidential: bool = False
    due_date: str | None = None
    issue_type: str = "issue"

    kind = "Issue"
    path = "issues"
    sign = "#"


@dataclass(kw_only=True)
class MergeRequest(Work):
    """A merge request within one project."""

    source_branch: str
    target_branch: str
    sha: str
    base_sha: str
    remove_source_branch: bool | None = None
    squash: bool = False
    reviewers: list[Account] = field(default_factory=list)
    approved_by: list[Account] = field(default_factory=list)
    merged_by: Account | None = None
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    merge_error: str | None = None
    when_checks_pass: Account | None = None
    """Who wants it merged as soon as the pipeline has succeeded."""

    kind = "MergeRequest"
    path = "merge_requests"
    sign = "!"


@dataclass(kw_only=True)
class Job:
    """A job of a pipeline."""

    id: int
    name: str
    status: str
    log: str
    stage: str = "test"


@dataclass(kw_only=True)
class Pipeline:
    """What ran, or runs, for a commit."""

    id: int
    iid: int
    ref: str
    sha: str
    status: str
    source: str
    user: Account
    created_at: datetime
    updated_at: datetime
    jobs: list[Job] = field(default_factory=list)
    merge_request: int | None = None
    """The iid of the merge request for which it runs."""


@dataclass(kw_only=True)
class Protection:
    """Of the branches that a name or a pattern with `*` means; levels of 0 let nobody."""

    id: int
    name: str
    push: int = 40
    merge: int = 40
    push_users: set[int] = field(default_factory=set)
    merge_users: set[int] = field(default_factory=set)
    force: bool = False

    def covers(self, branch: str) -> bool:
        """Whether it holds for the branch."""
        return re.fullmatch(".*".join(map(re.escape, self.name.split("*"))), branch) is not None


@dataclass(kw_only=True)
class Place:
    """A project."""

    id: int
    path: str
    space: Space
    visibility: str
    creator: Account
    created_at: datetime
    repository: Path
    default_branch: str = "main"
    description: str = ""
    merge_method: str = "merge"
    members: dict[int, int] = field(default_factory=dict)
    labels: dict[str, Document] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    hooks: dict[int, Document] = field(default_factory=dict)
    protections: dict[str, Protection] = field(default_factory=dict)
    uploads: dict[tuple[str, str], bytes] = field(default_factory=dict)
    statuses: list[Document] = field(default_factory=list)
    options: Document = field(default_factory=dict)
    """What else may be set: `remove_source_branch_after_merge`, `only_allow_merge_if_pipeline_succeeds` and so on."""
    archived: bool = False

    @property
    def full_path(self) -> str:
        """Such as `tools/forge`."""
        return f"{self.space.full_path}/{self.path}"


def new_secret() -> str:
    """Thirty-two hexadecimal digits, as uploads and discussions are named."""
    return secrets.token_hex(16)
