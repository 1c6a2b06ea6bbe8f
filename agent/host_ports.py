"""What functions may be granted to do at a code host. Integrations implement it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class PipelineJob:
    """A job of a pipeline."""

    id: int
    name: str
    status: str


@dataclass(frozen=True, kw_only=True)
class PipelineState:
    """A pipeline as it stands now."""

    id: int
    ref: str
    status: str
    """In the server's words: `running`, `success`, `failed`, …"""
    url: str
    jobs: tuple[PipelineJob, ...] = ()


class HostActions(Protocol):
    """A code host, as the account sees it that acts for functions. Safe to use from several threads.

    A project is named by its path, `group/project`. Raises `ChannelUnavailable` where the server does not answer,
    `TooFast` where it asks to come back later, `ChannelRefused` where it will not have that, whoever tries again.
    Nothing waits for longer than ten seconds.
    """

    def create_project(self, path: str, description: str) -> str:
        """The address (URL) of a new private project. Raises `ChannelRefused` where there is one."""
        ...

    def create_issue(self, project: str, title: str, text: str, labels: Sequence[str]) -> str:
        """The address (URL) of a new issue."""
        ...

    def create_merge_request(self, project: str, source: str, target: str, title: str, text: str) -> str:
        """The address (URL) of a new merge request."""
        ...

    def commit(self, project: str, branch: str, message: str, files: Mapping[str, bytes | None]) -> str:
        """The id of one commit to a branch, which is made from the default one where it is not there.

        `files` by path; None removes one.
        """
        ...

    def pipeline(self, project: str, ref: str) -> PipelineState | None:
        """The newest pipeline of the branch or tag, with its jobs; None where there is none."""
        ...

    def job_log(self, project: str, job: int, most_bytes: int) -> str:
        """The end of the job's log, no more than so many bytes."""
        ...
