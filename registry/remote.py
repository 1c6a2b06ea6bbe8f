"""The remote that a registry is shared through: where it is, how it is reached, and what its failures are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from registry.commands import Ended
from registry.errors import BranchProtected, RegistryError, RemoteRefused, RemoteUnavailable
from registry.messages import one_line

NAME = "kowal-registry"
"""What git calls the remote; it stands in no file."""
CONNECT_LIMIT_S = 4
_MOST_SAID = 400
_SHORTEST_SECRET = 8
"""A shorter one is no token, and may be a part of any word."""

_USER_INFO = re.compile(r"(?<=://)[^/\s]*@")
_SCP_LIKE = re.compile(r"[^/]+:")
_HELPER = (
    r'!f() { test "$1" = get && printf "username=%s\npassword=%s\n" "$KOWAL_REMOTE_USER" "$KOWAL_REMOTE_PASSWORD"; }; f'
)
"""Tells git the credentials: they stand in the environment of its commands and nowhere else."""
_MAY_NOT = re.compile(
    r"ermission denied|uthentication failed|could not read (?:Username|Password)|ccess denied|not allowed|Forbidden"
    r"|Unauthorized|error: 40[13]|Host key verification failed|dubious ownership|does not support --atomic"
)
_IN_THE_WAY = re.compile(r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|failed to lock")
_PROTECTED = re.compile(r"protected branch", re.IGNORECASE)
"""In the words of GitLab, GitHub, Gitea and Bitbucket alike."""
_NO_WRITING = re.compile(r"ermission denied|Read-only|No space|quota|too large")
_REASON = re.compile(r"^!\t.*\[[^\]]*rejected\] \((.*)\)$", re.MULTILINE)
_TOLD = re.compile(r"^(?:remote|fatal|error): ?(.*)$", re.MULTILINE)
_OF_OTHERS = "atomic push failure", "atomic push failed", "atomic transaction failed"


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A git remote that holds the truth of a registry, and how old a copy of it may be."""

    place: str = field(repr=False)
    """A git URL, which may carry credentials, or a path."""
    max_age_s: float = 30.0
    """A copy that is older is brought up to date before it is read."""

    @cached_property
    def url(self) -> str:
        """What git is given. It lacks the credentials of a web address: those would stand in the list of processes."""
        if "://" not in self.place:
            return self.place if _SCP_LIKE.match(self.place) else str(Path(self.place).expanduser().absolute())
        return _USER_INFO.sub("", self.place) if self._is_web else self.place

    @property
    def shown(self) -> str:
        """What people, errors and logs are shown: it has no credentials."""
        return _USER_INFO.sub("", self.url)

    @property
    def configuration(self) -> Mapping[str, str]:
        """What git must know to reach it, and to trust nothing else that it gives."""
        found = {f"remote.{NAME}.url": self.url, "fetch.fsckObjects": "true"}
        if self.credentials:
            found |= {"credential.helper": "", f"credential.{self._origin}.helper": _HELPER}
        return found

    @property
    def credentials(self) -> Mapping[str, str]:
        """The variables that hold the credentials of a web address; none where it has none."""
        parts = urlsplit(self.place) if self._is_web else None
        if parts is None or parts.username is None:
            return {}
        user, password = unquote(parts.username), unquote(parts.password or "")
        return {"KOWAL_REMOTE_USER": user, "KOWAL_REMOTE_PASSWORD": password}

    def unanswered(self, ended: Ended) -> RegistryError:
        """The error for a command that got nothing from the remote."""
        kind, did = (RemoteRefused, "refused") if _MAY_NOT.search(ended.said) else (RemoteUnavailable, "cannot be read")
        return kind(f"The registry's remote {self.shown} {did}: {self._told(ended)}")

    def refused(self, ended: Ended) -> RegistryError:
        """The error for a change that the remote did not take, though nothing had moved there."""
        if not _REASON.search(ended.out):
            return self.unanswered(ended)
        kind = BranchProtected if _PROTECTED.search(ended.out + ended.said) else RemoteRefused
        return kind(f"The registry's remote {self.shown} refused the change: {self._told(ended)}")

    def without_credentials(self, text: str) -> str:
        """The text as it may be shown."""
        user, password = (*self.credentials.values(), "", "")[:2]
        secret = password or user
        return _USER_INFO.sub("", text.replace(secret, "***") if len(secret) >= _SHORTEST_SECRET else text)

    @property
    def _is_web(self) -> bool:
        return self.place.lower().startswith(("http://", "https://"))

    @property
    def _origin(self) -> str:
        return "/".join(self.url.split("/")[:3])

    def _told(self, ended: Ended) -> str:
        """What git and the remote said, on one line."""
        reasons = [reason for reason in _REASON.findall(ended.out) if reason not in _OF_OTHERS]
        told = [line for line in _TOLD.findall(ended.said) if "failed to push some refs" not in line]
        said = "; ".join(dict.fromkeys([*reasons, *map(str.strip, told)])) or ended.said or "it said nothing"
        return self.without_credentials(one_line(said))[:_MOST_SAID]


def in_the_way(ended: Ended) -> bool:
    """True where a change was not taken because another one was being made."""
    said = ended.out + ended.said
    return bool(_IN_THE_WAY.search(said)) and not _NO_WRITING.search(said)
