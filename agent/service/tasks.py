"""What callers do about tasks: hand them in, look at them, answer, sign, cancel. Each hears of their own only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from agent.arguments import plain
from agent.errors import BadTask
from agent.making.doubts import as_asked
from agent.questions import Asked as Question
from agent.questions import Said
from agent.service.callers import Caller, Scope
from agent.service.requests import AnswerRequest, ApproveRequest, RejectRequest, TaskRequest
from agent.service.shown import event_of, summary_of, task_of
from agent.service.views import EventView, TaskPage, TaskView
from agent.types import Outcome, Task
from agent.workflow.desk import Asked
from agent.workflow.kept import read, written
from agent.workflow.people import People
from agent.workflow.standing import wait_of
from agent.workflow.turns import Wanted
from registry import QuestionRecord, RegistryError, TaskRecord, TaskState, UnknownTask

MOST_KEY: Final = 200
"""Characters of a key."""

Verb = Literal["execute", "create", "enhance"]


@dataclass(frozen=True, kw_only=True)
class TaskVerbs:
    """Each raises `NotPermitted`, `UnknownTask` for a task that is not the caller's to see, and as `People` does."""

    people: People

    def submit(
        self, request: TaskRequest, caller: Caller, *, key: str = "", verb: Verb = "execute", name: str = ""
    ) -> TaskView:
        """The task, which is kept when this returns. The same key gives the same task, however often it is sent.

        Raises `BadTask` for what cannot be read, and for a key under which something else was handed in.
        """
        caller.refuse(Scope.TASKS if verb == "execute" else Scope.FUNCTIONS_CHANGE)
        if len(key) > MOST_KEY:
            raise BadTask(f"A key has {MOST_KEY} characters at most")
        may_create = request.may_create and Scope.FUNCTIONS_CHANGE in caller.scopes
        wanted = Wanted(task=as_task(request, may_create=may_create), verb=verb, name=name)
        longest = timedelta(seconds=request.deadline_s) if request.deadline_s is not None else None
        asked = Asked(
            by=caller.by,
            via=caller.via,
            key=f"{caller.by}\n{key}" if key else "",
            priority=request.priority,
            deadline=longest,
            queue=request.queue,
        )
        record = self.people.desk.submit(wanted, asked)
        if key and dict(record.request) != written(Wanted, wanted):
            raise BadTask(
                "Something else was handed in under this key before",
                advice="Send another key with another task.",
                kept=f"The task of that key is {record.id}.",
            )
        return self._shown(record)

    def task(self, task_id: str, caller: Caller) -> TaskView:
        """The task as it stands."""
        return self._shown(self._seen(task_id, caller))

    def list(
        self, caller: Caller, *, states: Collection[TaskState] = (), limit: int = 50, cursor: str = ""
    ) -> TaskPage:
        """The caller's tasks, newest first; everybody's with the scope `tasks.all`."""
        caller.refuse(Scope.TASKS)
        after = self._seen(cursor, caller) if cursor else None
        asked_by = "" if Scope.TASKS_ALL in caller.scopes else caller.by
        found = self.people.desk.tasks.tasks(states, asked_by=asked_by, after=after, limit=limit + 1)
        shown = found[:limit]
        return TaskPage(tasks=tuple(map(summary_of, shown)), next=shown[-1].id if len(found) > limit else "")

    def events(self, task_id: str, caller: Caller, *, after: int = 0) -> Sequence[EventView]:
        """What happened to the task after that event."""
        task = self._seen(task_id, caller)
        return [event_of(event) for event in self.people.desk.tasks.events(task.id, after=after)]

    def file(self, task_id: str, name: str, caller: Caller) -> bytes:
        """A file that the function left. Raises `UnknownTask` where there is none of that name."""
        task = self._seen(task_id, caller)
        files = read(Outcome, task.outcome).artefacts if task.outcome else {}
        if name not in files:
            raise UnknownTask(f"The task {task.id} left no file of that name", advice="`outcome.artefacts` names them.")
        return files[name]

    def cancel(self, task_id: str, caller: Caller) -> TaskView:
        """The task, which ends within a second. Nothing happens to one that is over."""
        return self._shown(self.people.desk.cancel(self._seen(task_id, caller), by=caller.by))

    def retry(self, task_id: str, caller: Caller) -> TaskView:
        """The task, queued once more."""
        return self._shown(self.people.desk.retry(self._seen(task_id, caller), by=caller.by))

    def answer(self, task_id: str, said: AnswerRequest, caller: Caller) -> TaskView:
        """The task, which goes on with the answer."""
        task, people = self._seen(task_id, caller), self.people
        if said.arguments is not None:
            given = {name: plain(value, name) for name, value in said.arguments.items()}
            return self._shown(people.give(task, given, by=caller.by))
        if said.function is not None:
            return self._shown(people.choose(task, said.function, by=caller.by))
        question = as_asked(people.question(task))
        return self._shown(people.decide(task, said_to(question, said), by=caller.by))

    def approve(self, task_id: str, signed: ApproveRequest, caller: Caller) -> TaskView:
        """The task, which goes on: its version is in production, or its budget is had once more.

        Raises `BadTask` where another version waits than the digest says.
        """
        task, people = self._seen(task_id, caller, Scope.APPROVE), self.people
        if wait_of(task).kind == "budget":
            return self._shown(people.allow(task, by=caller.by))
        refuse_other(people.awaited(task).digest, signed.digest)
        promoted = people.approve(task, by=caller.by, signed=signed.grant)
        people.have_callers_follow(promoted.name, by=caller.by, via=caller.via, key=f"{promoted.digest} {task.id}")
        return self._shown(people.desk.tasks.task(task.id))

    def reject(self, task_id: str, said: RejectRequest, caller: Caller) -> TaskView:
        """The task, which ends."""
        task = self._seen(task_id, caller, Scope.APPROVE)
        return self._shown(self.people.reject(task, by=caller.by, reason=said.reason))

    def _seen(self, task_id: str, caller: Caller, scope: Scope = Scope.TASKS) -> TaskRecord:
        """The task, where the caller may see it: to sign, one sees everybody's."""
        caller.refuse(scope)
        found = self.people.desk.tasks.task(task_id)
        if found.id != task_id or not (caller.sees(found.asked_by) or Scope.APPROVE in caller.scopes):
            raise UnknownTask(f"There is no task {task_id!r} of yours.")
        return found

    def _shown(self, task: TaskRecord) -> TaskView:
        waits = task.state is TaskState.WAITING
        question = self.people.question(task) if waits and wait_of(task).kind == "question" else None
        return task_of(task, question, self._asks(task) if waits else ())

    def _asks(self, task: TaskRecord) -> tuple[str, ...]:
        """What the version asks for that the task waits to have signed; nothing where it has gone."""
        if wait_of(task).kind != "approval":
            return ()
        try:
            return self.people.signing.asks(self.people.awaited(task))
        except RegistryError:
            return ()

    def question(self, task_id: str, caller: Caller) -> QuestionRecord:
        """The question that the task waits for. Raises `BadTask` where it waits for none."""
        return self.people.question(self._seen(task_id, caller))


def as_task(request: TaskRequest, *, may_create: bool) -> Task:
    """The task as the agent takes it."""
    return Task(
        text=request.task,
        arguments=request.arguments,
        examples=request.examples,
        files=request.files,
        constraints=request.constraints.as_constraints(),
        may_create=may_create,
    )


def said_to(question: Question, said: AnswerRequest) -> Said:
    """What is said to the question. Raises `BadTask` for a number that is none of its choices."""
    if said.choice is None:
        return Said(value=said.value, raises=said.raises)
    if said.choice > len(question.choices):
        raise BadTask(f"There is no choice {said.choice}: there are {len(question.choices)}")
    return question.choices[said.choice - 1].said


def refuse_other(digest: str, seen: str) -> None:
    """Raise `BadTask` where another version is there than the one that was looked at."""
    if seen and digest != seen:
        raise BadTask(
            f"It is another version than the one that was looked at: its digest is {digest[:12]}, not {seen[:12]}",
            advice="Look at it again before you sign.",
            kept="Nothing was signed.",
        )
