"""A file that came with a task, or with a reply, as the text of the one argument that is missing."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agent.workflow.kept import read
from agent.workflow.standing import facts_of, missing_of
from agent.workflow.turns import Wanted
from registry import TaskRecord


def wrong_or_missing(task: TaskRecord) -> tuple[str, ...]:
    """The names of the arguments that a task waits for: they are missing, or what was given does not do."""
    return missing_of(task) or tuple(filter(None, [str(facts_of(task).get("argument") or "")]))


@dataclass(frozen=True, kw_only=True)
class Given:
    """What somebody gives of what is missing."""

    arguments: Mapping[str, Any]
    from_files: bool = False
    """Whether the files of the task are among them."""


def filled(task: TaskRecord, said: Mapping[str, Any], files: Mapping[str, bytes]) -> Given:
    """What was said, and the text of the file, where one argument is left and there is one file, of UTF-8.

    Without files those of the task count, but not for an argument that was given once and did not do.
    """
    left = [name for name in wrong_or_missing(task) if name not in said]
    own = {} if files or not missing_of(task) else read(Wanted, task.request).task.files
    found = dict(files or own)
    if len(left) == 1 and len(found) == 1:
        with suppress(UnicodeDecodeError):
            text = next(iter(found.values())).decode("utf-8-sig")
            return Given(arguments={**said, left[0]: text}, from_files=bool(own))
    return Given(arguments=said)
