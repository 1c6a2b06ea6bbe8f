"""What happened, as the rest of the house asks for it: runs, attempts, calls, questions, and what words mean."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Table, bindparam, case, delete, func, select, update
from sqlalchemy.engine import URL

from registry.chats import Chats
from registry.database import Database, insert_row, storable, upsert_row
from registry.errors import AlreadyAnswered, UnknownQuestion, UnknownRun
from registry.issues import Issues
from registry.model_calls import ModelCalls
from registry.records import (
    AttemptRecord,
    AuditEntry,
    CallCounts,
    Difference,
    GateCount,
    Lesson,
    QuestionRecord,
    RecordedCall,
    Run,
    RunCounts,
)
from registry.reviews import ReviewRecords
from registry.schema import attempts, audit, calls, differences, lessons, questions, runs
from registry.tasks import Tasks
from registry.terms import normalised
from registry.tokens import TokenRecords
from registry.types import Version

_LARGEST_ID = 2**31 - 1


class Operations:
    """The database of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url_or_path: str | Path) -> Self:
        """The database, made or migrated if need be. Raises `OperationsUnavailable` naming the file."""
        return cls(Database.open(url_or_path))

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._database.close()

    @property
    def tasks(self) -> Tasks:
        """The tasks on the queue."""
        return Tasks(self._database)

    @property
    def chats(self) -> Chats:
        """What is kept of chats."""
        return Chats(self._database)

    @property
    def issues(self) -> Issues:
        """What is kept of issues."""
        return Issues(self._database)

    @property
    def reviews(self) -> ReviewRecords:
        """What is kept of merge requests."""
        return ReviewRecords(self._database)

    @property
    def model_calls(self) -> ModelCalls:
        """What requests to models took."""
        return ModelCalls(self._database)

    @property
    def tokens(self) -> TokenRecords:
        """The tokens of the service."""
        return TokenRecords(self._database)

    @property
    def url(self) -> URL:
        """Where the database is; the password is in it."""
        return self._database.url

    def record_run(self, run: Run, recorded: RecordedCall | None = None, *, keep: int = 0) -> int:
        """The id of the run, which is kept.

        In the same transaction the call is recorded in the place of an equal one, and of the function's calls the
        `keep` newest are kept.
        """
        with self._database.writing() as connection:
            key = insert_row(connection, runs, asdict(run))
            if recorded:
                _keep_call(connection, recorded, keep)
        return key

    def runs(self, function: str | None = None, limit: int = 50) -> Sequence[Run]:
        """The newest runs, newest first; of one function or of all."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        query = query.where(runs.c.function == function) if function else query
        return [Run(**row) for row in self._database.rows(query)]

    def judge_run(self, run_id: int, *, right: bool) -> Run:
        """The run, with a person's word on whether its answer was right; the latest word holds. Raises `UnknownRun`."""
        with self._database.writing() as connection:
            said = update(runs).where(runs.c.id == run_id).values(right=right)
            known = 0 < run_id <= _LARGEST_ID and connection.execute(said).rowcount == 1
        if not known:
            raise UnknownRun(f"There is no run {run_id}.")
        return Run(**self._database.rows(select(runs).where(runs.c.id == run_id))[0])

    def run_counts(self, function: str) -> RunCounts:
        """How often the function ran, and how often it gave a value."""
        query = select(runs.c.outcome, func.count().label("count")).where(runs.c.function == function)
        counts = {row["outcome"]: row["count"] for row in self._database.rows(query.group_by(runs.c.outcome))}
        return RunCounts(total=sum(counts.values()), ok=counts.get("ok", 0))

    def call_counts(self, function: str, digest: str, *, since_id: int = 0) -> CallCounts:
        """How many different calls of the version gave a value or failed, in the runs after `since_id`.

        A call made a hundred times counts once. Runs that failed by the caller's fault, and runs whose
        call is not known, count nowhere.
        """
        failed = func.max(case((runs.c.fault == "function", 1), else_=0)).label("failed")
        gave = func.max(case((runs.c.outcome == "ok", 1), else_=0)).label("gave")
        of_version = (runs.c.function == function) & (runs.c.digest == digest) & (runs.c.id > since_id)
        query = select(failed, gave).where(of_version, runs.c.call != "", runs.c.fault != "caller")
        each = query.group_by(runs.c.call).subquery()
        total = select(
            func.coalesce(func.sum(each.c.failed), 0).label("failed"),
            func.coalesce(func.sum(each.c.gave * (1 - each.c.failed)), 0).label("ok"),
        )
        (row,) = self._database.rows(total)
        return CallCounts(ok=int(row["ok"]), failed=int(row["failed"]))

    def recorded_calls(self, function: str, limit: int = 200) -> Sequence[RecordedCall]:
        """The function's recorded calls, newest first."""
        query = select(calls).where(calls.c.function == function).order_by(*_NEWEST_CALL).limit(limit)
        return [RecordedCall(**row) for row in self._database.rows(query)]

    def keep_differences(self, found: Sequence[Difference]) -> None:
        """Keep them, in the place of what was kept of the same versions before. Idempotent."""
        with self._database.writing() as connection:
            for function, new in {(each.function, each.new) for each in found}:
                of_version = (differences.c.function == function) & (differences.c.new == new)
                connection.execute(delete(differences).where(of_version))
            for each in found:
                insert_row(connection, differences, asdict(each))

    def differences(self, new: Version) -> Sequence[Difference]:
        """What the new version answers otherwise, or did as a candidate, in the order in which it was found."""
        labels = {new.version, new.label, replace(new, version="").label} - {""}
        query = select(differences).where(differences.c.function == new.name, differences.c.new.in_(labels))
        return [Difference(**row) for row in self._database.rows(query.order_by(differences.c.id))]

    def ask(self, record: QuestionRecord) -> int:
        """The number of the question, which is kept."""
        return self._insert(questions, asdict(record))

    def question(self, number: int) -> QuestionRecord:
        """The question of that number. Raises `UnknownQuestion`."""
        known = 0 < number <= _LARGEST_ID  # a larger one is an error of the driver
        found = self._database.rows(select(questions).where(questions.c.id == number)) if known else []
        if not found:
            raise UnknownQuestion(f"There is no question {number}.")
        return QuestionRecord(**found[0])

    def questions(self, *, open_only: bool = True, limit: int = 50) -> Sequence[QuestionRecord]:
        """The newest questions, newest first; only those without an answer, or all."""
        query = select(questions).order_by(questions.c.id.desc()).limit(limit)
        query = query.where(questions.c.answered_at.is_(None)) if open_only else query
        return [QuestionRecord(**row) for row in self._database.rows(query)]

    def answer_question(self, number: int, answer: Mapping[str, Any], by: str) -> QuestionRecord:
        """The question with its answer. The first answer holds, whoever else answers at the same moment.

        Raises `UnknownQuestion`, `AlreadyAnswered`.
        """
        self.question(number)
        unanswered = (questions.c.id == number) & questions.c.answered_at.is_(None)
        given = {"answer": dict(answer), "answered_by": by, "answered_at": datetime.now(UTC)}
        with self._database.writing() as connection:
            held = connection.execute(update(questions).where(unanswered).values(storable(given))).rowcount == 1
        found = self.question(number)
        if not held:
            said = json.dumps(found.answer, ensure_ascii=False)
            raise AlreadyAnswered(f"Question {number} was answered by {found.answered_by}: {said}.")
        return found

    def settle_question(self, number: int, outcome: str) -> None:
        """Keep what became of the task by the answer. Raises `UnknownQuestion`."""
        self.question(number)
        settled = update(questions).where(questions.c.id == number).values(storable({"outcome": outcome}))
        with self._database.writing() as connection:
            connection.execute(settled)

    def record_attempt(self, attempt: AttemptRecord) -> int:
        """The id of the attempt, which is kept."""
        return self._insert(attempts, asdict(attempt) | {"passed": attempt.verdict.get("passed") is True})

    def attempts(self, task_id: str | None = None, limit: int = 50) -> Sequence[AttemptRecord]:
        """The newest attempts, newest first; of one task or of all."""
        query = select(attempts).order_by(attempts.c.id.desc()).limit(limit)
        query = query.where(attempts.c.task_id == task_id) if task_id else query
        rows = self._database.rows(query)
        return [AttemptRecord(**{key: value for key, value in row.items() if key != "passed"}) for row in rows]

    def gate_counts(self) -> Sequence[GateCount]:
        """How often what each model wrote for each purpose passed the gate."""
        which = (attempts.c.provider, attempts.c.model, attempts.c.purpose)
        passed = func.sum(case((attempts.c.passed, 1), else_=0)).label("passed")
        query = select(*which, passed, (func.count() - passed).label("failed")).group_by(*which).order_by(*which)
        return [GateCount(**row) for row in self._database.rows(query)]

    def record_audit(self, entry: AuditEntry) -> int:
        """The id of the entry, which is kept for good: the database refuses to change or delete it."""
        return self._insert(audit, asdict(entry))

    def audit(self, function: str | None = None, *, run: str | None = None, limit: int = 50) -> Sequence[AuditEntry]:
        """The newest entries of the audit, newest first; of one function, of one run, or all."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        query = query.where(audit.c.function == function) if function else query
        query = query.where(audit.c.run == run) if run else query
        return [AuditEntry(**row) for row in self._database.rows(query)]

    def learn(self, text: str, function: str, by: str, *, meant: bool = True) -> None:
        """Keep that these words mean this function, or do not. Idempotent; the latest word on a text holds."""
        key = {"text": normalised(text), "function": function}
        row = key | {"meant": meant, "taught_by": by, "created_at": datetime.now(UTC)}
        with self._database.writing() as connection:
            if meant:  # a text means one function
                others = (lessons.c.text == key["text"]) & (lessons.c.function != function) & lessons.c.meant
                connection.execute(delete(lessons).where(others))
            connection.execute(delete(lessons).where(*(lessons.c[name] == value for name, value in key.items())))
            insert_row(connection, lessons, row)

    def lessons(self, function: str | None = None) -> Sequence[Lesson]:
        """What was said of words, oldest first; of one function, or all."""
        query = select(lessons).order_by(lessons.c.id)
        query = query.where(lessons.c.function == function) if function else query
        return [
            Lesson(**{key: value for key, value in row.items() if key != "id"}) for row in self._database.rows(query)
        ]

    def lessons_stamp(self) -> str:
        """A text that changes whenever the lessons do."""
        (row,) = self._database.rows(_STAMP)
        return f"{row['count']} {row['newest']}"

    def _insert(self, table: Table, row: Mapping[str, Any]) -> int:
        with self._database.writing() as connection:
            return insert_row(connection, table, row)


_LESSONS_AND_NEWEST: Sequence[Any] = (
    func.count(lessons.c.id).label("count"),
    func.max(lessons.c.created_at).label("newest"),
)
_STAMP = select(*_LESSONS_AND_NEWEST)
_NEWEST_CALL = (calls.c.recorded_at.desc(), calls.c.id.desc())
# Made once: building the statement takes longer than running it.
_OF_FUNCTION = select(calls.c.id).where(calls.c.function == bindparam("of_function"))
_FORGET_OLD_CALLS = delete(calls).where(calls.c.id.in_(_OF_FUNCTION.order_by(*_NEWEST_CALL).offset(bindparam("keep"))))


def keep_audit(connection: Connection, entry: AuditEntry) -> int:
    """As `Operations.record_audit`, in a transaction that is under way."""
    return insert_row(connection, audit, asdict(entry))


def _keep_call(connection: Connection, recorded: RecordedCall, keep: int) -> None:
    upsert_row(connection, calls, asdict(recorded), "function", "call")
    connection.execute(_FORGET_OLD_CALLS, {"of_function": recorded.function, "keep": keep})
