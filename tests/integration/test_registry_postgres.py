"""The operational database on a real Postgres: the same rows, and an audit that only grows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from postgres_server import NoPostgres, postgres
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from registry import AuditEntry, ModelCall, Operations, Run, RunCounts, TaskRecord, TaskState
from registry.model_calls import begin_with, spent_with
from registry.reviews import ReviewRecord

ENTRY = AuditEntry(
    at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    actor="ann",
    action="http",
    function="weather",
    version="1.0.0",
    digest="d" * 64,
    run="r1",
    subject="GET https://api.example.org/v1",
    outcome="allowed",
    facts={"bytes": 0},
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of our own, on a socket in a folder of its own."""
    pytest.importorskip("psycopg", reason="no driver for Postgres is installed")
    try:
        with postgres() as running:
            yield running.url()
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
def operations(server: str) -> Iterator[Operations]:
    """The operational database in it."""
    opened = Operations.open(server)
    yield opened
    opened.close()


def test_runs_come_back_as_they_were_given(operations):
    """The migrations make the tables, a second opening finds them, and a row comes back as it went in."""
    run = Run(
        task="count words", function="count_words", version="1.0.0", digest="d" * 64, commit="c" * 40,
        started_at=ENTRY.at, seconds=0.25, outcome="ok", score=0.93,
    )  # fmt: skip
    number = operations.record_run(run)
    assert operations.runs()[0].id == number
    assert operations.runs()[0].started_at == ENTRY.at
    assert operations.run_counts("count_words") == RunCounts(total=1, ok=1)


def test_a_task_is_one_whatever_its_texts_hold(operations):
    """It is taken once, the longest name may be waited for, and what no text of the server holds is said otherwise."""
    now, then = ENTRY.at, list[str]()
    task = TaskRecord(id="a" * 32, text="count", request={}, asked_by="ann", via="test", created_at=now)
    for _ in range(2):
        operations.tasks.add(task, lambda _: then.append("queued"))
    waits_for = f"approval:{'n' * 64}:10.20.30:{'d' * 64}"
    moved = {"state": TaskState.WAITING, "waits_for": waits_for, "reason": "it said \0", "error": {"message": "\0"}}
    assert operations.tasks.move(task, moved)
    assert then == ["queued"]
    found = operations.tasks.task("aaaa")
    assert (found.waits_for, found.reason, found.error) == (waits_for, "it said ␀", {"message": "\0"})
    assert [event.action for event in operations.tasks.events(task.id)] == ["task.taken"]


def test_what_is_set_aside_is_never_more_than_there_is(operations, server):
    """Of threads that each look at what is spent and set something aside, no two see the same sum."""
    call = ModelCall(
        at=ENTRY.at, server="s", provider="p", model="m", purpose="generate", is_local=False, task="t", reserved_eur=0.1
    )

    def one(number: int) -> int:
        with operations.model_calls.alone() as connection:
            if spent_with(connection, task="t").counted_eur > 0.95:
                return 0
            return begin_with(connection, replace(call, asked_by=f"p{number % 3}"))

    with ThreadPoolExecutor(8) as threads:
        numbers = [number for number in threads.map(one, range(40)) if number]
    assert len(numbers) == 10
    assert operations.model_calls.settle(numbers[0], state="done", cost_eur=0.02, tokens_out=5, seconds=0.5)
    assert not operations.model_calls.settle(numbers[0], state="failed")
    ((_, spent),) = operations.model_calls.spent()
    assert (spent.calls, spent.open, spent.eur, spent.set_aside_eur) == (10, 9, 0.02, 0.9)
    assert [call.tokens_out for call in operations.model_calls.of_each(3)] == [5]
    assert operations.model_calls.mean() == {("p", "m", "generate"): (0.02, 0.5)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET outcome = 'refused'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE actor = 'ann'",
        "TRUNCATE audit",
        "INSERT INTO audit SELECT * FROM audit ON CONFLICT (id) DO UPDATE SET actor = 'eve'",
        "MERGE INTO audit USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    ],
)
def test_the_audit_only_grows(operations, server, statement):
    """The database itself refuses to change, to delete and to replace what was written down."""
    operations.record_audit(ENTRY)
    before = operations.audit()
    engine = create_engine(server)
    with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    assert before
    assert operations.audit() == before


def test_of_several_that_end_a_merge_request_one_does(operations):
    """The row comes back as it was given, and moves by compare-and-swap."""
    record = ReviewRecord(
        host="gitlab", source=f"candidate/weather/{ENTRY.digest}", tree="e" * 40, commit="c" * 40, room="12", number=1,
        url="https://gitlab.example.org/r/-/merge_requests/1", kind="candidate", function="weather", version="",
        digest=ENTRY.digest, created_at=ENTRY.at, expires_at=ENTRY.at,
    )  # fmt: skip
    reviews = operations.reviews
    reviews.add(record)
    reviews.add(record)
    assert reviews.under_way("gitlab") == [record]
    assert reviews.of_digest("weather", ENTRY.digest) == record
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda number: reviews.move(record, "done", by=str(number), at=ENTRY.at), range(8)))
    assert moved.count(True) == 1
    assert reviews.under_way("gitlab") == []
    assert reviews.known("gitlab") == {(record.source, record.commit)}
