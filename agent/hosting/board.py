"""Has issues show how their tasks stand: the state as a label, the time that was spent, closed once it is done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from agent.errors import ChannelRefused
from agent.hosting.assignee import public
from agent.hosting.host import CodeHost, Place
from agent.types import Outcome
from agent.workflow.kept import read
from agent.workflow.standing import wait_of
from registry import TaskRecord, Tasks, TaskState, UnknownTask
from registry.chats import Chats, Conversation
from registry.issues import Board, Issues

WORKING, ANSWER, APPROVAL, DONE, FAILED = (
    f"kowal::{state}" for state in ("working", "needs-answer", "needs-approval", "done", "failed")
)
LABELS = (WORKING, ANSWER, APPROVAL, DONE, FAILED)
"""Scoped labels exclude each other only where one pays for that: the old one is removed by us."""
ENDED = {TaskState.DONE: DONE, TaskState.FAILED: FAILED, TaskState.DEAD: FAILED, TaskState.CANCELLED: ""}
"""What an issue bears once its task is over."""


@dataclass(kw_only=True)
class Boards:
    """The boards of one code host. Used by one thread."""

    host: CodeHost
    chats: Chats
    issues: Issues
    tasks: Tasks
    close_done: bool
    spend_time: bool
    is_said: Callable[[str], bool]
    """Whether the last word on a task was sent."""

    def round(self) -> None:
        """Have the issues show how their tasks stand. Raises `ChannelUnavailable` and `TooFast`."""
        for conversation, board in self.issues.unsettled(self.host.name):
            if board.is_settled:  # somebody has the task tried once more
                board = Board(task=board.task)
            try:
                self._show(conversation, board)
            except ChannelRefused:  # the issue is gone, or the account has lost its rights: nothing can be shown
                self.issues.keep(replace(board, is_settled=True))

    def _show(self, conversation: Conversation, board: Board) -> None:
        place = Place(room=conversation.room, thread=public(conversation.thread))
        task = self._task(board.task)
        if task is None:
            self.issues.keep(replace(board, is_settled=True))
            return
        board = self._labelled(conversation, place, board, label_of(task))
        if task.state.is_over and conversation.is_told and self.is_said(task.id):
            self._settle(place, board, task)

    def _labelled(self, conversation: Conversation, place: Place, board: Board, label: str) -> Board:
        """The board, once the issue bears the label; where a later task goes on under it, that one has the word."""
        if board.label == label:
            return board
        if self.issues.newest(self.host.name, conversation.room, conversation.thread) == board.task:
            self.host.label(place, add=[label] if label else [], remove=[each for each in LABELS if each != label])
        board = replace(board, label=label)
        self.issues.keep(board)
        return board

    def _settle(self, place: Place, board: Board, task: TaskRecord) -> None:
        """Add the time, close the issue, and be done with it."""
        seconds = seconds_of(task)
        if self.spend_time and seconds:
            was_tried = board.is_tried
            self.issues.keep(replace(board, is_tried=True))
            self.host.spend(place, seconds, tried=was_tried)
        if self.close_done and task.state is TaskState.DONE and is_whole(task):
            self.host.close_issue(place)
        self.issues.keep(replace(board, is_tried=True, is_settled=True))

    def _task(self, task_id: str) -> TaskRecord | None:
        try:
            return self.tasks.task(task_id)
        except UnknownTask:
            return None


def label_of(task: TaskRecord) -> str:
    """What an issue bears for a task that stands so; empty for nothing."""
    if task.state.is_over:
        return ENDED[task.state]
    wait = wait_of(task)
    if task.state is not TaskState.WAITING or not wait.is_for_people:
        return WORKING
    return APPROVAL if wait.is_for_approvers else ANSWER


def seconds_of(task: TaskRecord) -> int:
    """How long the task was worked on: what its outcome counts, else the time from its last begin to its end."""
    if task.outcome is not None:
        return ceil(sum(read(Outcome, task.outcome).seconds.values()))
    if task.started_at and task.ended_at:
        return ceil((task.ended_at - task.started_at).total_seconds())
    return 0


def is_whole(task: TaskRecord) -> bool:
    """Whether the task gave what it was asked for: a function that was made for later has yet to be signed."""
    return task.outcome is not None and bool(read(Outcome, task.outcome).ran)
