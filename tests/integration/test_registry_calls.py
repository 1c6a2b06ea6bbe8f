"""Calls and questions in the operational database: counted once each, kept within bounds, answered once."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event

import registry
from registry import (
    AlreadyAnswered,
    CallCounts,
    Difference,
    Function,
    GateCount,
    Manifest,
    Operations,
    QuestionRecord,
    RecordedCall,
    Run,
    RunCounts,
    Status,
    UnknownQuestion,
    Version,
)

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
RUN = Run(
    task="count words",
    function="count_words",
    version="1.0.0",
    digest="d" * 64,
    commit="c" * 40,
    started_at=NOW,
    seconds=0.25,
    outcome="ok",
)
CALL = RecordedCall(
    function="count_words", call="a" * 64, arguments={"text": "a b"}, value=2, version="1.0.0", recorded_at=NOW
)
DIFFERENCE = Difference(function="count_words", old="1.0.0", new="1.1.0", arguments={}, before=None, after=[1])
QUESTION = QuestionRecord(
    task_id="t1",
    task="count the vowels",
    function="count_vowels",
    arguments={"text": "y"},
    choices=[{"value": 0}, {"value": None}, {"raises": True}],
    state={"round": 2, "source": "\ud800"},
    created_at=NOW,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ENDINGS = st.sampled_from([("ok", ""), ("exception", "caller"), ("timeout", "function"), ("exception", "")])


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Operations]:
    """An empty database."""
    operations = Operations.open(tmp_path / "kowal.sqlite")
    yield operations
    operations.close()


def test_a_run_keeps_its_call_and_whose_fault_it_was(operations):
    """The call and the fault come back; a run that says neither has neither."""
    operations.record_run(RUN)
    operations.record_run(replace(RUN, outcome="exception", call="a" * 64, fault="caller"))
    last, first = operations.runs()
    assert (last.call, last.fault) == ("a" * 64, "caller")
    assert (first.call, first.fault) == ("", "")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), ENDINGS), max_size=12), start=st.integers(0, 12))
def test_each_call_counts_once_and_a_failure_outweighs_a_value(operations, made, start):
    """Repeating a call adds nothing, and what is the caller's fault or an unknown call counts nowhere."""
    function = f"f{len(operations.runs(limit=100_000))}"
    ids = [
        operations.record_run(replace(RUN, function=function, call=call, outcome=outcome, fault=fault))
        for call, (outcome, fault) in made
    ]
    operations.record_run(replace(RUN, function=function, call="d", digest="e" * 64))
    operations.record_run(replace(RUN, function="other", call="d"))
    since = ids[min(start, len(ids)) - 1] if start and ids else 0
    counted = [ending for key, ending in zip(ids, made, strict=True) if key > since and ending[0]]
    failed = {call for call, (_, fault) in counted if fault == "function"}
    gave = {call for call, (outcome, _) in counted if outcome == "ok"}
    counts = operations.call_counts(function, "d" * 64, since_id=since)
    assert counts == CallCounts(ok=len(gave - failed), failed=len(failed))


def test_counting_calls_reads_an_index_and_no_run(operations, tmp_path):
    """The question is one statement, answered from the index alone however many runs other functions have."""
    asked = []

    def listen(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", listen)
    operations.call_counts("count_words", "d" * 64)
    event.remove(Engine, "before_cursor_execute", listen)
    ((statement, parameters),) = asked
    db = sqlite3.connect(tmp_path / "kowal.sqlite")
    plan = db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    db.close()
    steps = [step[-1] for step in plan if " runs " in step[-1]]
    assert steps == ["SEARCH runs USING COVERING INDEX runs_by_call (function=? AND digest=?)"]
    assert not [step[-1] for step in plan if "TEMP B-TREE" in step[-1]]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=st.dictionaries(st.text(), JSON, max_size=3), value=JSON)
def test_a_recorded_call_comes_back_as_it_was(operations, arguments, value):
    """Any JSON comes back, null and lone surrogates too; an equal call takes the place of the one before."""
    given_call = replace(CALL, arguments=arguments, value=value)
    operations.record_run(RUN, given_call, keep=5)
    (kept,) = operations.recorded_calls("count_words")
    assert replace(kept, id=None) == given_call
    assert list(kept.arguments) == list(arguments)


def test_only_the_newest_calls_of_a_function_are_kept(operations):
    """Of each function on its own the newest calls stay, newest first; a call that is made again is new again."""
    for number, call in enumerate(["a", "b", "c", "a", "d"]):
        kept = replace(CALL, call=call, value=number, recorded_at=NOW + timedelta(seconds=number))
        operations.record_run(RUN, kept, keep=3)
    operations.record_run(RUN, replace(CALL, function="other"), keep=3)
    assert [(kept.call, kept.value) for kept in operations.recorded_calls("count_words")] == [
        ("d", 4),
        ("a", 3),
        ("c", 2),
    ]
    assert [kept.call for kept in operations.recorded_calls("count_words", limit=1)] == ["d"]
    assert len(operations.recorded_calls("other")) == 1
    operations.record_run(RUN, replace(CALL, call="e"), keep=0)
    assert operations.recorded_calls("count_words") == []


def test_a_run_and_its_call_are_kept_together(operations):
    """One transaction keeps both, within the same bound; without a call only the run is kept."""
    first = operations.record_run(replace(RUN, call=CALL.call), CALL, keep=1)
    operations.record_run(RUN, replace(CALL, call="b", recorded_at=NOW + timedelta(seconds=1)), keep=1)
    operations.record_run(RUN)
    assert operations.runs()[-1].id == first
    assert operations.run_counts("count_words") == RunCounts(total=3, ok=3)
    assert [kept.call for kept in operations.recorded_calls("count_words")] == ["b"]


def test_differences_replace_those_of_the_same_version(operations):
    """Replaying twice tells each difference once; other versions and functions keep theirs."""
    other = replace(DIFFERENCE, new="1.2.0", after={"error": "ValueError: no"})
    operations.keep_differences([DIFFERENCE, DIFFERENCE, other])
    operations.keep_differences([DIFFERENCE, replace(DIFFERENCE, after=2)])
    operations.keep_differences([])
    assert [each.after for each in operations.differences(numbered("1.1.0"))] == [[1], 2]
    assert [replace(each, id=None) for each in operations.differences(numbered("1.2.0"))] == [other]
    assert operations.differences(numbered("1.1.0", name="other")) == []


def test_what_a_candidate_answers_otherwise_is_known_of_the_version_that_it_became(operations):
    """It is kept under the beginning of its digest, and found under its number, too."""
    candidate = numbered("")
    operations.keep_differences([replace(DIFFERENCE, new=candidate.label)])
    assert len(operations.differences(candidate)) == 1
    assert operations.differences(numbered("1.1.0")) == operations.differences(candidate)


def numbered(number: str, name: str = "count_words") -> Version:
    """A version of that number."""
    manifest = Manifest(name=name, description="", input_schema={})
    function = Function(manifest=manifest, source="", tests="")
    return Version(function=function, commit="", status=Status.APPROVED, version=number)


def test_a_question_waits_until_it_is_answered(operations):
    """A question comes back as it was asked, is open until its answer, and keeps what became of it."""
    number, later = operations.ask(QUESTION), operations.ask(replace(QUESTION, function="other"))
    assert operations.question(number) == replace(QUESTION, id=number)
    assert [found.id for found in operations.questions()] == [later, number]
    assert [found.id for found in operations.questions(limit=1)] == [later]
    answered = operations.answer_question(number, {"value": None}, "Ann")
    assert (answered.answer, answered.answered_by, answered.outcome) == ({"value": None}, "Ann", "")
    assert answered.answered_at is not None
    assert answered.answered_at.tzinfo is UTC
    assert [found.id for found in operations.questions()] == [later]
    assert operations.questions(open_only=False)[1] == answered
    operations.settle_question(number, "promoted count_vowels 1.0.0")
    assert operations.question(number) == replace(answered, outcome="promoted count_vowels 1.0.0")


def test_the_first_answer_holds(operations):
    """A second answer is refused with who gave the first and what it was; the first is untouched."""
    number = operations.ask(QUESTION)
    first = operations.answer_question(number, {"value": "ą"}, "Ann")
    with pytest.raises(AlreadyAnswered, match=f'Question {number} was answered by Ann: {{"value": "ą"}}') as caught:
        operations.answer_question(number, {"raises": True}, "Bob")
    assert (caught.value.exit_code, bool(caught.value.advice)) == (5, True)
    assert operations.question(number) == first


def test_of_answers_given_at_once_one_holds(operations):
    """Whoever answers at the same moment: one is told that it holds, the others who was first."""
    number, held, refused = operations.ask(QUESTION), list[str](), list[str]()

    def answer(who: str) -> None:
        try:
            held.append(operations.answer_question(number, {"value": who}, who).answered_by)
        except AlreadyAnswered as error:
            refused.append(str(error))

    threads = [threading.Thread(target=answer, args=(who,)) for who in ("Ann", "Bob", "Eve", "Joe")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held == [operations.question(number).answered_by]
    assert len(refused) == 3
    assert all(f"answered by {held[0]}" in text for text in refused)


@pytest.mark.parametrize("number", [-1, 0, 7, 2**31, 2**63, 10**30])
def test_a_question_nobody_asked_is_an_error_that_says_so(operations, number):
    """Every number without a question is refused alike, for each way to use it, however large it is."""
    uses = (
        operations.question,
        lambda number: operations.answer_question(number, {}, "Ann"),
        lambda number: operations.settle_question(number, "x"),
    )
    for use in uses:
        with pytest.raises(UnknownQuestion, match=f"no question {number}") as caught:
            use(number)
        assert (caught.value.exit_code, "kowal questions" in caught.value.advice) == (5, True)


def test_a_database_of_the_first_release_is_migrated_without_loss(tmp_path):
    """Runs, attempts and confirmed words from before are there, and what is new works beside them."""
    path = tmp_path / "kowal.sqlite"
    config = Config()
    config.set_main_option("script_location", str(Path(registry.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO runs VALUES (7, 'count words', 'count_words', '1.0.0', ?, ?, ?, 0.25, 'ok', '', 'matched',"
            " NULL, 1)",
            ("d" * 64, "c" * 40, "2026-03-01 12:30:00.000000"),
        )
        connection.exec_driver_sql(
            "INSERT INTO attempts VALUES (3, 't1', 1, 'm', 'p', 'generate', 'f', 's', 't', 'r', '{}', 1, 2, 0.5,"
            " '2026-03-01 12:30:00.000000')"
        )
        connection.exec_driver_sql(
            "INSERT INTO attempts VALUES (4, 't1', 2, 'm', 'p', 'generate', 'f', 's', 't', 'r2', '{\"passed\": true}',"
            " 1, 2, 0.5, '2026-03-01 12:30:00.000000')"
        )
        connection.exec_driver_sql("INSERT INTO aliases VALUES ('count it', 'count_words', 'Ann', '2026-03-01')")
    engine.dispose()
    operations = Operations.open(path)
    assert operations.runs() == [replace(RUN, id=7, right=True)]
    assert [attempt.reply for attempt in operations.attempts("t1")] == ["r2", "r"]
    assert operations.gate_counts() == [GateCount(provider="p", model="m", purpose="generate", passed=1, failed=1)]
    assert [(each.text, each.function, each.meant) for each in operations.lessons()] == [
        ("count it", "count_words", True)
    ]
    assert operations.call_counts("count_words", "d" * 64) == CallCounts(ok=0, failed=0)
    assert operations.record_run(replace(RUN, call="a"), CALL, keep=1) == 8
    assert operations.call_counts("count_words", "d" * 64) == CallCounts(ok=1, failed=0)
    operations.close()
