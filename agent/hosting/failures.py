"""Has failed pipelines of watched projects become issues of ours: diagnose this failure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.hosting.host import CodeHost, Failure
from agent.talking.marking import fenced, prose, span
from agent.talking.outbox import key_of
from registry.issues import Issues, TakenIssue

PIPELINES = "pipelines"
"""The thread under which it is kept how far a project's pipelines were looked at."""
MOST_LOG_CHARS = 100_000
"""Of the ends of all logs together."""


@dataclass(kw_only=True)
class Failures:
    """The pipelines of one code host. Used by one thread."""

    host: CodeHost
    issues: Issues
    projects: Sequence[str]

    def round(self) -> None:
        """Open an issue for each pipeline that failed since the last time; the first time looks at none.

        Raises `ChannelError` where a project is not to be had.
        """
        for project in self.projects:
            self._look(self.host.room_of(project))

    def _look(self, room: str) -> None:
        known = self.issues.taken(self.host.name, room, PIPELINES)
        if known is None:
            self._seen(room, datetime.now(UTC))
            return
        for failure in self.host.failures(room, known.asked_at):
            key = key_of("pipeline", self.host.name, room, str(failure.number))
            self.host.open_issue(room, title_of(failure), text_of(failure), key)
            self._seen(room, failure.at)

    def _seen(self, room: str, at: datetime) -> None:
        self.issues.take(TakenIssue(channel=self.host.name, room=room, thread=PIPELINES, asked_at=at, is_held=False))


def title_of(failure: Failure) -> str:
    """The issue's title."""
    return f"Diagnose this failure of pipeline {failure.number} on {prose(failure.ref, 100)}"


def text_of(failure: Failure) -> str:
    """What is asked for, in the words of the issue template: the logs are an argument."""
    jobs = ", ".join(span(name, 100) for name in failure.logs)
    logs = "\n\n".join(f"$ {name}\n{log}" for name, log in failure.logs.items())[-MOST_LOG_CHARS:]
    about = f"[The pipeline]({failure.url}) of commit {span(failure.commit[:12])} failed. Jobs that failed: {jobs}"
    return f"{about}.\nSay in which step it failed, and what caused it.\n\n## Argument `log`\n\n{fenced(logs)}"
