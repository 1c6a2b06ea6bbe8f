"""What a fake GitLab server begins with: people, groups and projects; as the command's script says it in JSON."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

GUEST, PLANNER, REPORTER, DEVELOPER, MAINTAINER, OWNER = 10, 15, 20, 30, 40, 50
"""The access levels of members; minimal access, 5, lets nobody into a project."""
Visibility = Literal["private", "internal", "public"]


class User(BaseModel):
    """An account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str
    name: str = ""
    """For people; the username where it is empty."""
    admin: bool = False
    bot: bool = False
    token: str = ""
    """A personal access token that is there from the start, with the scope `api`."""
    expires_at: date | None = None
    """The last day before which that token is good for something; None: always."""
    email: str = ""


class Group(BaseModel):
    """A group; a path with slashes makes it a subgroup of the one before, which must come first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    visibility: Visibility = "private"
    members: dict[str, int] = {}
    """Access levels by username; they hold in subgroups and projects, too."""


class Project(BaseModel):
    """A project with a repository, whose default branch has a README from the start unless `empty`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """With its groups' or its owner's name, such as `tools/forge`."""
    id: int = 0
    """Counted from 1 where it is 0."""
    visibility: Visibility = "private"
    members: dict[str, int] = {}
    labels: tuple[str, ...] = ()
    default_branch: str = "main"
    empty: bool = False
    files: dict[str, str] = {}
    """Of the first commit, beside the README."""
    merge_method: Literal["merge", "rebase_merge", "ff"] = "merge"


class World(BaseModel):
    """All of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: tuple[User, ...] = (
        User(username="kowal", name="Kowal", bot=True, token="kowal-token"),  # noqa: S106 - of a fake
        User(username="ann", name="Ann Nowak", token="ann-token"),  # noqa: S106
        User(username="bob", name="Bob Lis", token="bob-token"),  # noqa: S106
        User(username="root", name="Administrator", admin=True, token="root-token"),  # noqa: S106
    )
    groups: tuple[Group, ...] = (Group(path="tools", members={"ann": MAINTAINER}),)
    projects: tuple[Project, ...] = (Project(path="tools/forge", members={"kowal": DEVELOPER, "bob": REPORTER}),)
    version: str = "18.6.0-ee"
    signing: bool = True
    """Whether hooks may have a signing token, too."""
