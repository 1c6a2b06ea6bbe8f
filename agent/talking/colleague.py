"""Takes what people say in a chat: a command, an answer to what a task waits for, or else a task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from agent.errors import BadTask, ChannelError, ChannelRefused, KowalError
from agent.making.doubts import as_asked
from agent.talking.answers import read_arguments, read_said, read_which
from agent.talking.channel import Channel, Heard, Person, Seen
from agent.talking.commands import Command, language_of, read_command
from agent.talking.filling import Given, filled, wrong_or_missing
from agent.talking.inquiries import help_of, status_of, task_of
from agent.talking.outbox import key_of
from agent.talking.petitions import Petitions, Place
from agent.talking.phrases import Language, say
from agent.talking.reporter import letter_key
from agent.talking.rights import Rule, Spoken
from agent.talking.settings import MIB, ChatSettings
from agent.talking.speech import Speech
from agent.types import Task
from agent.workflow.desk import Asked
from agent.workflow.people import People
from agent.workflow.standing import options_of, wait_of
from agent.workflow.turns import Wanted
from registry import OperationsUnavailable, RegistryError, TaskRecord, TaskState, UnknownTask
from registry.chats import Chats, Conversation, KeptLetter, Petition, begin_with, take_with, write_with

MINUTE = timedelta(minutes=1)
MOST_JUDGED = 10
"""Answers of a thread, of which the newest that ran is the one that is right or wrong."""
UNMENTIONED = ("approve", "reject", "cancel", "status", "right", "wrong")
"""Commands that are meant for us in a thread of ours, mentioned or not."""


@dataclass(kw_only=True)
class Colleague:
    """Who hears people in one channel. Used by one thread.

    What is done about a message may be begun twice, where the process dies in between. Each comes to the same then: a
    task has the message as its key, and what is said has a key of its own.
    """

    chats: Chats
    channel: Channel
    people: People
    petitions: Petitions
    settings: ChatSettings
    speech: Speech
    judge: Callable[[int, bool, str, str], object]
    """A person's word on a run: its id, whether it was right, what it should have been, and who says so."""

    def hear(self, heard: Heard) -> None:
        """Do what the message asks for, once. Raises `ChannelUnavailable`, `TooFast`, and what the database raises."""
        if self.chats.was_heard(self.channel.name, heard.id):
            return
        command = None if heard.task else read_command(heard.text, self._is_function)
        under = self._under(heard)
        is_meant = heard.is_to_us or self._is_for_us(heard, command, under)
        self._taken(heard, self._about(heard, command, under) if is_meant else "", counts=is_meant)

    def broken(self, heard: Heard, error: Exception) -> None:
        """Say that Kowal itself failed at the message, and go on with the next."""
        self._taken(heard, self.speech.broken(error, self.language(heard)))

    def see(self, seen: Seen) -> None:
        """Nothing: a chat tells of nothing else."""

    def refuse(self, heard: Heard, error: KowalError) -> None:
        """Say why what is asked for cannot be taken, once."""
        if not self.chats.was_heard(self.channel.name, heard.id):
            language = self.language(heard)
            self._taken(heard, self._refusal(heard, language) or self.speech.error(error, language))

    def _taken(self, heard: Heard, said: str = "", *, counts: bool = True) -> None:
        """Keep that the message was taken, and have that be said to it. What counts is what a person may do often."""
        with self.chats.writing() as connection:
            take_with(connection, self.channel.name, heard.id, heard.by.id if counts else "", heard.at)
            if said:
                write_with(connection, self._letter(heard, said))

    def language(self, heard: Heard) -> Language:
        """The language in which the person is answered."""
        return language_of(heard.text, self.settings.language)

    def _is_for_us(self, heard: Heard, command: Command | None, under: Sequence[TaskRecord]) -> bool:
        """Whether words that mention nobody are for us: in a thread of ours, an answer or a command about it."""
        is_word = any(map(is_waiting, under)) or bool(command and command.kind in UNMENTIONED)
        return is_word and (bool(under) or self._is_petition(heard))

    def _about(self, heard: Heard, command: Command | None, under: Sequence[TaskRecord]) -> str:
        """What is said to the message at once; empty where nothing is, or where a task will tell."""
        waiting = next((task for task in reversed(under) if is_waiting(task)), None)
        language = command.language if command else self.language(heard)
        if why := self._refusal(heard, language):
            return why if heard.is_to_us else ""
        try:
            if command:
                return self._command(heard, command)
            if waiting and heard.task is None:
                return self._answer(heard, waiting, language)
            if not (heard.text or heard.attachments or heard.task):
                return help_of(language)
            return self._task(heard, Wanted(task=heard.task or Task(text=heard.text)), language)
        except (KowalError, RegistryError) as error:
            if isinstance(error, OperationsUnavailable) or (isinstance(error, ChannelError) and error.retryable):
                raise
            return self.speech.error(error, language)

    def _is_function(self, name: str) -> bool:
        return self.people.signing.registry.find(name) is not None

    def _under(self, heard: Heard) -> Sequence[TaskRecord]:
        """The tasks that go on in the message's thread, oldest first, as they stand."""
        if not heard.thread:
            return ()
        return [task for _, task in self.chats.under(self.channel.name, heard.room, heard.thread)]

    def _is_petition(self, heard: Heard) -> bool:
        """Whether the message stands under one by which we asked for a signature."""
        return bool(heard.thread) and self.chats.petition_under(self.channel.name, heard.thread) is not None

    def _refusal(self, heard: Heard, language: Language) -> str:
        """Why the person is not served here and now; empty where they are."""
        settings = self.settings
        if settings.rooms and not heard.is_direct and not names_of(heard) & set(settings.rooms):
            return say("room_not_served", language)
        if not self._allowed(settings.ask.as_rule(), heard):
            return say("not_permitted_to_ask", language, who=settings.ask.as_rule().shown)
        since = datetime.now(UTC) - MINUTE
        if self.chats.heard_of(self.channel.name, heard.by.id, since) >= settings.a_minute:
            return say("too_many_requests", language, limit=settings.a_minute, minutes=1, seconds=60)
        return ""

    def _allowed(self, rule: Rule, heard: Heard) -> bool:
        """Whether the rule allows them; us always: what we ask for ourselves the operator has set up."""
        return heard.by.id == self.channel.us.id or rule.allows(heard.by, heard.room, self.channel.roles)

    def _task(self, heard: Heard, wanted: Wanted, language: Language) -> str:
        """Hand the task in, and begin the message that tells of it."""
        may_create = self._allowed(self.settings.create.as_rule(), heard)
        if wanted.verb == "enhance" and not may_create:
            return say("not_permitted_to_create", language, who=self.settings.create.as_rule().shown)
        task = replace(wanted.task, files=self._files(heard), may_create=may_create, constraints=heard.constraints)
        asked = Asked(by=self.actor(heard.by), via=self.channel.name, key=heard.id)
        record = self.people.desk.submit(replace(wanted, task=task), asked)
        conversation = Conversation(
            task=record.id,
            channel=self.channel.name,
            room=heard.room,
            thread=heard.thread or heard.id,
            person=heard.by.id,
            language=language,
            begun_at=datetime.now(UTC),
        )
        with self.chats.writing() as connection:
            begin_with(connection, conversation)
            write_with(connection, replace(self._letter(heard, ""), key=letter_key(record.id), task=record.id))
        self._see(heard)
        return ""

    def _files(self, heard: Heard) -> dict[str, bytes]:
        """The files that came with the message. Raises `BadTask` for two of one name, `ChannelRefused` if large."""
        most = self.settings.max_file_mib * MIB
        names = [each.name for each in heard.attachments]
        if len(names) != len(set(names)):
            raise BadTask("Two files of the message have the same name", advice="Give each a name of its own.")
        files = {each.name: self.channel.fetch(each, most) for each in heard.attachments}
        if sum(map(len, files.values())) > most:
            raise ChannelRefused(
                f"The files are larger than {self.settings.max_file_mib} MiB together", advice="Send less."
            )
        return files

    def _see(self, heard: Heard) -> None:
        """Show that the message was seen; that is a courtesy, and not waited for."""
        try:
            self.channel.see(heard.id)
        except ChannelError:
            return

    def _answer(self, heard: Heard, task: TaskRecord, language: Language) -> str:
        """Have a task go on by the person's answer; where it is none, say how to answer, if they talk to us."""
        wait, people, by = wait_of(task), self._people(heard.by, task), self.actor(heard.by)
        is_theirs = by == task.asked_by
        if not (heard.is_to_us or is_theirs or self._allowed(self.petitions.rule, heard)):
            return ""  # people may talk about it
        if wait.is_for_approvers:
            return self.speech.asks(task, language) if heard.is_to_us else ""
        go_on = self._word(heard, people.desk.tasks.task(task.id), people)
        if go_on is None:
            return self.speech.not_understood(task, language) if heard.is_to_us or is_theirs else ""
        go_on(by=by)
        self._see(heard)
        return ""

    def _word(self, heard: Heard, task: TaskRecord, people: People) -> Callable[..., TaskRecord] | None:
        """What has the task go on by the person's reply; None where that is no answer."""
        wait = wait_of(task)
        if wait.kind == "question":
            said = read_said(heard.text, as_asked(people.question(task)))
            return partial(people.decide, task, said) if said else None
        if wait.kind == "which":
            name = read_which(heard.text, options_of(task))
            return partial(people.choose, task, name) if name else None
        given = self._given(heard, task)
        return partial(people.give, task, given.arguments, from_files=given.from_files) if given.arguments else None

    def _given(self, heard: Heard, task: TaskRecord) -> Given:
        """The arguments that the reply gives; a file is the text of the one that is missing then."""
        said = read_arguments(heard.text, wrong_or_missing(task), ()) if heard.text else {}
        return filled(task, said or {}, self._files(heard))

    def _command(self, heard: Heard, command: Command) -> str:
        """What is said to a command, which is done."""
        match command.kind:
            case "help" | "functions" | "show" | "history":
                return self.speech.inquiry(command)
            case "enhance":
                wanted = Wanted(task=Task(text=command.text), verb="enhance", name=command.name)
                self.people.signing.registry.get(command.name)
                return self._task(heard, wanted, command.language)
            case "rollback":
                return self._rollback(heard, command)
            case "approve" | "reject":
                return self._decision(heard, command)
            case "right" | "wrong":
                return self._judgement(heard, command)
            case "cancel":
                return self._cancel(heard, command)
        return self._status(heard, command)

    def _rollback(self, heard: Heard, command: Command) -> str:
        """Ask for somebody's signature for going back to a version."""
        registry = self.people.signing.registry
        serving, wanted = registry.get(command.name), registry.get(command.name, command.version)
        if serving.digest == wanted.digest:
            return say("serves_already", command.language, name=wanted.name, version=wanted.version)
        if self.people.signing.review_of is not None:
            asked = registry.propose_rollback(wanted.name, wanted.version, by=self.actor(heard.by))
            branch = asked.branch if asked else "production"
            return say("rollback_proposed", command.language, name=wanted.name, version=wanted.version, branch=branch)
        place = Place(room=heard.room, thread=heard.thread or heard.id, language=command.language)
        asked_for = self.petitions.ask(wanted, "rollback", place, by=self.actor(heard.by), cause=heard.id)
        self._see(heard)
        return self.petitions.elsewhere(asked_for, place)

    def _decision(self, heard: Heard, command: Command) -> str:
        """Approve or reject what waits in this thread, or the task that is named.

        Done twice it would decide about the next that waits: it is kept as taken before.
        """
        self._taken(heard)
        yes, language = command.kind == "approve", command.language
        task = self._meant(heard, command)
        petition = self._petition(heard, task)
        is_budget = task is not None and wait_of(task).kind == "budget"
        if petition is None and task is not None and is_waiting(task) and (is_budget or not yes):
            people, by = self._people(heard.by, task), self.actor(heard.by)
            _ = people.allow(task, by=by) if yes else people.reject(task, by=by, reason=command.text)
            self._see(heard)
            return ""
        if petition is None:
            return say("nothing_waits", language)
        if not self.petitions.may(heard.by, petition.room):
            return say("not_permitted_to_approve", language, who=self.petitions.rule.shown)
        self.petitions.decide(petition, heard.by, yes=yes, reason=command.text)
        self._see(heard)
        return ""

    def _petition(self, heard: Heard, task: TaskRecord | None) -> Petition | None:
        """What waits for a signature: of the task, else in this thread, else under the message that the thread is."""
        for each in self.chats.petitions(self.channel.name):
            letter = self.chats.letter(each.key)
            under = bool(heard.thread) and heard.thread in (each.thread, letter.message if letter else "")
            if (task is not None and each.task == task.id) or (under and each.room == heard.room):
                return each
        return None

    def _judgement(self, heard: Heard, command: Command) -> str:
        """Learn from the person's word on the latest answer in this thread."""
        done = [task.id for task in self._under(heard) if task.state is TaskState.DONE]
        outcomes = [self.people.desk.tasks.task(task_id).outcome for task_id in done[-MOST_JUDGED:]]
        runs = [outcome["run_id"] for outcome in outcomes if outcome and outcome.get("run_id")]
        if not runs:
            return say("nothing_to_judge", command.language)
        if command.name:
            self.people.signing.registry.get(command.name)
        is_right = command.kind == "right"
        self.judge(runs[-1], is_right, command.name, self.actor(heard.by))
        meant = "wrong_meant" if command.name else "wrong_thanks"
        return say("right_thanks" if is_right else meant, command.language, name=command.name)

    def _cancel(self, heard: Heard, command: Command) -> str:
        """Have a task end; which one is not the same twice, so it is kept as taken before."""
        self._taken(heard)
        task = self._meant(heard, command)
        if task is None or task.state.is_over:
            return say("nothing_to_cancel", command.language)
        self._people(heard.by, task).desk.cancel(task, by=self.actor(heard.by))
        self._see(heard)
        return ""

    def _status(self, heard: Heard, command: Command) -> str:
        """How a task stands, or all of the person's."""
        task = self._meant(heard, command) if command.task or heard.thread else None
        if task is not None:
            return task_of(task, command.language)
        return status_of(self._open(heard), command.language)

    def _open(self, heard: Heard) -> Sequence[TaskRecord]:
        """The person's open tasks, newest first."""
        untold = self.chats.untold(self.channel.name)
        return [task for of, task in reversed(untold) if of.person == heard.by.id and not task.state.is_over]

    def _meant(self, heard: Heard, command: Command) -> TaskRecord | None:
        """The task that is named, else the newest open one of the thread, else of the person. Raises `UnknownTask`."""
        if command.task:
            return self._named(heard, command.task)
        if heard.thread:
            under = self._under(heard)
            return next((task for task in reversed(under) if not task.state.is_over), under[-1] if under else None)
        return next(iter(self._open(heard)), None)

    def _named(self, heard: Heard, task_id: str) -> TaskRecord:
        """The task of that id, where it is the person's or they may sign; others learn nothing of it."""
        task = self.people.desk.tasks.task(task_id)
        if task.asked_by == self.actor(heard.by) or self._may_sign_for(heard.by, task):
            return task
        raise UnknownTask(f"You have no task {task_id!r}.")

    def _may_sign_for(self, person: Person, task: TaskRecord) -> bool:
        """Whether they may speak for the task of another: by their roles where that was asked for."""
        room = self.chats.room(self.channel.name, task.id)
        return bool(room) and self.petitions.may(person, room)

    def _people(self, person: Person, task: TaskRecord) -> People:
        """What takes the person's words about the task, by their rights."""
        is_approver = self._may_sign_for(person, task)
        return self.people.under(Spoken(approvers=self.people.desk.may.approvers, is_approver=is_approver))

    def actor(self, person: Person) -> str:
        """The person, for the record."""
        return person.actor_in(self.channel.name)

    def _letter(self, heard: Heard, text: str) -> KeptLetter:
        """A letter in the message's thread."""
        key, thread = key_of("reply", self.channel.name, heard.id), heard.thread or heard.id
        return KeptLetter(key=key, channel=self.channel.name, room=heard.room, thread=thread, text=text)


def names_of(heard: Heard) -> set[str]:
    """By what the room may be named: its id, its name, and the groups that it is in, `a` and `a/b` of `a/b/c`."""
    parts = heard.room_name.split("/")
    return {heard.room, *("/".join(parts[:count]) for count in range(1, len(parts) + 1))}


def is_waiting(task: TaskRecord) -> bool:
    """Whether the task waits for somebody's word."""
    return task.state is TaskState.WAITING and wait_of(task).is_for_people
