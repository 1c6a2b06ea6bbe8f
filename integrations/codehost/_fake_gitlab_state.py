"""What a fake GitLab server knows: accounts, groups, projects, issues, notes, merge requests, pipelines, hooks."""

import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from integrations.codehost._fake_gitlab_world import OWNER, PLANNER, Group, Project, User, World

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


class State:
    """All of it. Whoever reads or changes it holds `lock`."""

    def __init__(self, world: World, folder: Path) -> None:
        self.lock = threading.RLock()
        self.folder = folder
        """Where the repositories are."""
        self.version = world.version
        self.signing = world.signing
        self.url = ""
        self.users: dict[int, Account] = {}
        self.spaces: dict[str, Space] = {}
        """By their full path."""
        self.projects: dict[int, Place] = {}
        self.todos: dict[int, Document] = {}
        self.on_event: list[Callable[[str, Place, Document, bool], None]] = []
        """Told of what hooks hear, under the lock: the event, the project, the payload, whether it is confidential."""
        self.on_project: Callable[[Place, Project], None] = lambda place, wanted: None
        """Told of a new project, whose repository is wanted."""
        self.on_test: Callable[[Place, Document, str, Account], None] = lambda place, hook, trigger, user: None
        """Told that somebody wants a hook tested."""
        self._counts: Counter[str] = Counter()
        for user in world.users:
            self.enrol(user)
        for group in world.groups:
            self._open_group(group)
        for project in world.projects:
            self.open_project(project, next(iter(self.users.values())))

    def next(self, kind: str) -> int:
        """A new id."""
        self._counts[kind] += 1
        return self._counts[kind]

    def enrol(self, user: User) -> Account:
        """A new account, with a namespace of its own."""
        account = Account(
            id=self.next("user"),
            username=user.username,
            name=user.name or user.username,
            admin=user.admin,
            bot=user.bot,
            email=user.email or f"{user.username}@example.com",
            created_at=now(),
        )
        if user.token:
            token = Token(id=self.next("token"), name="script", created_at=now(), expires_at=user.expires_at)
            account.tokens[user.token] = token
        self.users[account.id] = account
        own = Space(id=self.next("space"), full_path=user.username, kind="user", members={account.id: OWNER})
        self.spaces[own.full_path] = own
        return account

    def _open_group(self, group: Group) -> None:
        members = {self.known(name).id: level for name, level in group.members.items()}
        self.spaces[group.path] = Space(
            id=self.next("space"), full_path=group.path, kind="group", visibility=group.visibility, members=members
        )

    def open_project(self, project: Project, creator: Account) -> Place:
        """A new project, without a repository; its default branch is protected."""
        above, _, path = project.path.rpartition("/")
        id = project.id or next(id for id in iter(lambda: self.next("project"), 0) if id not in self.projects)
        place = Place(
            id=id,
            path=path,
            space=self.spaces[above],
            visibility=project.visibility,
            creator=creator,
            created_at=now(),
            repository=self.folder / f"{project.path}.git",
            default_branch=project.default_branch,
            merge_method=project.merge_method,
            members={self.known(name).id: level for name, level in project.members.items()},
        )
        for label in project.labels:
            self.label(place, label)
        self.projects[id] = place
        return place

    def label(self, place: Place, name: str, color: str = "#6699cc", description: str = "") -> Document:
        """The label of that name, made if need be."""
        return place.labels.setdefault(
            name, {"id": self.next("label"), "name": name, "color": color, "description": description}
        )

    # Who somebody is, and what they may do.

    def user(self, name_or_id: str | int) -> Account | None:
        """The account of that username or id."""
        return next((user for user in self.users.values() if name_or_id in (user.username, user.id)), None)

    def known(self, name_or_id: str | int) -> Account:
        """The same. Raises `Refused` where there is none."""
        if (found := self.user(name_or_id)) is None:
            raise missing("User")
        return found

    def by_token(self, token: str) -> tuple[Account, Token] | None:
        """Whose token it is, good or not."""
        found = ((user, user.tokens[token]) for user in self.users.values() if token in user.tokens)
        return next(found, None)

    def spaces_above(self, place: Place) -> list[Space]:
        """The groups in which a project is, the innermost first."""
        parts = place.space.full_path.split("/")
        paths = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
        return [self.spaces[path] for path in paths if path in self.spaces]

    def members(self, place: Place) -> dict[int, int]:
        """Access levels by account, inherited ones too: the highest counts."""
        found: dict[int, int] = {}
        for members in (place.members, *(space.members for space in self.spaces_above(place))):
            for user, level in members.items():
                found[user] = max(level, found.get(user, 0))
        return found

    def level(self, user: Account | None, place: Place) -> int:
        """The access level of somebody in a project; 0 for who is none of its members."""
        if user is None:
            return 0
        return OWNER if user.admin else self.members(place).get(user.id, 0)

    def sees(self, user: Account | None, place: Place) -> bool:
        """Whether somebody may see that the project is there."""
        open_for = place.visibility == "public" or (place.visibility == "internal" and user is not None)
        return open_for or self.level(user, place) >= 10

    def sees_work(self, user: Account | None, work: Work) -> bool:
        """Whether somebody may see an issue or merge request of a project that they see."""
        if not isinstance(work, Issue):
            return work.project.visibility != "private" or self.level(user, work.project) >= PLANNER
        if not work.confidential or self.level(user, work.project) >= PLANNER:
            return True
        return user is not None and (user is work.author or user in work.assignees)

    def sees_note(self, user: Account | None, work: Work, note: Note) -> bool:
        """Whether somebody may see a note of what they see."""
        return not note.internal or self.level(user, work.project) >= PLANNER

    def works(self) -> Iterable[Work]:
        """Every issue and merge request."""
        for place in self.projects.values():
            yield from place.issues.values()
            yield from place.merge_requests.values()

    def place(self, id_or_path: str | int) -> Place | None:
        """The project of that id or full path, however its letters are cased."""
        text = str(id_or_path)
        if text.isdecimal():
            return self.projects.get(int(text))
        return next((place for place in self.projects.values() if place.full_path.lower() == text.lower()), None)

    def tell(self, event: str, place: Place, payload: Document, *, confidential: bool = False) -> None:
        """Have the hooks hear of something."""
        for listener in self.on_event:
            listener(event, place, payload, confidential)


def new_secret() -> str:
    """Thirty-two hexadecimal digits, as uploads and discussions are named."""
    return secrets.token_hex(16)
