"""What people are told in a chat who ask about functions and tasks: from a real registry and database."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.talking.inquiries import MOST_FUNCTIONS, Inquiries, help_of, status_of, task_of
from agent.talking.marking import JOINER
from registry import (
    Function,
    Manifest,
    Operations,
    Registry,
    Run,
    TaskRecord,
    TaskState,
    UnknownFunction,
    Version,
    read_export,
)

LIBRARY = Path(__file__).parents[2] / "functions"
EVIDENCE = {"verdict": {"passed": True, "summary": "9 tests", "checks": [{"check": "green", "evidence": {"tests": 9}}]}}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Inquiries]:
    """An empty registry and an empty database."""
    with Registry.create(tmp_path / "registry.git") as registry:
        operations = Operations.open(tmp_path / "operations.sqlite")
        yield Inquiries(registry=registry, operations=operations)
        operations.close()


def admit(asked: Inquiries, function: Function, by: str = "ewa") -> Version:
    """The function, in production by somebody's word."""
    candidate = asked.registry.add_candidate(function, EVIDENCE)
    version = asked.registry.approve(function.name, candidate.digest, by="gate")
    return asked.registry.promote(function.name, version.version, by=by)


def function(name: str, description: str = "Give it back.", source: str = "") -> Function:
    """A small function."""
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    manifest = Manifest(name=name, description=description, input_schema=schema, output_schema={"type": "integer"})
    return Function(manifest=manifest, source=source or f"def {name}(x: int) -> int:\n    return x\n", tests="")


def task(asked: Inquiries, text: str, by: str = "ewa", **changed: object) -> TaskRecord:
    """A task of somebody's."""
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    facts = {"id": name, "text": text, "request": {}, "asked_by": by, "via": "chat", "created_at": NOON}
    return asked.operations.tasks.add(TaskRecord(**(facts | changed)))


def test_functions_are_listed_and_found(asked):
    """By name, or best first by words; a long list says how many more there are."""
    assert asked.functions("", "en") == "No function fits these words."
    admit(asked, read_export(LIBRARY / "csv_group_sum"))
    admit(asked, read_export(LIBRARY / "days_between"))
    for number in range(MOST_FUNCTIONS):
        admit(asked, function(f"f_{number:02}", f"Do thing {number} for @all."))
    lines = asked.functions("", "en").splitlines()
    assert lines[0] == f"Functions: {MOST_FUNCTIONS + 2}"
    assert lines[1].startswith("• `csv_group_sum` 1.0.0 – `Total a numeric column")
    assert lines[3] == f"• `f_00` 1.0.0 – `Do thing 0 for @{JOINER}all.`"
    assert lines[-1] == "and 2 more: name them with `functions WORDS`"
    assert len(lines) == MOST_FUNCTIONS + 2
    found = asked.functions("suma kwot csv", "pl").splitlines()
    assert found[0].startswith("Funkcje: ")
    assert found[1].startswith("• `csv_group_sum` 1.0.0")
    assert asked.functions("zzz", "pl") == "Żadna funkcja nie pasuje do tych słów."


def test_a_function_is_shown(asked):
    """What it is, what speaks for it, its versions, who approved it, how its calls went."""
    admit(asked, function("f"), by="@all")
    version = admit(asked, function("f", source="def f(x: int) -> int:\n    return x * 1\n"), by="@all")
    for number in range(59):
        call = f"{number:064}"
        asked.operations.record_run(
            Run(task="", function="f", version=version.version, digest=version.digest, commit=version.commit,
                started_at=NOON, seconds=0.1, outcome="ok", call=call)
        )  # fmt: skip
    lines = asked.show("f", "en").splitlines()
    assert lines[:6] == [
        f"**f** {version.version} · in production",
        "does: `Give it back.`",
        "signature: `f(x: int) -> int`",
        "may reach: nothing",
        "packages: none",
        "evidence: 9 tests",
    ]
    assert lines[6] == f"versions: {version.version} (in production), 1.0.0 (approved, not in production)"
    assert re.fullmatch(rf"approved by: `@{JOINER}all`, \d{{4}}-\d\d-\d\d \d\d:\d\d", lines[7])
    assert lines[8] == "success: 59 of 59 distinct calls, at least 95 % (95 % sure)"
    with pytest.raises(UnknownFunction):
        asked.show("gone", "en")


def test_a_function_without_calls_or_approval_says_so(asked):
    """A candidate has no version yet."""
    candidate = asked.registry.add_candidate(function("f"), {})
    lines = asked.show("f", "pl").splitlines()
    assert lines[0] == f"**f** {candidate.digest[:12]} · jeszcze nie zatwierdzona"
    assert lines[-2:] == ["zatwierdzone przez: jeszcze nikogo", "powodzenie: jeszcze bez wywołań"]
    assert "dowody: żadnych nie zapisano" in lines


def test_a_history_is_told_newest_first(asked):
    """When, which version, what it became, by whom, and why."""
    admit(asked, function("f"))
    asked.registry.quarantine("f", by="jan", reason="wrong for @all")
    first, *_, last = asked.history("f", "en").splitlines()[1:]
    assert asked.history("f", "en").splitlines()[0] == "History of `f`:"
    assert first.endswith(f"1.0.0 taken out of use · `jan` · `wrong for @{JOINER}all`")
    assert " 1.0.0 approved, not in production · `gate`" in last
    with pytest.raises(UnknownFunction):
        asked.history("gone", "en")


def test_open_tasks_are_told(asked):
    """Each with what it waits for."""
    assert status_of([], "en") == "You have no open tasks."
    one = task(asked, "count @all words")
    two = task(asked, "older", state=TaskState.WAITING, waits_for="question:7", created_at=NOON - timedelta(hours=1))
    lines = status_of([one, two], "en").splitlines()
    assert lines[0] == "Your open tasks:"
    assert re.fullmatch(rf"• `[0-9a-f]{{8}}` queued – `count @{JOINER}all words`", lines[1])
    assert lines[2].endswith("` waiting for an answer in its thread – `older`")
    assert len(lines) == 3
    assert status_of([one] * 20, "pl").splitlines()[-1] == "i jeszcze 5"


def test_one_task_is_told(asked):
    """How far it has come, what was asked, and why it stands there."""
    one = task(asked, "count words", state=TaskState.PARKED, reason="the model server is away")
    assert task_of(one, "pl").splitlines() == [
        f"Zadanie `{one.id[:8]}`: odłożone",
        "z 2026-11-21 12:00: `count words`",
        "the model server is away",
    ]


def test_help_says_what_can_be_said():
    """Both languages name each command."""
    assert "`rollback NAME 1.0.0`" in help_of("en")
    assert "`cofnij NAZWA 1.0.0`" in help_of("pl")
