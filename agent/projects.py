"""What is done at a code host, as grants, specifications and code name it: read in one strict way.

Nothing here knows one host from another: a name stands for the section `[codehost.NAME]` of the settings.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACTS = ("project", "issue", "merge-request", "commit", "pipeline", "log")
"""What may be done: make one of the first four, read one of the last two."""
MOST_NAME_CHARS = 200
HOST = re.compile(r"[a-z][a-z0-9_]{0,62}")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Of a group or a project. Plain ASCII: no letter looks like another one's."""
REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
"""One part of a branch's or tag's name."""
FILE = re.compile(r"[A-Za-z0-9_.](?:[A-Za-z0-9_.+@ -]*[A-Za-z0-9_+@-])?")
"""A file's or a folder's name; not such as systems read as another one, with a dot or a space at the end."""
HARMLESS_FILES = (".gitignore", ".gitkeep")


class BadName(ValueError):
    """Not the name of a project, a group, a branch, or a file."""


@dataclass(frozen=True, kw_only=True)
class HostAct:
    """One act at one place of one code host."""

    host: str
    """The code host, as the settings name it."""
    act: str
    """One of `ACTS`."""
    place: str
    """The project's path with its groups; for `project` the path of the group in which one is made."""
    branch: str = ""
    """For `commit` the branch, else empty."""

    def __str__(self) -> str:
        return f"{self.host} {self.act} {self.place}{f' {self.branch}' if self.branch else ''}"


def is_host_act(words: Sequence[str]) -> bool:
    """True for words that begin with what may be a code host's name, and an act."""
    return len(words) > 1 and HOST.fullmatch(words[0]) is not None and words[1] in ACTS


def read_host_act(words: Sequence[str]) -> HostAct:
    """The act of the words of a grant, exactly as they stand. Raises `BadName`."""
    match words:
        case [host, "project", group]:
            return HostAct(host=host, act="project", place=read_group(group))
        case [host, "commit", project, branch]:
            return HostAct(host=host, act="commit", place=read_project(project), branch=read_ref(branch))
        case [host, "issue" | "merge-request" | "pipeline" | "log" as act, project]:
            return HostAct(host=host, act=act, place=read_project(project))
        case _:
            raise BadName(
                "it reads `HOST project GROUP`, `HOST issue|merge-request|pipeline|log GROUP/PROJECT`, or "
                "`HOST commit GROUP/PROJECT BRANCH`"
            )


def act_in(ask: Mapping[str, Any]) -> HostAct:
    """The act that an ask of code in the sandbox needs, and no more. Raises `BadName`."""
    host, act = ask.get("host"), ask.get("act")
    if not isinstance(host, str) or not HOST.fullmatch(host):
        raise BadName("a code host is named as in the settings, in small letters")
    if not isinstance(act, str) or act not in ACTS:
        raise BadName(f"at a code host one may {', '.join(ACTS)}")
    project = read_project(ask.get("project"))
    if act == "project":
        return HostAct(host=host, act=act, place=read_group(project.rpartition("/")[0]))
    branch = read_ref(ask.get("branch")) if act == "commit" else ""
    return HostAct(host=host, act=act, place=project, branch=branch)


def read_project(text: object) -> str:
    """The path of a project, `GROUP/PROJECT`. Raises `BadName`."""
    path = read_group(text)
    if "/" not in path:
        raise BadName(f"{path!r} is no project: it is named by its whole path, GROUP/PROJECT")
    return path


def read_group(text: object) -> str:
    """The path of a group. Raises `BadName`."""
    parts = parts_of(text, "a project or group")
    if not all(NAME.fullmatch(part) for part in parts):
        raise BadName(f"{text!r} is no path of a project or group: its parts have letters of ASCII, digits, _, - and .")
    if parts[0].isdigit():
        raise BadName(f"{text!r} is no path of a project or group: servers would take the number for an id")
    return "/".join(parts)


def read_ref(text: object) -> str:
    """The name of a branch or a tag. Raises `BadName`."""
    parts = parts_of(text, "a branch")
    bad = any(not REF.fullmatch(part) or ".." in part or part.endswith((".", ".lock")) for part in parts)
    if bad or parts[0] == "refs" or parts[-1] == "HEAD":
        raise BadName(f"{text!r} is no branch: write its plain name, without refs/heads/")
    return "/".join(parts)


def read_file_path(text: object) -> str:
    """The path of a file in a project's tree, which is none that git or the host itself reads. Raises `BadName`."""
    parts = parts_of(text, "a file")
    if any(not FILE.fullmatch(part) or part in (".", "..") for part in parts):
        raise BadName(f"{text!r} is no path of a file: it leads down from the top, in letters of ASCII")
    if any(".git" in part.lower() and part not in HARMLESS_FILES for part in parts):
        raise BadName(f"{text!r} may not be written: what is called .git… steers git, or what its server runs")
    return "/".join(parts)


def parts_of(text: object, what: str) -> list[str]:
    """The parts of a path. Raises `BadName` for what is no short text."""
    if not isinstance(text, str) or not 0 < len(text) <= MOST_NAME_CHARS:
        raise BadName(f"the name of {what} is a text of at most {MOST_NAME_CHARS} characters")
    return text.split("/")
