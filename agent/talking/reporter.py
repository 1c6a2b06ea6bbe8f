"""Tells whoever asked in a chat how their task goes: one message that grows into the answer, and what it asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agent.talking.channel import Channel
from agent.talking.filling import filled
from agent.talking.layout import Answer
from agent.talking.outbox import key_of
from agent.talking.petitions import Petitions, Place
from agent.talking.phrases import Language, language_named, say
from agent.talking.speech import Speech
from agent.types import Outcome
from agent.workflow.endings import is_registry_away
from agent.workflow.kept import read
from agent.workflow.standing import wait_of
from registry import (
    OperationsUnavailable,
    Registry,
    Status,
    TaskEvent,
    TaskRecord,
    Tasks,
    TaskState,
    UnknownFunction,
    UnknownTask,
    UnknownVersion,
    Version,
)
from registry.chats import Chats, Conversation, KeptLetter, rewrite_with, told_with, write_with

QUIET_S = 1.0
"""Seconds for which nothing is said of a task: most are answered by then."""


@dataclass(kw_only=True)
class Reporter:
    """What is said of the tasks of one channel. Used by one thread."""

    chats: Chats
    tasks: Tasks
    registry: Registry
    channel: Channel
    petitions: Petitions
    speech: Speech
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _events: dict[str, list[TaskEvent]] = field(default_factory=dict)
    """Of the tasks under way, as far as they were read."""
    _told: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The turn and state in which a task was told of."""
    _unaddressed: set[str] = field(default_factory=set)
    """The tasks that wait for a merge request to be merged that is not there yet: where it is, is said once it is."""
    _said: dict[str, str] = field(default_factory=dict)
    """What the messages of tasks under way say."""

    def round(self) -> None:
        """Have the letters say how the tasks stand."""
        for task_id in self.chats.reopened(self.channel.name):
            self.chats.retell(task_id)
        for conversation, task in self.chats.untold(self.channel.name):
            try:
                self._tell(conversation, task)
            except Exception as error:  # what one task gave must not keep others from being told
                if passes(error):
                    raise
                said = self.speech.broken(error, language_named(conversation.language))
                with self.chats.writing() as connection:
                    rewrite_with(connection, letter_key(task.id), said)
                    told_with(connection, task.id)

    def _tell(self, conversation: Conversation, task: TaskRecord) -> None:
        """Have the letters say how the task stands."""
        if task.state.is_over:
            self._end(conversation, task)
        elif task.state is TaskState.WAITING and wait_of(task).is_for_people:
            self._wait(conversation, task)
        elif self.now() - conversation.begun_at >= timedelta(seconds=QUIET_S) and self._moves(task):
            self._grow(conversation, task)

    def _moves(self, task: TaskRecord) -> bool:
        """Whether something may have happened: one that only stands in the queue was told of once."""
        stands = (task.turn, task.state.value)
        is_new, self._told[task.id] = self._told.get(task.id) != stands, stands
        return is_new or task.state is TaskState.WORKING

    def _grow(self, conversation: Conversation, task: TaskRecord) -> None:
        """Have the task's message say how far it is; nothing is written where it says that."""
        text = self._progress(conversation, task)
        if self._said.get(task.id) != text:
            self.chats.rewrite(letter_key(task.id), text)
            self._said[task.id] = text

    def answer(self, task: TaskRecord, language: Language) -> Answer:
        """What a task that is over gave, for people."""
        if task.outcome is None:
            return Answer(text=self.speech.failed(task, language), files={})
        outcome = read(Outcome, task.outcome)
        version = self._version(outcome)
        return self.speech.answer(outcome, version.evidence if version else {}, language)

    def files(self, task_id: str) -> Mapping[str, bytes]:
        """The files that the task's answer comes with."""
        task = self._task(task_id)
        return self.answer(task, "en").files if task and task.outcome is not None else {}

    def _task(self, task_id: str) -> TaskRecord | None:
        try:
            return self.tasks.task(task_id)
        except UnknownTask:
            return None

    def _end(self, conversation: Conversation, task: TaskRecord) -> None:
        """Say what came of the task, and ask for a signature where its function waits for one."""
        task = self.tasks.task(task.id)
        if not task.state.is_over:
            return  # somebody has it tried again
        answer = self.answer(task, language_named(conversation.language))
        self._ask_for_promotion(conversation, task)
        with self.chats.writing() as connection:
            rewrite_with(connection, letter_key(task.id), answer.text)
            for name in sorted(answer.files):
                key = key_of("file", task.id, str(task.turn), name)
                write_with(connection, replace(letter_in(conversation, key), file=name))
            told_with(connection, task.id)
        for kept in (self._events, self._told, self._said):
            kept.pop(task.id, None)
        self._unaddressed.discard(task.id)

    def _ask_for_promotion(self, conversation: Conversation, task: TaskRecord) -> None:
        """Where a person always signs, what the task made waits for one."""
        outcome = read(Outcome, task.outcome) if task.outcome is not None else None
        if outcome is None or outcome.status not in (Status.APPROVED.value, Status.TESTING.value):
            return
        version = self._version(outcome)
        if version and version.status is Status.TESTING:
            letter = letter_in(conversation, key_of("signed", task.id, str(task.turn)))
            with self.chats.writing() as connection:
                write_with(connection, replace(letter, text=self._where_signed(version, conversation)))
        elif version and version.status is Status.APPROVED:
            self.petitions.ask(version, "promote", place_of(conversation), by=task.asked_by, task=task)

    def _wait(self, conversation: Conversation, task: TaskRecord) -> None:
        """Say what the task waits for: in a message of its own, for a change of one notifies nobody."""
        told = (task.turn, task.state.value)
        if self._told.get(task.id) == told:
            return
        task = self.tasks.task(task.id)
        if wait_of(task).kind == "arguments" and (given := filled(task, {}, {})).from_files:
            self.petitions.people.give(task, given.arguments, by=task.asked_by, from_files=True)
            return
        language = language_named(conversation.language)
        asks = self._petition(conversation, task) or self.speech.asks(task, language)
        with self.chats.writing() as connection:
            rewrite_with(connection, letter_key(task.id), self._progress(conversation, task))
            if asks:
                letter = letter_in(conversation, key_of("asks", task.id, str(task.turn)))
                write_with(connection, replace(letter, text=asks))
                rewrite_with(connection, letter.key, asks)
        if task.id not in self._unaddressed:
            self._told[task.id] = told

    def _petition(self, conversation: Conversation, task: TaskRecord) -> str:
        """Ask for the signature that the task waits for; what is said in its thread, where that is asked elsewhere."""
        wait = wait_of(task)
        if wait.kind != "approval":
            return ""
        name, number, digest = wait.version
        place, version = place_of(conversation), self._found(name, number or digest)
        if version is None or version.digest != digest:
            return ""
        if version.status is Status.TESTING:
            said = self._where_signed(version, conversation)
            (self._unaddressed.discard if "://" in said else self._unaddressed.add)(task.id)
            return said
        asked = self.petitions.ask(version, "promote", place, by=task.asked_by, task=task)
        return self.petitions.elsewhere(asked, place)

    def _where_signed(self, version: Version, conversation: Conversation) -> str:
        """That the candidate is signed by merging it, with the address once there is one."""
        where = self.petitions.people.signing.review_of
        address = where(version) if where else ""
        return say("signed_by_merging", language_named(conversation.language), where=address).rstrip(": ")

    def _progress(self, conversation: Conversation, task: TaskRecord) -> str:
        """How far the task has come."""
        known = self._events.setdefault(task.id, [])
        last = known[-1].id or 0 if known else 0
        known.extend(self.tasks.events(task.id, after=last))
        return self.speech.progress(known, language_named(conversation.language))

    def _version(self, outcome: Outcome) -> Version | None:
        """The version that answered; None where it is gone."""
        return self._found(outcome.function, outcome.version)

    def _found(self, name: str, version: str) -> Version | None:
        try:
            return self.registry.get(name, version)
        except (UnknownFunction, UnknownVersion):
            return None


def passes(error: Exception) -> bool:
    """Whether what was tried may go well later, with nothing changed."""
    is_away = isinstance(error, OperationsUnavailable) or is_registry_away(error)
    return is_away or bool(getattr(error, "retryable", False))


def letter_key(task_id: str) -> str:
    """The key of the message that tells of the task."""
    return key_of("task", task_id)


def letter_in(conversation: Conversation, key: str) -> KeptLetter:
    """A letter about the conversation's task, where that goes on, which says nothing yet."""
    of = conversation
    return KeptLetter(key=key, channel=of.channel, room=of.room, thread=of.thread, task=of.task)


def place_of(conversation: Conversation) -> Place:
    """Where the conversation goes on."""
    return Place(room=conversation.room, thread=conversation.thread, language=conversation.language)
