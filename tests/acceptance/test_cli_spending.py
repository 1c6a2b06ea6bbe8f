"""What models cost, as a user sees it: measured, written down, refused, and never nothing where nobody knows."""

from contextlib import closing

import pytest

from integrations.llm.fake_ollama import FakeOllama, Rule, Script
from registry import Operations, TaskState

WISH = "how many vowels does a text have"


def test_what_a_task_took_is_shown_by_model_person_task_and_purpose(home, author):
    """Each request is there once, whoever looks; a machine of one's own costs nothing, and that is known."""
    with FakeOllama(Script(rules=author())) as server:
        home.with_(OLLAMA_HOST=server.url).run("run", WISH, "-a", "text=Adele")
    shown = home.json("models", "spending")
    (row,) = shown["rows"]
    assert (row["provider"], row["calls"], row["failed"], row["eur"], row["unpriced"]) == ("ollama", 8, 0, 0.0, 0)
    assert row["tokens"] > 0
    by = {row["purpose"]: row["calls"] for row in home.json("models", "spending", "--by", "purpose")["rows"]}
    assert by == {"match": 1, "specify": 1, "test": 1, "generate": 5}
    ((who,),) = [[row["asked_by"] for row in home.json("models", "spending", "--by", "user")["rows"]]]
    assert who
    (task,) = home.json("models", "spending", "--by", "task")["rows"]
    assert (task["task"], task["calls"]) == (home.json("attempts")[0]["task_id"], 8)
    assert home.json("models", "spending", "--day", "2001-01-01")["rows"] == []
    assert home.json("models", "spending", "--day", "today")["total"]["calls"] == 8
    said = home.run("models", "spending")
    assert "0.00 € for 8 requests, 0 of which failed" in said.stderr
    assert "--day" in home.run("models", "spending", "--help").stdout
    assert "is no day" in home.run("models", "spending", "--day", "soon", code=2).stderr


def test_what_the_gate_said_is_shown_by_model(home, author):
    """Passed and refused candidates count, with what an attempt took; and whether models are chosen by it."""
    with FakeOllama(Script(rules=author(first="eiou"))) as server:
        there = home.with_(OLLAMA_HOST=server.url, KOWAL_CANDIDATES="1")
        there.run("functions", "create", WISH)
        shown = home.json("models", "learned")
        assert shown["on"] is False
        rows = {row["purpose"]: row for row in shown["rows"]}
        assert (rows["generate"]["passed"], rows["generate"]["failed"]) == (0, 1)
        assert (rows["repair"]["passed"], rows["repair"]["failed"]) == (1, 0)
        assert rows["generate"]["chance"] == pytest.approx(1 / 3)
        assert rows["repair"]["seconds"] > 0
        (listed,) = [row for row in there.json("models", "list") if row["model"] == rows["generate"]["model"]]
        assert (listed["passed"], listed["tried"]) == (1, 2)
    assert "learning.on" in home.run("models", "learned").stdout


def test_a_models_speed_is_measured_and_kept(home):
    """By the same request some times; who does not answer is named with the reason."""
    with FakeOllama(Script(rules=(Rule(reply="one, two, three"),))) as server:
        there = home.with_(OLLAMA_HOST=server.url)
        (row,) = there.json("models", "bench", "--runs", "2")
        assert (row["runs"], row["error"], row["cost_eur"]) == (2, "", 0.0)
        assert row["latency_ms"] > 0
        assert row["tokens_per_s"] > 0
        listed = [each for each in there.json("models", "list") if each["model"] == row["model"]]
        assert listed[0]["tokens_per_s"] > 0
        assert there.run("models", "bench", "--model", "nonsense", code=9).stderr.startswith("✗ No model server")
        assert "tokens/s" in there.run("models", "bench", "--runs", "1").stdout
    rows = home.json("models", "spending", "--by", "purpose")["rows"]
    assert [(row["purpose"], row["calls"]) for row in rows] == [("bench", 3)]
    assert "No model server that answers" in home.run("models", "bench", code=9).stderr


def test_a_budget_in_tokens_stops_a_task(home, author):
    """The error says what is used up and what to do; its exit code is that of what somebody has to allow."""
    with FakeOllama(Script(rules=author())) as server:
        there = home.with_(
            OLLAMA_HOST=server.url, KOWAL_BUDGETS__DAY_TOKENS="3000", KOWAL_BUDGETS__LONGEST_REPLY="1000"
        )
        done = there.run("run", WISH, "-a", "text=Adele", code=6)
    assert "✗ The budget of 3,000 tokens for a day: " in done.stderr
    assert "budgets.day_tokens" in done.stderr


def test_a_task_that_a_budget_holds_up_is_allowed_more(home):
    """It says what it waits for and how that is answered; the word has it go on, and stands in the audit."""
    task = home.json("tasks", "submit", "count words")
    with closing(Operations.open(home.folder / "operations.sqlite")) as operations:
        record = operations.tasks.task(task["id"])
        assert operations.tasks.move(record, {"state": TaskState.WAITING, "waits_for": "budget:day"})
    assert "allows once more as much" in home.json("tasks", "show", task["id"])["next"]
    assert home.run("tasks", "approve", task["id"][:8]).stdout == f"Task {task['id'][:8]} is queued\n"
    assert "does not wait for this" in home.run("tasks", "approve", task["id"], code=2).stderr
    assert [row["action"] for row in home.json("audit", "--task", task["id"])] == ["task.approved", "task.asked"]
