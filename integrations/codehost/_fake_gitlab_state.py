"""What a fake GitLab server knows, and who may see and do what."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from integrations.codehost import _fake_gitlab_git as git
from integrations.codehost._fake_gitlab_records import (
    Account,
    Document,
    Issue,
    Note,
    Place,
    Protection,
    Space,
    Token,
    Work,
    missing,
    now,
)
from integrations.codehost._fake_gitlab_world import OWNER, PLANNER, Group, Project, User, World


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
        self.deliver: Callable[[Document, str, Document], None]
        """Posts something to a hook: the hook, the event, the payload."""
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
        """A new project; its default branch is protected, for maintainers alone."""
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
        rule = Protection(id=self.next("protection"), name=place.default_branch)
        place.protections[rule.name] = rule
        git.create(place, project)
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
